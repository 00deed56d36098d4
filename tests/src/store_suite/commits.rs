//! Committing batches.

use antflow::cluster::graph::{Node, Pull};
use antflow::cluster::store::{Finish, Payload};
use serde_json::json;

use super::bench::{Bench, TTL, behind, commit_of, is_fenced};

/// A batch that is committed again, in the same request, by the same lease or in a later epoch, changes nothing.
pub async fn a_batch_takes_effect_once(bench: Bench) {
    let read = Node::new("b", "s")
        .pull(Pull::from_nodes(["a"]))
        .streaming();
    let run = bench.submit([Node::new("a", "r"), read]).await;
    let first = bench.claim_one("w").await;
    let committed = bench.commit(&first.lease, ["x", "y", "x"]).await;
    assert_eq!((committed.new, committed.last_seq), (2, 2));
    assert_eq!(committed.duplicates, ["x"]);
    assert_eq!(committed.effects.ready[0].node, "b", "it may start");
    let again = bench.commit(&first.lease, ["y", "z"]).await;
    assert_eq!((again.new, again.last_seq), (1, 3));
    assert_eq!(again.duplicates, ["y"]);
    assert!(again.effects.is_empty());
    bench.advance(TTL + TTL).await;
    assert_eq!(bench.store.reap(10).await.unwrap().0.len(), 1);
    let second = bench.claim_one("w").await;
    assert_eq!(second.lease.epoch, 2);
    let late = bench.commit(&second.lease, ["x", "y", "z", "q"]).await;
    assert_eq!((late.new, late.last_seq, late.duplicates.len()), (1, 4, 3));
    let totals = bench.node(&run, "a").await.totals;
    assert_eq!((totals.batches, totals.artifacts), (4, 4));
    assert_eq!(totals.metrics["items"], 8.0);
    let page = bench
        .store
        .read_artifacts(behind(&run, "a", 0))
        .await
        .unwrap();
    let seen: Vec<_> = page
        .artifacts
        .iter()
        .map(|one| (one.seq, one.uid.as_str(), one.epoch))
        .collect();
    assert_eq!(seen, [(1, "x", 1), (2, "y", 1), (3, "z", 1), (4, "q", 2)]);
    let asked = ["q", "none", "x"].map(Into::into).to_vec();
    let there = bench
        .store
        .committed(run.clone(), "a".into(), asked)
        .await
        .unwrap();
    assert_eq!(there, ["q", "x"]);
    let said = bench.said(&run, Some("a")).await;
    assert_eq!(said.iter().filter(|kind| **kind == "batch_ok").count(), 4);
}

/// No write of a lease that is held no more leaves anything behind.
pub async fn whoever_lost_its_lease_is_refused(bench: Bench) {
    let read = Node::new("b", "s")
        .pull(Pull::from_nodes(["a"]))
        .streaming();
    let run = bench.submit([Node::new("a", "r"), read]).await;
    let lost = bench.claim_one("w").await.lease;
    bench.advance(TTL + TTL).await;
    bench.store.reap(10).await.unwrap();
    for again in [false, true] {
        if again {
            bench.claim_one("w").await;
        }
        let before = bench.node(&run, "a").await;
        let mut all = commit_of(&lost, ["x"]);
        all.checkpoint = Some(Payload::default());
        assert!(is_fenced(&bench.store.commit(all).await));
        let saved = Payload::from(&json!(1));
        assert!(is_fenced(
            &bench.store.save_checkpoint(lost.clone(), saved).await
        ));
        assert!(is_fenced(
            &bench.store.finish(lost.clone(), Finish::default()).await
        ));
        let failure = antflow::cluster::protocol::Failure::transient("timeout", "");
        assert!(is_fenced(&bench.store.fail(lost.clone(), failure).await));
        assert!(is_fenced(&bench.store.cancelled(lost.clone()).await));
        assert!(is_fenced(
            &bench.store.release(lost.clone(), "stop".into()).await
        ));
        assert_eq!(bench.node(&run, "a").await, before);
    }
    let reader = bench
        .store
        .read_artifacts(behind(&run, "a", 0))
        .await
        .unwrap();
    assert!(reader.artifacts.is_empty());
}
