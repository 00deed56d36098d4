//! Does a pipeline of many items take much memory?
#![cfg(target_os = "linux")]

use std::pin::pin;
use std::sync::Arc;

use antflow::cluster::Cluster;
use antflow::cluster::bus::InProcessBus;
use antflow::cluster::store::{SqliteOptions, SqliteStore};
use antflow::cluster::worker::memory_usage;
use antflow::{pipeline, stage};
use futures::StreamExt as _;

const ITEMS: u64 = 100_000;
/// A third of what the items have, which would be there several times if they were kept.
const BOUND: u64 = 30 * 1_024 * 1_024;

#[stage(workers = 16)]
async fn measure(text: String) -> usize {
    text.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_items_go_through_a_pipeline_in_flat_memory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cluster.db");
    let store = SqliteStore::open(path, SqliteOptions::default().unsynced());
    let store = Arc::new(store.await.unwrap());
    let cluster = Cluster::of(store, Arc::new(InProcessBus::new()));
    let items = (0..ITEMS).map(|number| "x".repeat(900 + (number % 100) as usize));
    let mut results = pin!(cluster.submit(&pipeline!(measure), items).stream());
    let (mut at_first, mut most, mut count) = (0, 0, 0);
    while let Some(result) = results.next().await {
        assert!(result.unwrap().value.unwrap() >= 900);
        count += 1;
        if count == ITEMS / 10 {
            at_first = memory_usage().expect("this is Linux");
        }
        if count % 1000 == 0 {
            most = most.max(memory_usage().expect("this is Linux"));
        }
    }
    assert_eq!(count, ITEMS);
    let more = most.saturating_sub(at_first);
    assert!(more < BOUND, "{more} bytes more than after the first items");
}
