//! Does the doctor see what real servers are like, and what is wrong with them?

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

use antflow::cluster::graph::{Catalog, Graph, Node};
use antflow::cluster::{Cluster, Diagnosis, Examination, Severity};
use antflow::stage;
use antflow_tests::seconds;
use antflow_tests::servers::{Home, Kafka, Nats, Postgres};

#[stage]
async fn double(number: u64) -> u64 {
    number * 2
}

/// The finding about something.
fn found<'d>(diagnosis: &'d Diagnosis, what: &str) -> &'d antflow::cluster::Finding {
    let found = diagnosis
        .findings
        .iter()
        .find(|finding| finding.what == what);
    found.unwrap_or_else(|| panic!("nothing about `{what}`: {diagnosis:#?}"))
}

fn examination() -> Examination {
    let nodes = [Node::new("n", "Double")];
    let graph = Graph::new(nodes, &Catalog::any()).unwrap();
    Examination::default().graph(graph).patience(seconds(15))
}

/// A cluster with this bus, one worker of which is on it, and another one is not.
async fn of_bus(bus: &str) -> Diagnosis {
    let home = Home::new();
    let file = home.path().join("cluster.db").display().to_string();
    let cluster = Cluster::connect(&file).bus(bus).await.unwrap();
    let there = cluster.worker().role::<double>().build().unwrap();
    let there = there.start().await.unwrap();

    let well = Cluster::connect(&file)
        .bus(bus)
        .diagnose(examination())
        .await;
    assert_ne!(well.severity(), Severity::Problem, "{well:#?}");
    assert_eq!(found(&well, "bus: is heard").severity, Severity::Fine);
    assert_eq!(found(&well, "bus: workers").said, "all 1 answer");
    assert_eq!(found(&well, "role `Double`").severity, Severity::Fine);

    let alone = Cluster::embedded(&file).await.unwrap();
    let elsewhere = alone.worker().role::<double>().build().unwrap();
    let elsewhere = elsewhere.start().await.unwrap();
    let ill = cluster.diagnose(examination().patience(seconds(2))).await;
    let missing = found(&ill, "bus: workers");
    assert_eq!(missing.severity, Severity::Warning);
    assert_eq!(missing.said, format!("no answer from `{}`", elsewhere.id()));
    elsewhere.shutdown().await;
    there.shutdown().await;
    well
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_nats_is_described() {
    let said = of_bus(&Nats::shared().fresh()).await;
    assert!(found(&said, "bus: version").said.starts_with("NATS 2."));
    let streams = said
        .findings
        .iter()
        .filter(|finding| finding.what.contains("stream"));
    assert_eq!(streams.count(), 2, "{said:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_of_kafka_and_the_topics_of_roles_are_described() {
    let said = of_bus(&Kafka::shared().fresh()).await;
    assert_eq!(found(&said, "bus: brokers").said, "1 of Kafka");
    let topics = said
        .findings
        .iter()
        .filter(|finding| finding.what.contains(".Double.v1"));
    assert_eq!(topics.count(), 2, "{said:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_postgres_is_described() {
    // One that keeps what it says, as the shared one does not.
    let server = Postgres::start(&[]);
    let url = server.database();
    let absent = Cluster::connect(&url).existing();
    let said = absent.diagnose(examination()).await;
    let missing = found(&said, "store: reachable");
    assert!(
        missing.said.contains("has not the tables of this version"),
        "{missing:?}"
    );

    let cluster = Cluster::connect(&url).await.unwrap();
    let worker = cluster.worker().role::<double>().build().unwrap();
    let worker = worker.start().await.unwrap();
    let said = Cluster::connect(&url)
        .existing()
        .diagnose(examination())
        .await;
    assert_eq!(said.severity(), Severity::Fine, "{said:#?}");
    assert!(
        found(&said, "store: version")
            .said
            .starts_with("PostgreSQL ")
    );
    assert_eq!(found(&said, "bus: workers").said, "all 1 answer");

    server.psql(
        &url,
        "CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA antflow TO reader;
         GRANT SELECT ON ALL TABLES IN SCHEMA antflow TO reader",
    );
    let other = url.replace("postgres@", "reader@");
    let said = Cluster::connect(&other)
        .existing()
        .diagnose(examination())
        .await;
    let forbidden = found(&said, "store: permissions");
    assert_eq!(forbidden.severity, Severity::Problem, "{said:#?}");
    assert!(forbidden.said.contains("nodes"), "{forbidden:?}");
    worker.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_are_away_are_problems_with_advice() {
    for bus in [
        "nats://127.0.0.1:1?prefix=none",
        "kafka://127.0.0.1:1?prefix=none",
    ] {
        let home = Home::new();
        let file = home.path().join("cluster.db").display().to_string();
        let cluster = Cluster::connect(&file).bus(bus);
        let said = cluster.diagnose(examination().patience(seconds(3))).await;
        let found = found(&said, "bus: reachable");
        assert_eq!(found.severity, Severity::Problem);
        assert!(found.advice.is_some());
    }
}
