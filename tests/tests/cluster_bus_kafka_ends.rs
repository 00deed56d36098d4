//! Does anybody wait for the end of a bus of Kafka, and does it come?

#![allow(clippy::unwrap_used, reason = "a test fails by it, and says where")]

mod kafka;

use std::fs;

use antflow::cluster::bus::{Audience, KafkaBus};
use antflow_tests::millis;
use antflow_tests::servers::Kafka;
use tokio::time::timeout;

use kafka::{group, listen};

/// The threads of this process that belong to buses of Kafka, or to what these are made of.
fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names
        .filter(|name| name.starts_with("antflow-kafka") || name.starts_with("rdk:"))
        .collect()
}

async fn none_is_left() {
    let gone = async {
        while !threads().is_empty() {
            tokio::time::sleep(millis(20)).await;
        }
    };
    assert!(
        timeout(kafka::LONG, gone).await.is_ok(),
        "these threads are left: {:?}",
        threads()
    );
}

/// The one test of this file, as it counts the threads of the whole process.
#[tokio::test]
async fn the_end_happens_elsewhere_and_comes_whether_there_is_a_broker_or_not() {
    let mut kafka = Kafka::start();
    for is_killed in [false, true] {
        let url = kafka.fresh();
        let bus = KafkaBus::connect(&url).await.unwrap();
        let mut member = listen(&bus, group("g")).await;
        let mut each = listen(&bus, Audience::Each).await;
        kafka::say(&bus, "a").await;
        assert_eq!(kafka::heard(&mut member, 1).await, ["a"]);
        assert_eq!(kafka::heard(&mut each, 1).await, ["a"]);
        if is_killed {
            kafka.kill();
        }
        assert!(!threads().is_empty());
        drop(member);
        drop(each);
        drop(bus);
        // It was not waited for: it happens still.
        assert!(!threads().is_empty());
        if is_killed {
            // What was given last may be waiting for a broker to commit it.
            kafka.restart();
        }
        none_is_left().await;
    }
    // A subscription that is given up.
    let bus = KafkaBus::connect(&kafka.fresh()).await.unwrap();
    assert!(timeout(millis(5), listen(&bus, group("g"))).await.is_err());
    drop(bus);
    none_is_left().await;
}
