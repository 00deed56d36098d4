//! What Docker starts finds its files, and its parts find each other.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

#[path = "grafana_support/mod.rs"]
mod support;

use saphyr::YamlOwned;
use support::{grafana, promtool, yaml};

const COMPOSE: &str = "docker-compose.yml";
const PROMETHEUS: &str = "prometheus.yml";
const DATASOURCE: &str = "provisioning/datasources/prometheus.yml";
const PROVIDER: &str = "provisioning/dashboards/antflow.yml";

fn texts(list: &YamlOwned) -> impl Iterator<Item = &str> {
    list.as_sequence()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
}

/// The files and directories that a service sees of those here, and where it sees them.
fn mounts(service: &YamlOwned) -> Vec<(String, String)> {
    let mounts = texts(&service["volumes"]).filter_map(|mount| {
        let mut parts = mount.split(':');
        let (here, there) = (parts.next()?, parts.next()?);
        let here = here.strip_prefix("./")?;
        assert_eq!(parts.next(), Some("ro"), "{mount}");
        Some((here.to_owned(), there.to_owned()))
    });
    mounts.collect()
}

#[test]
fn services_see_files_that_there_are() {
    let compose = yaml(COMPOSE);
    for service in ["prometheus", "grafana"] {
        let mounts = mounts(&compose["services"][service]);
        assert!(!mounts.is_empty());
        for (here, _) in mounts {
            assert!(grafana(&here).exists(), "{here}");
        }
    }
}

#[test]
fn services_are_reached_from_this_machine_only() {
    let compose = yaml(COMPOSE);
    for (_, service) in compose["services"].as_mapping().unwrap() {
        for port in texts(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{port}");
        }
        let (_, version) = service["image"].as_str().unwrap().rsplit_once(':').unwrap();
        assert_ne!(version, "latest");
    }
}

#[test]
fn prometheus_takes_its_configuration_and_the_rules() {
    promtool(["check", "config"], &[PROMETHEUS]);

    let rules = "rules/antflow-*.yml";
    let prometheus = yaml(PROMETHEUS);
    assert_eq!(
        texts(&prometheus["rule_files"]).collect::<Vec<_>>(),
        [rules]
    );
    let compose = yaml(COMPOSE);
    let mounts = mounts(&compose["services"]["prometheus"]);
    let has = |here: &str, there: &str| mounts.contains(&(here.to_owned(), there.to_owned()));
    assert!(has("prometheus.yml", "/etc/prometheus/prometheus.yml"));
    assert!(has("rules", "/etc/prometheus/rules"));
}

#[test]
fn prometheus_scrapes_a_program_on_this_machine() {
    let prometheus = yaml(PROMETHEUS);
    let job = &prometheus["scrape_configs"][0];
    let target = texts(&job["static_configs"][0]["targets"]).next().unwrap();
    assert_eq!(target, "host.docker.internal:9464");
    let compose = yaml(COMPOSE);
    let hosts = texts(&compose["services"]["prometheus"]["extra_hosts"]);
    assert_eq!(
        hosts.collect::<Vec<_>>(),
        ["host.docker.internal:host-gateway"]
    );
}

#[test]
fn grafana_asks_prometheus_in_the_interval_of_the_scrapes() {
    let datasource = &yaml(DATASOURCE)["datasources"][0];
    assert_eq!(datasource["type"].as_str(), Some("prometheus"));
    // The name of the service, and the port on which Prometheus listens.
    assert_eq!(datasource["url"].as_str(), Some("http://prometheus:9090"));
    let prometheus = yaml(PROMETHEUS);
    assert_eq!(
        datasource["jsonData"]["timeInterval"],
        prometheus["global"]["scrape_interval"]
    );
}

#[test]
fn grafana_finds_the_dashboard() {
    let provider = &yaml(PROVIDER)["providers"][0];
    let directory = provider["options"]["path"].as_str().unwrap();
    let compose = yaml(COMPOSE);
    let mounts = mounts(&compose["services"]["grafana"]);
    let there = |here: &str| {
        mounts
            .iter()
            .find(|it| it.0 == here)
            .map(|it| it.1.as_str())
    };
    for dashboard in ["antflow.json", "antflow-cluster.json"] {
        assert_eq!(there(dashboard), Some(&*format!("{directory}/{dashboard}")));
    }
    assert_eq!(there("provisioning"), Some("/etc/grafana/provisioning"));
}
