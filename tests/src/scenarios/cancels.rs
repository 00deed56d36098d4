//! Cancelling: each way stops what runs, with its reason, and what is cancelled stays cancelled.

use antflow::cluster::graph::{Node, RetryPolicy};
use antflow::cluster::handler::{BatchResult, CancelCause, CancelReason};
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{CancelRequest, Offer, ResumeRequest};
use antflow::cluster::worker::WorkerConfig;
use antflow::{BoxError, Cancelled};
use serde_json::Map;

use super::ground::{Ground, leasing, patient, worker};
use super::probe::{a_while, request, until};
use crate::worker_bench::{Planned, ROLE, Scripted, node};
use crate::{Log, millis, seconds, within};

/// A handler that waits to be cancelled, and writes down why it was.
fn waits(reasons: &Log<CancelReason>) -> Scripted {
    let reasons = reasons.clone();
    Scripted::counting(1).works(move |_, ctx| {
        let reasons = reasons.clone();
        async move {
            ctx.cancelled().await;
            reasons.push(ctx.cancel_reason().expect("it is cancelled"));
            Err(Cancelled.into())
        }
    })
}

fn causes(reasons: &Log<CancelReason>) -> Vec<(CancelCause, String)> {
    let reasons = reasons.entries().into_iter();
    reasons.map(|one| (one.cause, one.reason)).collect()
}

/// C5: a signal on the bus stops a run whose worker would look into the store much later.
pub async fn a_signal_stops_a_run_before_a_look_would(ground: Ground) {
    let reasons = Log::new();
    let config = WorkerConfig {
        cancel_poll: seconds(3_000),
        hb_interval: seconds(15),
        ..patient("w")
    };
    let worker = worker(&ground.cluster().await, config, &waits(&reasons)).await;
    let run = ground.view().submit([node("n")]).await;
    ground.view().reaches(&run, "n", NodeState::Running).await;
    until(async || worker.stats().active == 1).await;
    // The grace is longer than the test may take.
    ground
        .own()
        .cancel_within(&run, "enough", seconds(300))
        .await
        .unwrap();
    assert_eq!(ground.view().ended(&run).await, RunState::Cancelled);
    assert_eq!(
        causes(&reasons),
        [(CancelCause::Signal, "enough".to_owned())]
    );
    worker.shutdown().await;
}

/// C5: a flag in the store stops a run of which nothing is said on the bus.
pub async fn a_flag_in_the_store_stops_a_run_without_the_bus(ground: Ground) {
    let reasons = Log::new();
    let worker = ground.worker("w", &waits(&reasons)).await;
    let run = ground.view().submit([node("n")]).await;
    ground.view().reaches(&run, "n", NodeState::Running).await;
    let request = CancelRequest {
        run: run.clone(),
        reason: "enough".into(),
        grace: Some(seconds(300)),
    };
    drop(ground.store().cancel(request).await.unwrap());
    assert_eq!(ground.view().ended(&run).await, RunState::Cancelled);
    assert_eq!(causes(&reasons), [(CancelCause::Flag, "enough".to_owned())]);
    worker.shutdown().await;
}

/// C5: a worker whose lease another one has taken stops its run and writes nothing more; one that cannot extend its
/// lease stops when it is over.
pub async fn a_lease_that_is_lost_or_over_stops_its_run(ground: Ground) {
    let reasons = Log::new();
    let faulty = ground.faulty().await;
    let first = worker(&faulty.cluster, patient("w"), &waits(&reasons)).await;
    let run = ground.view().submit([node("n")]).await;
    ground.view().reaches(&run, "n", NodeState::Running).await;
    until(async || first.stats().active == 1).await;
    let thief = ResumeRequest {
        worker: "w".into(),
        offers: vec![Offer {
            role: ROLE.into(),
            fingerprint: None,
        }],
        ttl: seconds(60),
    };
    let (resumed, _) = ground.store().resume(thief).await.unwrap();
    until(async || first.stats().lost == 1).await;
    assert_eq!(reasons.entries()[0].cause, CancelCause::LeaseLost);
    let asked = ["fail", "release", "finish", "cancelled", "commit"];
    assert_eq!(asked.map(|operation| faulty.store.asked(operation)), [0; 5]);
    let record = ground.view().node(&run, "n").await;
    assert_eq!(record.held_lease().as_ref(), Some(&resumed[0].lease));
    first.shutdown().await;

    let reasons = Log::new();
    let other = node("other");
    let second = worker(&faulty.cluster, leasing("v", millis(800)), &waits(&reasons)).await;
    let run = ground.view().submit([other]).await;
    ground
        .view()
        .reaches(&run, "other", NodeState::Running)
        .await;
    faulty.store.refuse("extend", u64::MAX);
    faulty.store.refuse("release", u64::MAX);
    until(async || second.stats().lost == 1).await;
    assert_eq!(reasons.entries()[0].cause, CancelCause::LeaseExpired);
    within(second.shutdown()).await;
}

/// C5: a worker that shuts down gives back what it has, says why, and another one takes it at once.
pub async fn a_worker_that_shuts_down_gives_back_what_it_has(ground: Ground) {
    let reasons = Log::new();
    let first = ground.worker("a", &waits(&reasons)).await;
    let run = ground.view().submit([node("n")]).await;
    ground.view().reaches(&run, "n", NodeState::Running).await;
    until(async || first.stats().active == 1).await;
    within(first.shutdown()).await;
    let cause = (CancelCause::Shutdown, "the worker shuts down".to_owned());
    assert_eq!(causes(&reasons), [cause]);
    let record = ground.view().node(&run, "n").await;
    assert_eq!(
        (record.state, record.failures, record.interruptions),
        (NodeState::Ready, 0, 0)
    );
    let second = ground.worker("b", &Scripted::counting(1)).await;
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    second.shutdown().await;
}

/// C5: a handler that does not care that it is cancelled is cut off when its grace is over, and cleaned up.
pub async fn a_handler_that_does_not_care_is_cut_off_at_its_grace(ground: Ground) {
    let stubborn = Scripted::counting(1).works(|_, _| std::future::pending());
    let coordinator = ground.coordinator("c").await;
    let worker = ground.worker("w", &stubborn).await;
    let run = ground.view().submit([node("n")]).await;
    ground.view().reaches(&run, "n", NodeState::Running).await;
    until(async || stubborn.times("b0") == 1).await;
    let asked = ground.store().now().await.unwrap();
    let grace = millis(600);
    ground
        .own()
        .cancel_within(&run, "enough", grace)
        .await
        .unwrap();
    assert_eq!(ground.view().ended(&run).await, RunState::Cancelled);
    let ended = ground.view().run(&run).await.ended_at.unwrap();
    // The store's milliseconds are whole.
    assert!(ended.since(asked) + millis(5) >= grace);
    until(async || stubborn.times("cleanup") == 1).await;
    worker.shutdown().await;
    coordinator.shutdown().await;
}

/// C13: of a run that is cancelled all nodes end cancelled, whether they ran, waited for a retry, for a worker, for
/// input or for others, and none begins another epoch.
pub async fn nodes_that_run_wait_or_never_started_all_end_cancelled(ground: Ground) {
    let coordinator = ground.coordinator("c").await;
    let handler = Scripted::counting(1).works(|batch, ctx| async move {
        match ctx.info().node.as_str() {
            "runs" => {
                ctx.cancelled().await;
                Err(Cancelled.into())
            }
            "fails" => Err(BoxError::from(Planned {
                code: "broken",
                permanent: false,
            })),
            _ => Ok(BatchResult::new(batch.payload)),
        }
    });
    let worker = ground.worker("w", &handler).await;
    let retry = RetryPolicy::default().backoff(seconds(1));
    let nodes = [
        node("runs"),
        node("fails").retry(retry.clone()),
        node("never").depends_on(["runs"]),
        Node::new("waits", "nobody"),
        Node::input("open"),
        Node::function("later", "noop", Map::new()).depends_on(["runs"]),
    ];
    let run = ground.view().submit(nodes).await;
    ground
        .view()
        .reaches(&run, "runs", NodeState::Running)
        .await;
    ground
        .view()
        .reaches(&run, "fails", NodeState::Deferred)
        .await;
    ground.own().cancel(&run, "not needed").await.unwrap();
    let ended = within(ground.own().wait(&run)).await.unwrap();
    assert_eq!(ended.run.state, RunState::Cancelled);
    assert_eq!(ended.run.reason.as_deref(), Some("not needed"));
    // Beyond the pause of the node that would be tried again.
    tokio::time::sleep(seconds(1)).await;
    a_while().await;
    let after = ground.own().status(&run).await.unwrap();
    assert_eq!(after, ended, "nothing starts again");
    for node in &after.nodes {
        assert_eq!(node.state, NodeState::Cancelled, "{}", node.id);
        assert_eq!(node.cancel_reason.as_deref(), Some("not needed"));
        let has_run = ["runs", "fails"].contains(&node.id.as_str());
        assert_eq!(node.epoch, u64::from(has_run), "{}", node.id);
    }
    let again = ground.own().cancel(&run, "again").await.unwrap();
    assert_eq!(again, RunState::Cancelled);
    worker.shutdown().await;
    coordinator.shutdown().await;
}

/// C13: a node whose worker is lost is cancelled when the grace is over, and is not given to another one.
pub async fn a_node_whose_worker_is_lost_is_cancelled_at_the_grace(ground: Ground) {
    let coordinator = ground.coordinator("c").await;
    let run = ground
        .view()
        .submit([node("n"), node("next").depends_on(["n"])])
        .await;
    let given = ground
        .store()
        .claim(request("lost", seconds(300)))
        .await
        .unwrap();
    assert_eq!(given.len(), 1);
    let spare = ground.worker("spare", &Scripted::counting(1)).await;
    ground
        .own()
        .cancel_within(&run, "enough", millis(300))
        .await
        .unwrap();
    assert_eq!(ground.view().ended(&run).await, RunState::Cancelled);
    let epochs = [
        ground.view().node(&run, "n").await.epoch,
        ground.view().node(&run, "next").await.epoch,
    ];
    assert_eq!(epochs, [1, 0]);
    assert_eq!(spare.stats().claimed, 0);
    spare.shutdown().await;
    coordinator.shutdown().await;
}
