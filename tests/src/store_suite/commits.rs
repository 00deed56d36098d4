//! Committing batches.

use antflow::cluster::graph::{Node, Pull, RetryPolicy};
use antflow::cluster::protocol::Failure;
use antflow::cluster::state::NodeState;
use antflow::cluster::store::{
    BatchCommit, CancelRequest, CommitRequest, Finish, Lease, Payload, StoreError,
};
use serde_json::json;

use super::bench::{Bench, TTL, artifact, behind, commit_of, cursor, is_fenced};

/// A node that writes and one that reads it from its first artifact on.
fn pair() -> [Node; 2] {
    let read = Node::new("b", "s")
        .pull(Pull::from_nodes(["a"]))
        .streaming();
    [Node::new("a", "r"), read]
}

fn nothing(lease: &Lease) -> CommitRequest {
    commit_of(lease, [])
}

/// A batch that is committed again, in the same request, by the same lease or in a later epoch, changes nothing.
pub async fn a_batch_takes_effect_once(bench: Bench) {
    let run = bench.submit(pair()).await;
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
    let seen = page
        .artifacts
        .iter()
        .map(|one| (one.seq, one.uid.as_str(), one.epoch));
    let seen: Vec<_> = seen.collect();
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

/// No write of a lease that is held no more leaves anything behind: before and after another has the node.
pub async fn whoever_lost_its_lease_is_refused(bench: Bench) {
    let run = bench.submit(pair()).await;
    let lost = bench.claim_one("w").await.lease;
    bench.advance(TTL + TTL).await;
    bench.store.reap(10).await.unwrap();
    for is_replaced in [false, true] {
        if is_replaced {
            bench.claim_one("w").await;
        }
        let before = bench.node(&run, "a").await;
        let events = bench.said(&run, Some("a")).await;
        refuses_all(&bench, &lost).await;
        assert_eq!(bench.node(&run, "a").await, before);
        assert_eq!(bench.said(&run, Some("a")).await, events);
        assert!(
            bench
                .store
                .batches(run.clone(), "a".into(), None, 9)
                .await
                .unwrap()
                .is_empty()
        );
    }
    let reader = bench
        .store
        .read_artifacts(behind(&run, "a", 0))
        .await
        .unwrap();
    assert!(reader.artifacts.is_empty());
}

async fn refuses_all(bench: &Bench, lost: &Lease) {
    let mut all = commit_of(lost, ["x"]);
    all.checkpoint = Some(Payload::default());
    assert!(is_fenced(&bench.store.commit(all).await));
    assert!(is_fenced(
        &bench
            .store
            .save_checkpoint(lost.clone(), Payload::default())
            .await
    ));
    assert!(is_fenced(
        &bench.store.finish(lost.clone(), Finish::default()).await
    ));
    let failure = Failure::transient("timeout", "");
    assert!(is_fenced(&bench.store.fail(lost.clone(), failure).await));
    assert!(is_fenced(&bench.store.cancelled(lost.clone()).await));
    assert!(is_fenced(
        &bench.store.release(lost.clone(), "stop".into()).await
    ));
}

/// Whoever has ended a node by its own word can only say so again: nothing else is taken from it.
pub async fn after_the_end_nothing_is_written(bench: Bench) {
    let run = bench.submit(pair()).await;
    let lease = bench.claim_one("w").await.lease;
    bench.finish(&lease).await;
    let before = bench.node(&run, "a").await;
    assert!(is_fenced(
        &bench.store.commit(commit_of(&lease, ["x"])).await
    ));
    assert!(is_fenced(
        &bench
            .store
            .save_checkpoint(lease.clone(), Payload::default())
            .await
    ));
    bench.finish(&lease).await;
    assert_eq!(bench.node(&run, "a").await, before);
}

/// One artifact whose id another batch has written undoes the whole commit.
pub async fn a_commit_is_whole_or_not_there(bench: Bench) {
    let run = bench.submit(pair()).await;
    let lease = bench.claim_one("w").await.lease;
    bench.commit(&lease, ["x"]).await;
    let before = bench.node(&run, "a").await;
    let mut request = commit_of(&lease, ["y", "z"]);
    request.batches[1].artifacts.push(artifact("x"));
    request.checkpoint = Some(Payload::default());
    let conflict = bench.store.commit(request).await;
    assert!(matches!(conflict, Err(StoreError::Conflict { what: "artifact", id }) if id == "x"));
    assert_eq!(bench.node(&run, "a").await, before);
    let batches = bench
        .store
        .batches(run.clone(), "a".into(), None, 9)
        .await
        .unwrap();
    assert_eq!(batches.len(), 1);
    assert!(
        bench.store.active_runs(None).await.unwrap()[0]
            .checkpoint
            .is_none()
    );
    assert_eq!(
        bench.said(&run, Some("a")).await,
        ["task_accepted", "batch_ok"]
    );
    assert_eq!(bench.commit(&lease, ["y"]).await.last_seq, 2, "no gap");
}

/// A batch may leave nothing or much; a child starts with the first artifact and not with the first batch.
pub async fn batches_leave_none_or_many_artifacts(bench: Bench) {
    let run = bench.submit(pair()).await;
    let lease = bench.claim_one("w").await.lease;
    let batch = |uid: &str, artifacts: &[&str]| BatchCommit {
        uid: uid.into(),
        artifacts: artifacts.iter().map(|uid| artifact(uid)).collect(),
        metrics: Default::default(),
    };
    let mut request = nothing(&lease);
    request.batches = vec![batch("filtered", &[])];
    let committed = bench.store.commit(request.clone()).await.unwrap();
    assert_eq!((committed.new, committed.last_seq), (1, 0));
    assert_eq!(bench.state(&run, "b").await, NodeState::Queued);
    request.batches = vec![batch("split", &["split.1", "split.2"]), batch("none", &[])];
    let committed = bench.store.commit(request).await.unwrap();
    assert_eq!((committed.new, committed.last_seq), (2, 2));
    assert_eq!(bench.state(&run, "b").await, NodeState::Ready);
    assert_eq!(bench.node(&run, "a").await.totals.batches, 3);
}

/// What is too large, no number, or not to be read is refused, and nothing of it is there.
pub async fn wrong_requests_are_refused(bench: Bench) {
    let run = bench.submit(pair()).await;
    let lease = bench.claim_one("w").await.lease;
    bench.commit(&lease, ["x"]).await;
    let before = bench.node(&run, "a").await;
    let mut request = commit_of(&lease, ["y"]);
    request.batches[0].metrics.insert("ratio".into(), f64::NAN);
    let refused = bench.store.commit(request).await.unwrap_err();
    assert!(
        refused.to_string().contains("`ratio` of batch `y`"),
        "{refused}"
    );
    let mut request = commit_of(&lease, ["y"]);
    request.cursors = vec![cursor("b", 1, 0)];
    let refused = bench.store.commit(request).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))));

    // Stores under test take 4096 bytes.
    let large = Payload::from(&json!("x".repeat(5_000)));
    let mut request = commit_of(&lease, ["y"]);
    request.batches[0].artifacts[0].payload = large.clone();
    let refused = bench.store.commit(request).await;
    assert!(matches!(
        refused,
        Err(StoreError::TooLarge {
            bytes: 5_002,
            limit: 4_096,
            ..
        })
    ));
    let mut request = commit_of(&lease, ["y"]);
    request.batches[0].artifacts[0].meta = [("items".into(), json!("x".repeat(5_000)))]
        .into_iter()
        .collect();
    assert!(matches!(
        bench.store.commit(request).await,
        Err(StoreError::TooLarge { .. })
    ));
    let refused = bench
        .store
        .save_checkpoint(lease.clone(), large.clone())
        .await;
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })));
    let finish = Finish {
        result: Some(large),
        ..Finish::default()
    };
    let refused = bench.store.finish(lease.clone(), finish).await;
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })));
    assert_eq!(bench.node(&run, "a").await, before);
}

/// Kept over epochs, replaced by the next one, gone with the node's end.
pub async fn a_checkpoint_outlives_its_epoch(bench: Bench) {
    let policy = RetryPolicy::default().backoff(std::time::Duration::ZERO);
    let run = bench.submit([Node::new("a", "r").retry(policy)]).await;
    let lease = bench.claim_one("w").await.lease;
    let saved = |number: i32| Payload::from(&json!({ "done": number }));
    bench
        .store
        .save_checkpoint(lease.clone(), saved(1))
        .await
        .unwrap();
    let now = bench.store.now().await.unwrap();
    bench
        .store
        .fail(lease, Failure::transient("timeout", ""))
        .await
        .unwrap();
    let second = bench.claim_one("x").await;
    let checkpoint = second.checkpoint.unwrap();
    assert_eq!(
        (checkpoint.data, checkpoint.epoch, checkpoint.saved_at),
        (saved(1), 1, now)
    );
    assert_eq!(second.record.failures, 1);
    let mut request = nothing(&second.lease);
    request.checkpoint = Some(saved(2));
    bench.store.commit(request).await.unwrap();
    let active = bench.store.active_runs(None).await.unwrap().remove(0);
    let checkpoint = active.checkpoint.unwrap();
    assert_eq!((checkpoint.data, checkpoint.epoch), (saved(2), 2));
    assert_eq!(bench.node(&run, "a").await.failures, 0, "it is progress");
    bench.finish(&second.lease).await;
    assert!(bench.store.active_runs(None).await.unwrap().is_empty());
}

/// What is done is done: a node that has to end still commits, and hears of its end with each answer.
pub async fn a_node_that_has_to_end_still_commits(bench: Bench) {
    let run = bench.submit([Node::new("a", "r")]).await;
    let lease = bench.claim_one("w").await.lease;
    assert!(bench.commit(&lease, ["x"]).await.cancelling.is_none());
    let request = CancelRequest {
        run: run.clone(),
        reason: "user_request".into(),
        grace: None,
    };
    bench.store.cancel(request).await.unwrap();
    let committed = bench.commit(&lease, ["y"]).await;
    assert_eq!((committed.new, committed.last_seq), (1, 2));
    let notice = committed.cancelling.unwrap();
    assert_eq!(
        (notice.lease, notice.reason.as_str()),
        (lease, "user_request")
    );
}

/// Cursors move in the transaction of the commit, by place and offset, and never back.
pub async fn cursors_only_move_on(bench: Bench) {
    bench.submit(pair()).await;
    let writer = bench.claim_one("w").await.lease;
    bench.commit(&writer, ["1", "2", "3"]).await;
    let [reader] = bench.claim("w", ["s"]).await.try_into().unwrap();
    for (seq, offset) in [(1, 2), (1, 1), (2, 0), (1, 9)] {
        let mut request = nothing(&reader.lease);
        request.cursors = vec![cursor("a", seq, offset)];
        bench.store.commit(request).await.unwrap();
    }
    bench
        .store
        .release(reader.lease, "stop".into())
        .await
        .unwrap();
    let [reader] = bench.claim("x", ["s"]).await.try_into().unwrap();
    assert_eq!(reader.cursors, [cursor("a", 2, 0)]);
    // A commit that is refused moves none.
    let mut request = commit_of(&reader.lease, ["z", "q"]);
    request.batches[1].artifacts.push(artifact("z"));
    request.cursors = vec![cursor("a", 3, 0)];
    assert!(bench.store.commit(request).await.is_err());
    bench
        .store
        .release(reader.lease, "stop".into())
        .await
        .unwrap();
    let [reader] = bench.claim("x", ["s"]).await.try_into().unwrap();
    assert_eq!(reader.cursors, [cursor("a", 2, 0)]);
}
