//! Reading artifacts.

use antflow::cluster::graph::{Node, Partition, Pull};
use antflow::cluster::state::NodeState;
use antflow::cluster::store::{Finish, Payload, StoreError};
use serde_json::json;

use super::bench::{Bench, artifact, behind, commit_of};

/// Pages go on behind each other, and the end comes with the source's.
pub async fn they_are_read_in_pages_to_their_end(bench: Bench) {
    let run = bench.submit([Node::new("a", "r")]).await;
    let page = bench
        .store
        .read_artifacts(behind(&run, "a", 0))
        .await
        .unwrap();
    assert_eq!((page.next_after, page.is_end), (0, false));
    let writer = bench.claim_one("w").await.lease;
    bench.commit(&writer, ["1", "2", "3"]).await;
    let mut asks = behind(&run, "a", 0);
    asks.limit = 2;
    let page = bench.store.read_artifacts(asks.clone()).await.unwrap();
    assert_eq!((page.artifacts.len(), page.next_after), (2, 2));
    assert_eq!(page.artifacts[0].payload.as_str(), "{\"from\":\"1\"}");
    let finish = Finish {
        artifacts: vec![artifact("end")],
        result: Some(Payload::from(&json!({ "all": 3 }))),
        ..Finish::default()
    };
    bench.store.finish(writer, finish).await.unwrap();
    let page = bench.store.read_artifacts(asks.clone()).await.unwrap();
    assert!(!page.is_end, "there are two more");
    asks.after_seq = page.next_after;
    let page = bench.store.read_artifacts(asks.clone()).await.unwrap();
    let uids = page.artifacts.iter().map(|one| one.uid.as_str());
    assert_eq!(uids.collect::<Vec<_>>(), ["3", "end"]);
    assert_eq!(
        (page.next_after, page.is_end, page.state),
        (4, true, NodeState::Finished)
    );
    asks.after_seq = 4;
    let page = bench.store.read_artifacts(asks).await.unwrap();
    assert_eq!(
        (page.artifacts.len(), page.next_after, page.is_end),
        (0, 4, true)
    );
    assert_eq!(
        bench.node(&run, "a").await.result.unwrap().as_str(),
        "{\"all\":3}"
    );
    let nowhere = bench.store.read_artifacts(behind(&run, "z", 0)).await;
    assert!(matches!(
        nowhere,
        Err(StoreError::NotFound { what: "node", .. })
    ));
}

/// A page has no more bytes than asked for, but one artifact at least.
pub async fn pages_are_bounded_by_bytes(bench: Bench) {
    let run = bench.submit([Node::new("a", "r")]).await;
    let writer = bench.claim_one("w").await.lease;
    let mut request = commit_of(&writer, ["1", "2", "3"]);
    for batch in &mut request.batches {
        batch.artifacts[0].payload = Payload::from(&json!("x".repeat(998)));
    }
    bench.store.commit(request).await.unwrap();
    for (bytes, given) in [(1, 1), (1_999, 1), (2_010, 2), (9_999, 3)] {
        let mut asks = behind(&run, "a", 0);
        asks.max_bytes = bytes;
        let page = bench.store.read_artifacts(asks).await.unwrap();
        assert_eq!(
            (page.artifacts.len(), page.next_after),
            (given, given as u64),
            "{bytes}"
        );
    }
}

/// Shares have each artifact once, go on behind what they were given, and end with the source.
pub async fn shares_have_each_artifact_once(bench: Bench) {
    let run = bench.submit([Node::new("a", "r")]).await;
    let writer = bench.claim_one("w").await.lease;
    bench
        .commit(&writer, ["1", "2", "3", "4", "5", "6", "7"])
        .await;
    let share = |index: u32, after_seq: u64, limit: u32| {
        let mut asks = behind(&run, "a", after_seq);
        asks.partition = Some(Partition { index, of: 3 });
        asks.limit = limit;
        bench.store.read_artifacts(asks)
    };
    let seqs = |page: &antflow::cluster::store::ArtifactPage| -> Vec<u64> {
        page.artifacts.iter().map(|one| one.seq).collect()
    };
    let page = share(0, 0, 9).await.unwrap();
    assert_eq!(
        (seqs(&page), page.next_after, page.is_end),
        (vec![3, 6], 7, false)
    );
    let page = share(1, 0, 2).await.unwrap();
    assert_eq!((seqs(&page), page.next_after), (vec![1, 4], 4));
    bench.finish(&writer).await;
    let page = share(1, 4, 2).await.unwrap();
    assert_eq!(
        (seqs(&page), page.next_after, page.is_end),
        (vec![7], 7, true)
    );
    let page = share(2, 5, 2).await.unwrap();
    assert_eq!(
        (seqs(&page), page.next_after, page.is_end),
        (vec![], 7, true)
    );
}

/// Whoever reads while the source ends misses nothing, and sees no number before those below it.
pub async fn the_end_of_the_input_is_exact(bench: Bench) {
    const BATCHES: u64 = 60;
    let read = Node::new("b", "s")
        .pull(Pull::from_nodes(["a"]))
        .streaming();
    let run = bench.submit([Node::new("a", "r"), read]).await;
    let writer = bench.claim_one("w").await.lease;
    let readers = [0, 1].map(|_| {
        let asks = behind(&run, "a", 0);
        let engine = bench.engine.another();
        (engine, asks)
    });
    let mut reading = Vec::new();
    for (store, mut asks) in readers {
        let store = store.await;
        reading.push(tokio::spawn(async move {
            asks.limit = 7;
            let mut seen = 0;
            loop {
                let page = store.read_artifacts(asks.clone()).await.unwrap();
                for artifact in &page.artifacts {
                    seen += 1;
                    assert_eq!(artifact.seq, seen);
                }
                assert!(page.next_after >= asks.after_seq);
                asks.after_seq = page.next_after;
                if page.is_end {
                    return seen;
                }
                tokio::task::yield_now().await;
            }
        }));
    }
    for number in 0..BATCHES {
        let uid = number.to_string();
        bench.commit(&writer, [uid.as_str()]).await;
        tokio::task::yield_now().await;
    }
    bench.finish(&writer).await;
    for reader in reading {
        assert_eq!(reader.await.unwrap(), BATCHES);
    }
}
