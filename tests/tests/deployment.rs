//! Do the files of the deployment guide fit together, and to what antflow understands?

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use antflow::cluster::graph::{Catalog, Graph};
use antflow::cluster::worker::WorkerConfig;
use antflow::cluster::{BUS_VARIABLE, CLUSTER_VARIABLE};
use saphyr::{LoadableYamlNode, YamlOwned};

fn deploy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../deploy")
        .join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(deploy(name)).unwrap()
}

fn compose() -> YamlOwned {
    YamlOwned::load_from_str(&text("compose.yaml"))
        .unwrap()
        .remove(0)
}

fn texts(list: &YamlOwned) -> impl Iterator<Item = &str> {
    let items = list.as_sequence().into_iter().flatten();
    items.filter_map(YamlOwned::as_str)
}

#[test]
fn services_see_files_that_there_are_and_are_reached_from_this_machine_only() {
    let compose = compose();
    let services = compose["services"].as_mapping().unwrap();
    let volumes = compose["volumes"].as_mapping().unwrap();
    for (name, service) in services {
        for mount in service
            .as_mapping_get("volumes")
            .into_iter()
            .flat_map(texts)
        {
            let (here, _) = mount.split_once(':').unwrap();
            let is_there = if here.starts_with('.') {
                mount.ends_with(":ro") && deploy(here).exists()
            } else {
                volumes.keys().any(|volume| volume.as_str() == Some(here))
            };
            assert!(is_there, "{name:?}: {mount}");
        }
        for port in service.as_mapping_get("ports").into_iter().flat_map(texts) {
            assert!(port.starts_with("127.0.0.1:"), "{name:?}: {port}");
        }
        if let Some(image) = service.as_mapping_get("image") {
            let (_, version) = image.as_str().unwrap().rsplit_once(':').unwrap();
            assert_ne!(version, "latest");
        }
    }
}

#[test]
fn variables_are_those_that_antflow_reads() {
    let compose = compose();
    let of = |part: &YamlOwned| -> BTreeSet<String> {
        let variables = part.as_mapping().unwrap().keys();
        variables
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    };
    let shared = of(&compose["x-antflow"]["environment"]);
    for needed in [CLUSTER_VARIABLE, BUS_VARIABLE, "METRICS"] {
        assert!(shared.contains(needed), "{needed}");
    }
    let worker = of(&compose["services"]["worker"]["environment"]);
    let settings = worker
        .iter()
        .filter_map(|name| name.strip_prefix("ANTFLOW_WORKER_"));
    let settings: Vec<_> = settings.map(|key| (key.to_lowercase(), "7")).collect();
    assert_eq!(settings.len(), 3);
    let settings: serde_json::Map<_, _> = settings
        .into_iter()
        .map(|(key, value)| (key, value.parse::<u64>().unwrap().into()))
        .collect();
    WorkerConfig::from_value(settings.into()).unwrap();
}

#[test]
fn a_worker_has_the_time_to_drain_before_it_is_killed() {
    let worker = &compose()["services"]["worker"];
    let seconds = |name: &str| worker["environment"][name].as_integer().unwrap();
    let stop = worker["stop_grace_period"].as_str().unwrap();
    let stop: i64 = stop.strip_suffix('s').unwrap().parse().unwrap();
    assert!(
        stop > seconds("ANTFLOW_WORKER_DRAIN_SEC") + seconds("ANTFLOW_WORKER_CANCEL_GRACE_SEC")
    );
}

#[test]
fn the_graph_is_one_of_the_roles_that_the_service_has() {
    let roles = ["Fetch", "CountWords"];
    let graph = Graph::from_json(&text("words.json"), &Catalog::default().with_roles(roles));
    assert_eq!(graph.unwrap().nodes().len(), 3);
}
