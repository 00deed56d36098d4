//! Checkpoints, and workers that start again.

use antflow::cluster::handler::BatchResult;
use antflow::cluster::state::{NodeState, RunState};
use serde_json::json;

use super::ground::{Ground, leasing, worker};
use super::probe::{Gates, counted};
use crate::seconds;
use crate::worker_bench::{Scripted, node};

/// A handler that begins behind its checkpoint, and saves one with each batch.
fn resuming(batches: u64, gates: &Gates) -> Scripted {
    let gates = gates.clone();
    Scripted::default()
        .makes(move |ctx| {
            let from: Option<u64> = ctx.checkpoint().expect("it is a number");
            let numbers = from.unwrap_or_default()..batches;
            numbers.map(|n| (format!("b{n}"), json!(n))).collect()
        })
        .works(move |batch, _| {
            let gates = gates.clone();
            async move {
                let n = batch.payload.as_u64().expect("it is a number");
                gates.pass(&n.to_string()).await;
                Ok(BatchResult::new(batch.payload).checkpoint(&(n + 1))?)
            }
        })
}

/// C3: a worker that died and starts again under its id goes on behind its checkpoint, in the same epoch, with no
/// batch lost or doubled.
pub async fn a_worker_that_died_and_starts_again_goes_on_in_the_same_epoch(ground: Ground) {
    let gates = Gates::default();
    let coordinator = ground.coordinator("c").await;
    let first = ground.worker("w", &resuming(6, &gates)).await;
    let run = ground.view().submit([node("n")]).await;
    for n in 0..3 {
        gates.open(&n.to_string());
    }
    ground
        .view()
        .wait_for(&run, "n", |node| node.totals.batches == 3)
        .await;
    let old = ground.view().node(&run, "n").await.lease.unwrap().id;
    // As if its process had died.
    drop(first);

    let handler = resuming(6, &gates);
    let second = ground.worker("w", &handler).await;
    for n in 3..6 {
        gates.open(&n.to_string());
    }
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    assert_eq!(
        handler.log.entries()[..5],
        ["init", "batches", "b3", "b4", "b5"]
    );
    assert_eq!(ground.view().outputs(&run, "n").await, counted(6));
    let record = ground.view().node(&run, "n").await;
    assert_eq!((record.epoch, record.totals.batches), (1, 6));
    assert_ne!(record.ended_lease, Some(old));
    assert_eq!((second.stats().resumed, second.stats().batches), (1, 3));
    second.shutdown().await;
    coordinator.shutdown().await;
}

/// C3: a worker that died without a checkpoint, and whose last commit nobody heard of, skips what is committed.
pub async fn what_is_committed_is_skipped_though_nobody_heard_of_the_commit(ground: Ground) {
    let handler = Scripted::counting(5);
    let deaf = ground.faulty().await;
    deaf.store.lose_answers("commit", u64::MAX);
    let first = worker(&deaf.cluster, super::ground::patient("w"), &handler).await;
    let run = ground.view().submit([node("n")]).await;
    ground
        .view()
        .wait_for(&run, "n", |node| node.totals.batches > 0)
        .await;
    drop(first);
    let second = ground.worker("w", &handler).await;
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    assert_eq!(ground.view().outputs(&run, "n").await, counted(5));
    let record = ground.view().node(&run, "n").await;
    assert_eq!((record.epoch, record.totals.batches), (1, 5));
    second.shutdown().await;
}

/// C4: a checkpoint is in the store when saving returns, is seen by others, goes over to the worker of the next epoch,
/// and goes at the end.
pub async fn a_checkpoint_is_durable_when_saving_returns_outlives_its_worker_and_goes_at_the_end(
    ground: Ground,
) {
    let gates = Gates::default();
    let coordinator = ground.coordinator("c").await;
    let waits = gates.clone();
    let saves = Scripted::counting(1).works(move |_, ctx| {
        let waits = waits.clone();
        async move {
            ctx.save_checkpoint(&json!({ "page": 17 })).await?;
            waits.open("saved");
            std::future::pending().await
        }
    });
    let lease = leasing("a", seconds(1));
    let first = worker(&ground.cluster().await, lease, &saves).await;
    let run = ground.view().submit([node("n")]).await;
    crate::within(gates.pass("saved")).await;
    let active = ground.own().active_runs().await.unwrap();
    let seen = active[0].checkpoint.as_ref().expect("it is saved");
    assert_eq!((seen.data.as_str(), seen.epoch), (r#"{"page":17}"#, 1));
    drop(first);

    ground.view().reaches(&run, "n", NodeState::Ready).await;
    let goes_on = Scripted::counting(1).works(|_, ctx| async move {
        let found = ctx.checkpoint::<serde_json::Value>()?;
        Ok(BatchResult::new(json!(found)))
    });
    let second = ground.worker("b", &goes_on).await;
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    assert_eq!(ground.view().outputs(&run, "n").await, [r#"{"page":17}"#]);
    assert_eq!(ground.view().node(&run, "n").await.epoch, 2);
    assert!(ground.own().active_runs().await.unwrap().is_empty());
    second.shutdown().await;
    coordinator.shutdown().await;
}
