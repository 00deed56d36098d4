//! How nodes and runs end.

use antflow::cluster::graph::{FanIn, Node, RetryPolicy};
use antflow::cluster::protocol::{Failure, Metrics};
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{CancelRequest, Finish, Lease, StoreError};
use antflow::cluster::vars::VarsOp;
use antflow::cluster::{RunKey, Timestamp};
use serde_json::json;

use super::bench::{Bench, TTL, artifact};
use crate::{millis, seconds};

fn cancel(run: &RunKey, reason: &str) -> CancelRequest {
    CancelRequest {
        run: run.clone(),
        reason: reason.into(),
        grace: Some(seconds(1)),
    }
}

fn transient() -> Failure {
    Failure::transient("timeout", "too slow")
}

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

/// Two parents that finish at once, through two openings of the store, make their child ready once.
pub async fn parents_that_finish_at_once_see_each_other(bench: Bench) {
    for _ in 0..10 {
        let child = Node::new("c", "s")
            .depends_on(["a", "b"])
            .fan_in(FanIn::All);
        let run = bench
            .submit([Node::new("a", "r"), Node::new("b", "r"), child])
            .await;
        let [a, b] = bench.claim("w", ["r"]).await.try_into().unwrap();
        let other = bench.engine.another().await;
        let (a, b) = tokio::join!(
            bench.store.finish(a.lease, Finish::default()),
            other.finish(b.lease, Finish::default()),
        );
        assert_eq!(a.unwrap().ready.len() + b.unwrap().ready.len(), 1);
        let [c] = bench.claim("w", ["s"]).await.try_into().unwrap();
        bench.finish(&c.lease).await;
        assert_eq!(bench.ended(&run).await.0, RunState::Finished);
    }
}

/// Metrics are added, variables changed, artifacts put behind the others: all of it, or nothing.
pub async fn an_end_is_whole_or_not_there(bench: Bench) {
    let run = bench.submit([Node::new("a", "r")]).await;
    let lease = bench.claim_one("w").await.lease;
    bench.commit(&lease, ["x"]).await;
    let before = bench.node(&run, "a").await;
    let incr = |key: &str| VarsOp::Incr {
        key: key.into(),
        by: 2.into(),
    };
    let set = VarsOp::Set([("name".to_owned(), json!("n"))].into_iter().collect());
    let mut finish = Finish {
        metrics: Metrics::from([("items".into(), 1.0)]),
        artifacts: vec![artifact("end")],
        result: None,
        vars: vec![set, incr("count"), incr("name")],
    };
    let refused = bench.store.finish(lease.clone(), finish.clone()).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))));
    finish.vars.pop();
    let mut taken = finish.clone();
    taken.artifacts[0].uid = "x".into();
    let refused = bench.store.finish(lease.clone(), taken).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })));
    assert_eq!(bench.node(&run, "a").await, before);
    assert!(bench.store.run(run.clone()).await.unwrap().vars.is_empty());
    for _ in 0..2 {
        bench
            .store
            .finish(lease.clone(), finish.clone())
            .await
            .unwrap();
        let node = bench.node(&run, "a").await;
        assert_eq!(
            (node.totals.metrics["items"], node.totals.artifacts),
            (3.0, 2)
        );
        let vars = bench.store.run(run.clone()).await.unwrap().vars;
        assert_eq!(json!(vars), json!({ "name": "n", "count": 2 }));
    }
}

/// Deferred until the pause is over, and failed after the last try.
pub async fn a_failure_is_tried_again_until_tries_are_used_up(bench: Bench) {
    let policy = RetryPolicy::default().max(1).backoff(seconds(1));
    let run = bench
        .submit([Node::new("a", "r").retry(policy), Node::new("b", "s")])
        .await;
    let first = bench.claim_one("w").await.lease;
    let failed = bench.store.fail(first.clone(), transient()).await.unwrap();
    let now = bench.store.now().await.unwrap();
    let retry_at = Some(now.after(seconds(1)));
    assert_eq!(
        (failed.state, failed.retry_at),
        (NodeState::Deferred, retry_at)
    );
    assert_eq!(bench.store.next_due().await.unwrap(), retry_at);
    let again = bench.store.fail(first, transient()).await.unwrap();
    assert_eq!(again.retry_at, failed.retry_at, "told twice");
    assert!(bench.claim("w", ["r"]).await.is_empty());
    bench.advance(seconds(1)).await;
    let second = bench.claim_one("w").await;
    assert_eq!((second.lease.epoch, second.record.failures), (2, 1));
    let failed = bench.store.fail(second.lease, transient()).await.unwrap();
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

/// Pauses grow, progress gives new tries, and reasons without a retry end at once.
pub async fn pauses_grow_and_progress_gives_new_tries(bench: Bench) {
    let policy = RetryPolicy::default()
        .max(2)
        .backoff(seconds(1))
        .exponential(seconds(60));
    let run = bench.submit([Node::new("a", "r").retry(policy)]).await;
    for (pause, uid) in [(1, None), (2, None), (1, Some("x")), (1, Some("y"))] {
        let lease = bench.claim_one("w").await.lease;
        if let Some(uid) = uid {
            bench.commit(&lease, [uid]).await;
        }
        let failed = bench.store.fail(lease, transient()).await.unwrap();
        let now = bench.store.now().await.unwrap();
        assert_eq!(failed.retry_at, Some(now.after(seconds(pause))));
        bench.advance(seconds(pause)).await;
    }
    let lease = bench.claim_one("w").await.lease;
    let bad = Failure::transient("bad_input", "no number").in_batch("z".into());
    let failed = bench.store.fail(lease, bad.clone()).await.unwrap();
    assert_eq!((failed.state, failed.retry_at), (NodeState::Failed, None));
    assert_eq!(bench.node(&run, "a").await.last_failure, Some(bad));
}

/// What others run when a node fails is told to end, and is reaped after the grace of the run, however it is extended.
pub async fn a_failing_run_ends_those_that_still_run(bench: Bench) {
    let mut new = antflow::cluster::store::NewRun::new(super::bench::graph([
        Node::new("a", "r").retry(RetryPolicy::never()),
        Node::new("b", "r"),
        Node::new("c", "r").depends_on(["b"]),
    ]));
    new.cancel_grace = seconds(5);
    let run = new.id.clone();
    bench.store.submit(new).await.unwrap();
    let [a, b] = bench.claim("w", ["r"]).await.try_into().unwrap();
    let failed = bench.store.fail(a.lease, transient()).await.unwrap();
    let notice = &failed.effects.cancelling[0];
    assert_eq!((&notice.lease, notice.grace), (&b.lease, seconds(5)));
    assert_eq!(notice.reason, "node a: timeout");
    assert_eq!(bench.ended(&run).await.0, RunState::Failing);
    assert_eq!(bench.state(&run, "c").await, NodeState::Cancelled);
    assert!(bench.claim("x", ["r"]).await.is_empty());
    bench.advance(seconds(5)).await;
    let request = antflow::cluster::store::ExtendRequest {
        worker: "w".into(),
        leases: vec![b.lease.clone()],
        ttl: TTL,
    };
    assert_eq!(
        bench.store.extend(request).await.unwrap().cancelling[0].grace,
        seconds(0)
    );
    assert!(bench.store.reap(9).await.unwrap().0.is_empty(), "not yet");
    bench.advance(millis(1)).await;
    let (reaped, effects) = bench.store.reap(9).await.unwrap();
    assert_eq!(
        (&reaped[0].lease, reaped[0].state),
        (&b.lease, NodeState::Cancelled)
    );
    assert_eq!(effects.ended[&run], RunState::Failed);
    let stored = bench.store.run(run.clone()).await.unwrap();
    assert_eq!(stored.failed_node, Some("a".into()));
    assert_eq!(
        bench.said(&run, Some("b")).await,
        ["task_accepted", "cancelled"]
    );
    assert_eq!(bench.store.next_due().await.unwrap(), None::<Timestamp>);
}

/// Nodes that wait end at once, those that run are told and end by their workers.
pub async fn a_cancelled_run_ends_with_its_nodes(bench: Bench) {
    let nodes = [
        Node::new("a", "r"),
        Node::new("b", "r").depends_on(["a"]),
        Node::input("i"),
    ];
    let run = bench.submit(nodes).await;
    let lease = bench.claim_one("w").await.lease;
    let (state, effects) = bench
        .store
        .cancel(cancel(&run, "user_request"))
        .await
        .unwrap();
    assert_eq!(state, RunState::Cancelling);
    let notice = &effects.cancelling[0];
    assert_eq!((&notice.lease, notice.grace), (&lease, seconds(1)));
    assert_eq!(notice.reason, "user_request");
    for waiting in ["b", "i"] {
        assert_eq!(bench.state(&run, waiting).await, NodeState::Cancelled);
        assert_eq!(bench.said(&run, Some(waiting)).await, ["cancelled"]);
    }
    let (state, effects) = bench.store.cancel(cancel(&run, "another")).await.unwrap();
    assert_eq!((state, effects.is_empty()), (RunState::Cancelling, true));
    let notices = bench.store.cancel_notices("w".into()).await.unwrap();
    assert_eq!((notices.len(), &notices[0].lease), (1, &lease));
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
    let (state, _) = bench.store.cancel(cancel(&run, "again")).await.unwrap();
    assert_eq!(state, RunState::Cancelled);
}

/// A run of which nothing runs, waits or is deferred, ends with the cancellation.
pub async fn a_run_that_nobody_works_on_is_cancelled_at_once(bench: Bench) {
    let policy = RetryPolicy::default().backoff(seconds(9));
    let run = bench
        .submit([Node::new("a", "r").retry(policy), Node::new("b", "s")])
        .await;
    let lease = bench.claim_one("w").await.lease;
    bench.store.fail(lease, transient()).await.unwrap();
    let (state, effects) = bench
        .store
        .cancel(cancel(&run, "user_request"))
        .await
        .unwrap();
    assert_eq!(
        (state, effects.ended[&run]),
        (RunState::Cancelled, RunState::Cancelled)
    );
    bench.advance(seconds(60)).await;
    assert!(bench.claim("w", ["r", "s"]).await.is_empty());
    assert_eq!(bench.store.next_due().await.unwrap(), None);
    assert_eq!(bench.said(&run, None).await, ["run_started", "run_ended"]);
}

/// A node that has to end may finish or fail as well: the run ends as it was told first.
pub async fn a_node_that_has_to_end_ends_in_any_way(bench: Bench) {
    for (way, expected) in [
        ("finish", NodeState::Finished),
        ("retry", NodeState::Cancelled),
        ("fail", NodeState::Failed),
        ("release", NodeState::Cancelled),
    ] {
        let run = bench.submit([Node::new("a", "r")]).await;
        let lease = bench.claim_one("w").await.lease;
        bench
            .store
            .cancel(cancel(&run, "user_request"))
            .await
            .unwrap();
        let effects = end(&bench, way, lease).await;
        assert_eq!(effects.ended[&run], RunState::Cancelled, "{way}");
        assert_eq!(bench.state(&run, "a").await, expected, "{way}");
        let reason = Some("user_request".to_owned());
        assert_eq!(bench.ended(&run).await, (RunState::Cancelled, reason));
    }
}

async fn end(bench: &Bench, way: &str, lease: Lease) -> antflow::cluster::store::Effects {
    let store = &bench.store;
    match way {
        "finish" => bench.finish(&lease).await,
        "retry" => store.fail(lease, transient()).await.unwrap().effects,
        "fail" => {
            let failure = Failure::permanent("bad_input", "");
            store.fail(lease, failure).await.unwrap().effects
        }
        _ => store.release(lease, "stop".into()).await.unwrap(),
    }
}

/// Ready at once for anybody, and no failure is counted.
pub async fn what_is_given_back_is_ready_at_once(bench: Bench) {
    let run = bench.submit([Node::new("a", "r")]).await;
    let lease = bench.claim_one("w").await.lease;
    let refused = bench.store.cancelled(lease.clone()).await;
    assert!(matches!(
        refused,
        Err(StoreError::WrongState {
            state: "running",
            ..
        })
    ));
    let effects = bench
        .store
        .release(lease.clone(), "stop".into())
        .await
        .unwrap();
    assert_eq!(effects.ready[0].node, "a");
    assert!(
        bench
            .store
            .release(lease, "stop".into())
            .await
            .unwrap()
            .is_empty()
    );
    let again = bench.claim_one("x").await;
    assert_eq!((again.lease.epoch, again.record.failures), (2, 0));
    assert_eq!(again.record.interruptions, 0);
    let said = bench.said(&run, Some("a")).await;
    assert_eq!(said, ["task_accepted", "task_released", "task_accepted"]);
}

/// Events of all that can happen have ids of their own, by which repetitions are known.
pub async fn no_two_events_have_the_same_id(bench: Bench) {
    let policy = RetryPolicy::default().backoff(millis(1));
    let nodes = [Node::new("a", "r").retry(policy), Node::new("b", "s")];
    let run = bench.submit(nodes).await;
    for round in 0..2 {
        let lease = bench.claim_one("w").await.lease;
        bench.commit(&lease, [format!("{round}").as_str()]).await;
        bench.store.release(lease, "stop".into()).await.unwrap();
        let lease = bench.claim_one("w").await.lease;
        bench.store.fail(lease, transient()).await.unwrap();
        bench.advance(millis(1)).await;
        bench.claim_one("w").await;
        bench.advance(TTL + TTL).await;
        bench.store.reap(9).await.unwrap();
    }
    bench
        .store
        .cancel(cancel(&run, "user_request"))
        .await
        .unwrap();
    let events = bench.store.events(run.clone(), 0, 100).await.unwrap();
    let ids: std::collections::BTreeSet<_> =
        events.iter().map(|one| &one.envelope.dedup_id).collect();
    assert_eq!(ids.len(), events.len());
    assert!(events.len() > 15);
    let rest = bench.store.events(run, events[3].id, 100).await.unwrap();
    assert_eq!(rest, events[4..]);
}
