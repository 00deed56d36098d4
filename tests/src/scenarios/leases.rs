//! Leases: who holds them keeps them, and who lost them writes nothing more.

use std::thread;

use antflow::cluster::LeaseId;
use antflow::cluster::handler::BatchResult;
use antflow::cluster::protocol::Failure;
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{CommitRequest, ExtendRequest, Finish, Lease, Payload, Store};
use futures::FutureExt;
use serde_json::json;

use super::ground::{Ground, leasing, worker};
use super::probe::{Gates, counted, gated, is_fenced, taken, until};
use crate::store_suite::bench::batch;
use crate::worker_bench::{Scripted, node};
use crate::{Log, millis, seconds};

/// The names of what was written by a lease that is held no more. Empty: all of it was refused.
async fn taken_from(store: &dyn Store, lost: &Lease) -> Vec<&'static str> {
    let commit = CommitRequest {
        lease: lost.clone(),
        batches: vec![batch("late")],
        cursors: Vec::new(),
        checkpoint: Some(Payload::default()),
    };
    let extend = ExtendRequest {
        worker: lost.worker.clone(),
        leases: vec![lost.clone()],
        ttl: seconds(60),
    };
    let failure = Failure::transient("late", "late");
    let saved = store.save_checkpoint(lost.clone(), Payload::default());
    let refused = [
        ("commit", is_fenced(&store.commit(commit).await)),
        ("save_checkpoint", is_fenced(&saved.await)),
        ("fail", is_fenced(&store.fail(lost.clone(), failure).await)),
        ("cancelled", is_fenced(&store.cancelled(lost.clone()).await)),
        (
            "release",
            is_fenced(&store.release(lost.clone(), "late".into()).await),
        ),
        (
            "finish",
            is_fenced(&store.finish(lost.clone(), Finish::default()).await),
        ),
        (
            "extend",
            store.extend(extend).await.unwrap().lost == [lost.clone()],
        ),
    ];
    let taken = refused.into_iter().filter(|(_, is_refused)| !is_refused);
    taken.map(|(operation, _)| operation).collect()
}

/// C1: each heartbeat extends the lease, deadlines never go back, and an old epoch or lease id extends and writes
/// nothing.
pub async fn heartbeats_keep_a_lease_and_an_old_one_extends_nothing(ground: Ground) {
    let gates = Gates::default();
    let coordinator = ground.coordinator("c").await;
    let config = leasing("w", seconds(2));
    let worker = worker(&ground.cluster().await, config, &gated(1, &gates)).await;
    let run = ground.view().submit([node("n")]).await;
    ground.view().reaches(&run, "n", NodeState::Running).await;
    let first = ground.view().node(&run, "n").await;
    let begun = first.lease.as_ref().unwrap().deadline;
    let mut deadline = begun;
    // More than a lease is long.
    while deadline.since(begun) < seconds(3) {
        let held = ground.view().node(&run, "n").await.lease.unwrap();
        assert!(held.deadline >= deadline, "deadlines never go back");
        deadline = held.deadline;
        tokio::time::sleep(millis(20)).await;
    }
    let held = ground.view().node(&run, "n").await.held_lease().unwrap();
    let other_id = Lease {
        id: LeaseId::random(),
        ..held.clone()
    };
    let old_epoch = Lease { epoch: 0, ..held };
    for forged in [other_id, old_epoch] {
        assert!(taken_from(ground.store(), &forged).await.is_empty());
    }
    gates.open("n/0");
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    assert_eq!(ground.view().node(&run, "n").await.epoch, 1);
    assert_eq!(coordinator.stats().reaped, 0);
    worker.shutdown().await;
    coordinator.shutdown().await;
}

/// C2: the run of a worker that dies goes on with another one within one and a half leases, from where it was, and
/// what comes late by the lease that it had is refused.
pub async fn the_run_of_a_dead_worker_goes_on_elsewhere_within_one_and_a_half_leases(
    ground: Ground,
) {
    let lease = seconds(2);
    let gates = Gates::default();
    let coordinator = ground.coordinator("c").await;
    let handler = gated(4, &gates);
    let dies = worker(&ground.cluster().await, leasing("a", lease), &handler).await;
    let run = ground.view().submit([node("n")]).await;
    gates.open("n/0");
    gates.open("n/1");
    ground
        .view()
        .wait_for(&run, "n", |node| node.totals.batches == 2)
        .await;
    let lost = ground.view().node(&run, "n").await.held_lease().unwrap();
    let spare = worker(&ground.cluster().await, leasing("b", lease), &handler).await;

    let died = ground.store().now().await.unwrap();
    drop(dies);
    ground
        .view()
        .wait_for(&run, "n", |node| node.epoch == 2)
        .await;
    let node = ground.view().node(&run, "n").await;
    let took = node.claimed_at.unwrap().since(died);
    assert!(took <= lease * 3 / 2, "{took:?}");
    assert_eq!(node.lease.unwrap().worker, "b");
    assert!(taken_from(ground.store(), &lost).await.is_empty());

    gates.open("n/2");
    gates.open("n/3");
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    assert_eq!(ground.view().outputs(&run, "n").await, counted(4));
    assert!(taken_from(ground.store(), &lost).await.is_empty());
    assert_eq!(coordinator.stats().reaped, 1);
    spare.shutdown().await;
    coordinator.shutdown().await;
}

/// C2: a worker whose whole process stands still for longer than its lease, and goes on then, adds nothing to what
/// another one has done meanwhile.
pub async fn a_process_that_stood_still_writes_nothing_when_it_goes_on(ground: Ground) {
    let (gates, who) = (Gates::default(), Log::<&'static str>::new());
    let coordinator = ground.coordinator("c").await;
    let run = ground.view().submit([node("n")]).await;
    let zombie = {
        let (ground, gates, who) = (ground.clone(), gates.clone(), who.clone());
        // A thread with a runtime of its own, which stands still with all that is on it: heartbeats, timers, sockets.
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async {
                let freezes = Scripted::counting(2).works(move |batch, _| {
                    let (who, gates) = (who.clone(), gates.clone());
                    async move {
                        if batch.payload == 1 {
                            gates.pass("freeze").await;
                            who.push("frozen");
                            while gates.pass("thaw").now_or_never().is_none() {
                                thread::sleep(millis(10));
                            }
                        }
                        Ok(BatchResult::new(json!("frozen")))
                    }
                });
                let config = leasing("frozen", millis(800));
                let worker = worker(&ground.cluster().await, config, &freezes).await;
                until(async || worker.stats().lost == 1).await;
                worker.shutdown().await;
            });
        })
    };
    // What it has said of its first batch is not on its way when it stands still.
    ground
        .view()
        .wait_for(&run, "n", |node| node.totals.batches == 1)
        .await;
    gates.open("freeze");
    until(async || !who.is_empty()).await;
    let lost = ground.view().node(&run, "n").await.held_lease().unwrap();
    let other = Scripted::counting(2).works(|_, _| async { Ok(BatchResult::new(json!("other"))) });
    let spare = ground.worker("spare", &other).await;
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    let before = ground.view().node(&run, "n").await;
    gates.open("thaw");
    let thawed = tokio::task::spawn_blocking(|| zombie.join());
    assert!(crate::within(thawed).await.unwrap().is_ok());
    assert_eq!(ground.view().node(&run, "n").await, before);
    assert_eq!(
        ground.view().outputs(&run, "n").await,
        ["\"frozen\"", "\"other\""]
    );
    assert!(taken_from(ground.store(), &lost).await.is_empty());
    assert_eq!(before.epoch, 2);
    spare.shutdown().await;
    coordinator.shutdown().await;
}

/// C2: of leases that nobody extends, several coordinators end each one once.
pub async fn several_coordinators_end_a_lease_once(ground: Ground) {
    let mut runs = Vec::new();
    for _ in 0..5 {
        runs.push(ground.view().submit([node("n")]).await);
        taken(ground.store(), "lost", millis(300)).await;
    }
    let coordinators = [
        ground.coordinator("a").await,
        ground.coordinator("b").await,
        ground.coordinator("c").await,
    ];
    for run in &runs {
        ground.view().reaches(run, "n", NodeState::Ready).await;
        let node = ground.view().node(run, "n").await;
        assert_eq!((node.epoch, node.interruptions), (1, 1));
        let events = ground.own().events(run, 0, 100).await.unwrap();
        let expired = events
            .iter()
            .filter(|event| event.envelope.message.kind() == "lease_expired");
        assert_eq!(expired.count(), 1);
    }
    until(async || {
        coordinators
            .iter()
            .map(|one| one.stats().reaped)
            .sum::<u64>()
            == 5
    })
    .await;
    for coordinator in coordinators {
        coordinator.shutdown().await;
    }
}
