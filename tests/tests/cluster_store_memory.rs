//! Does submitting much take much memory?
#![cfg(target_os = "linux")]

use antflow::cluster::graph::{Catalog, Graph, Node, Pull};
use antflow::cluster::store::{
    NewArtifact, NewRun, Payload, QueryStore, ReadRequest, SqliteOptions, SqliteStore, SteerStore,
    WorkStore,
};
use serde_json::json;

const ITEMS: u64 = 100_000;
const CHUNK: u64 = 1_000;
/// Half of what the items have, which would be there twice if they were kept.
const BOUND: u64 = 25 * 1_024 * 1_024;

/// The memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kilobytes: u64 = kilobytes
        .and_then(|text| text.parse().ok())
        .expect("a number");
    kilobytes * 1_024
}

fn item(number: u64) -> NewArtifact {
    NewArtifact {
        uid: format!("item-{number}").as_str().into(),
        payload: Payload::from(&json!({ "number": number, "text": "x".repeat(500) })),
        meta: Default::default(),
    }
}

#[tokio::test]
async fn a_hundred_thousand_items_are_submitted_and_read_in_flat_memory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cluster.db");
    let store = SqliteStore::open(path, SqliteOptions::default().unsynced());
    let store = store.await.unwrap();
    let read = Node::new("read", "r")
        .pull(Pull::from_nodes(["items"]))
        .streaming();
    let graph = Graph::new([Node::input("items"), read], &Catalog::any()).unwrap();
    let run = store.submit(NewRun::new(graph)).await.unwrap().run;
    let mut at_first = 0;
    for start in (0..ITEMS).step_by(CHUNK as usize) {
        let items = (start..start + CHUNK).map(item).collect();
        let appended = store.append_input(run.clone(), "items".into(), items).await;
        assert_eq!(appended.unwrap().last_seq, start + CHUNK);
        if start == 10 * CHUNK {
            at_first = resident();
        }
    }
    drop(
        store
            .close_input(run.clone(), "items".into())
            .await
            .unwrap(),
    );
    let mut asks = ReadRequest {
        run: run.clone(),
        source: "items".into(),
        after_seq: 0,
        partition: None,
        limit: 1_000,
        max_bytes: 1 << 20,
    };
    let mut read = 0;
    loop {
        let page = store.read_artifacts(asks.clone()).await.unwrap();
        read += page.artifacts.len() as u64;
        asks.after_seq = page.next_after;
        if page.is_end {
            break;
        }
    }
    assert_eq!(read, ITEMS);
    let node = store.node(run, "items".into()).await.unwrap();
    assert_eq!(node.totals.artifacts, ITEMS);
    let more = resident().saturating_sub(at_first);
    assert!(more < BOUND, "{more} bytes more than after the first items");
}
