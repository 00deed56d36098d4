//! Retries: as many and as late as the policy says.

use antflow::BoxError;
use antflow::cluster::graph::RetryPolicy;
use antflow::cluster::handler::BatchResult;
use antflow::cluster::state::{NodeState, RunState};

use super::ground::Ground;
use crate::worker_bench::{Planned, Scripted, node};
use crate::{millis, seconds};

/// Fails in its second batch with this code in each epoch up to this one.
fn fails(code: &'static str, epochs: u64) -> Scripted {
    Scripted::counting(3).works(move |batch, ctx| async move {
        if batch.payload == 1 && ctx.info().epoch <= epochs {
            return Err(BoxError::from(Planned {
                code,
                permanent: false,
            }));
        }
        Ok(BatchResult::new(batch.payload).metric("count", 1.0))
    })
}

/// C14: retries end after as many as the policy says, none comes before its pause is over, and the reason is that of
/// the last one.
pub async fn retries_end_after_as_many_as_the_policy_says(ground: Ground) {
    let pause = millis(300);
    let coordinator = ground.coordinator("c").await;
    let worker = ground.worker("w", &fails("flaky", 100)).await;
    let policy = RetryPolicy::default().backoff(pause).max(2);
    let run = ground.view().submit([node("n").retry(policy)]).await;
    assert_eq!(ground.view().ended(&run).await, RunState::Failed);
    let reason = ground.view().run(&run).await.reason;
    assert_eq!(reason.as_deref(), Some("node n: flaky"));
    let events = ground.own().events(&run, 0, 100).await.unwrap();
    let when = |kind: &'static str| {
        let of_kind = events
            .iter()
            .filter(move |event| event.envelope.message.kind() == kind);
        of_kind.map(|event| event.envelope.at)
    };
    let accepted: Vec<_> = when("task_accepted").collect();
    assert_eq!(accepted.len(), 3, "one attempt, and two retries");
    for (deferred, accepted) in when("task_deferred").zip(&accepted[1..]) {
        assert!(accepted.since(deferred) >= pause);
    }
    // Batch 0 was done by the first attempt: the second failure is the first one without progress, and so on.
    let node = ground.view().node(&run, "n").await;
    assert_eq!((node.epoch, node.failures, node.totals.batches), (3, 3, 1));
    worker.shutdown().await;
    coordinator.shutdown().await;
}

/// C14: a reason that is permanent is not tried again, and what comes after is cancelled.
pub async fn a_permanent_reason_is_not_retried_and_what_comes_after_is_cancelled(ground: Ground) {
    let coordinator = ground.coordinator("c").await;
    let worker = ground.worker("w", &fails("bad_input", 100)).await;
    let nodes = [node("n"), node("after").depends_on(["n"])];
    let run = ground.view().submit(nodes).await;
    assert_eq!(ground.view().ended(&run).await, RunState::Failed);
    let (failed, after) = (
        ground.view().node(&run, "n").await,
        ground.view().node(&run, "after").await,
    );
    assert_eq!((failed.epoch, failed.state), (1, NodeState::Failed));
    assert_eq!((after.epoch, after.state), (0, NodeState::Cancelled));
    worker.shutdown().await;
    coordinator.shutdown().await;
}

/// C14: what the batches of a node report is counted once over all its attempts.
pub async fn the_numbers_of_batches_are_counted_once_over_all_attempts(ground: Ground) {
    let worker = ground.worker("w", &fails("flaky", 2)).await;
    let policy = RetryPolicy::default().backoff(millis(50)).max(5);
    let policy = policy.exponential(seconds(1));
    let run = ground.view().submit([node("n").retry(policy)]).await;
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    let node = ground.view().node(&run, "n").await;
    assert_eq!((node.epoch, node.totals.batches), (3, 3));
    assert_eq!(node.totals.metrics["count"], 3.0);
    worker.shutdown().await;
}
