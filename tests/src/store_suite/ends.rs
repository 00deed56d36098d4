//! How nodes and runs end.

use std::time::Duration;

use antflow::cluster::graph::{Node, RetryPolicy};
use antflow::cluster::protocol::Failure;
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{CancelRequest, ExtendRequest, ResumeRequest};

use super::bench::{Bench, TTL, is_fenced, offers};

const SECOND: Duration = Duration::from_secs(1);

/// Children become ready with the end of their parents, and the run ends with its last node.
pub async fn the_last_end_ends_the_run(bench: Bench) {
    let run = bench
        .submit([Node::new("a", "r"), Node::new("b", "r").depends_on(["a"])])
        .await;
    let first = bench.claim_one("w").await.lease;
    let effects = bench.finish(&first).await;
    assert_eq!(effects.ready[0].node, "b");
    assert!(bench.finish(&first).await.is_empty(), "told twice");
    let second = bench.claim_one("w").await.lease;
    let effects = bench.finish(&second).await;
    assert_eq!(effects.ended[&run], RunState::Finished);
    assert_eq!(bench.ended(&run).await, (RunState::Finished, None));
    assert_eq!(
        bench.said(&run, Some("b")).await,
        ["task_accepted", "task_done"]
    );
    assert_eq!(bench.said(&run, None).await, ["run_started", "run_ended"]);
}

/// Deferred until the pause is over, and failed after the last try.
pub async fn a_failure_is_tried_again_until_tries_are_used_up(bench: Bench) {
    let policy = RetryPolicy::default().max(1).backoff(SECOND);
    let run = bench
        .submit([Node::new("a", "r").retry(policy), Node::new("b", "s")])
        .await;
    let first = bench.claim_one("w").await.lease;
    let failure = || Failure::transient("timeout", "too slow");
    let failed = bench.store.fail(first.clone(), failure()).await.unwrap();
    let now = bench.store.now().await.unwrap();
    assert_eq!(
        (failed.state, failed.retry_at),
        (NodeState::Deferred, Some(now.after(SECOND)))
    );
    assert_eq!(
        bench.store.next_due().await.unwrap(),
        Some(now.after(SECOND))
    );
    let again = bench.store.fail(first, failure()).await.unwrap();
    assert_eq!(again.retry_at, failed.retry_at, "told twice");
    assert!(bench.claim("w", ["r"]).await.is_empty());
    bench.advance(SECOND).await;
    let second = bench.claim_one("w").await;
    assert_eq!((second.lease.epoch, second.record.failures), (2, 1));
    let failed = bench.store.fail(second.lease, failure()).await.unwrap();
    assert_eq!(failed.state, NodeState::Failed);
    assert_eq!(failed.effects.ended[&run], RunState::Failed);
    let reason = Some("node a: timeout".to_owned());
    assert_eq!(bench.ended(&run).await, (RunState::Failed, reason));
    assert_eq!(bench.state(&run, "b").await, NodeState::Cancelled);
    let said = bench.said(&run, Some("a")).await;
    assert_eq!(
        said,
        [
            "task_accepted",
            "task_deferred",
            "task_accepted",
            "task_failed"
        ]
    );
    assert_eq!(bench.said(&run, Some("b")).await, ["cancelled"]);
}

/// Nodes that wait end at once, those that run are told and end by their workers.
pub async fn a_cancelled_run_ends_with_its_nodes(bench: Bench) {
    let run = bench
        .submit([
            Node::new("a", "r"),
            Node::new("b", "r").depends_on(["a"]),
            Node::input("i"),
        ])
        .await;
    let lease = bench.claim_one("w").await.lease;
    let request = |reason: &str| CancelRequest {
        run: run.clone(),
        reason: reason.into(),
        grace: Some(SECOND),
    };
    let (state, effects) = bench.store.cancel(request("user_request")).await.unwrap();
    assert_eq!(state, RunState::Cancelling);
    let notice = &effects.cancelling[0];
    assert_eq!(
        (&notice.lease, &*notice.reason, notice.grace),
        (&lease, "user_request", SECOND)
    );
    for waiting in ["b", "i"] {
        assert_eq!(bench.state(&run, waiting).await, NodeState::Cancelled);
    }
    let (state, effects) = bench.store.cancel(request("another")).await.unwrap();
    assert_eq!((state, effects.is_empty()), (RunState::Cancelling, true));
    let extended = bench
        .store
        .extend(ExtendRequest {
            worker: "w".into(),
            leases: vec![lease.clone()],
            ttl: TTL,
        })
        .await
        .unwrap();
    assert_eq!(extended.cancelling.len(), 1);
    assert_eq!(
        bench.store.cancel_notices("w".into()).await.unwrap(),
        extended.cancelling
    );
    let effects = bench.store.cancelled(lease.clone()).await.unwrap();
    assert_eq!(effects.ended[&run], RunState::Cancelled);
    assert!(
        bench.store.cancelled(lease).await.unwrap().is_empty(),
        "told twice"
    );
    let reason = Some("user_request".to_owned());
    assert_eq!(bench.ended(&run).await, (RunState::Cancelled, reason));
    assert_eq!(
        bench.said(&run, Some("a")).await,
        ["task_accepted", "cancelled"]
    );
}

/// Reaped after its deadline and not at it, shut out, and claimed in the next epoch.
pub async fn a_lease_that_nobody_extends_is_reaped(bench: Bench) {
    let run = bench
        .submit([Node::new("a", "r"), Node::new("b", "r")])
        .await;
    let [lost, kept] = bench.claim("w", ["r"]).await.try_into().unwrap();
    bench.advance(TTL).await;
    assert!(bench.store.reap(10).await.unwrap().0.is_empty(), "not yet");
    let request = ExtendRequest {
        worker: "w".into(),
        leases: vec![kept.lease.clone()],
        ttl: TTL,
    };
    bench.store.extend(request).await.unwrap();
    bench.advance(Duration::from_millis(1)).await;
    let now = bench.store.now().await.unwrap();
    assert_eq!(bench.store.next_due().await.unwrap(), Some(now));
    let (reaped, effects) = bench.store.reap(10).await.unwrap();
    assert_eq!(
        (&reaped[0].lease, reaped[0].state),
        (&lost.lease, NodeState::Ready)
    );
    assert_eq!((reaped.len(), effects.ready[0].node.as_str()), (1, "a"));
    let request = ExtendRequest {
        worker: "w".into(),
        leases: vec![lost.lease.clone(), kept.lease],
        ttl: TTL,
    };
    let extended = bench.store.extend(request).await.unwrap();
    assert_eq!(extended.lost, [lost.lease]);
    let again = bench.claim_one("x").await;
    assert_eq!((again.lease.epoch, again.record.interruptions), (2, 1));
    let said = bench.said(&run, Some("a")).await;
    assert_eq!(said, ["task_accepted", "lease_expired", "task_accepted"]);
}

/// The same epoch, a new lease; what it can do no more is given back.
pub async fn a_worker_that_starts_again_goes_on_in_its_epoch(bench: Bench) {
    let run = bench
        .submit([Node::new("a", "r"), Node::new("b", "s")])
        .await;
    let [a, b] = bench.claim("w", ["r", "s"]).await.try_into().unwrap();
    bench.commit(&a.lease, ["x"]).await;
    let request = ResumeRequest {
        worker: "w".into(),
        offers: offers(["r"]),
        ttl: TTL,
    };
    let (given, effects) = bench.store.resume(request).await.unwrap();
    assert_eq!(given.len(), 1);
    assert_eq!(
        (given[0].lease.node.as_str(), given[0].lease.epoch),
        ("a", 1)
    );
    assert_ne!(given[0].lease.id, a.lease.id);
    assert_eq!(given[0].record.totals.batches, 1);
    assert_eq!(effects.ready[0].node, "b");
    assert!(is_fenced(
        &bench
            .store
            .commit(super::bench::commit_of(&a.lease, ["y"]))
            .await
    ));
    assert!(is_fenced(
        &bench.store.finish(b.lease, Default::default()).await
    ));
    bench.commit(&given[0].lease, ["y"]).await;
    assert_eq!(
        bench.said(&run, Some("a")).await,
        ["task_accepted", "batch_ok", "task_resumed", "batch_ok"]
    );
    assert_eq!(
        bench.said(&run, Some("b")).await,
        ["task_accepted", "task_released"]
    );
}
