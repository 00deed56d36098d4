//! Does each way to cancel a run stop it in time, with its reason, whatever the handler does?

use std::time::Duration;

use antflow::Cancelled;
use antflow::cluster::RunKey;
use antflow::cluster::handler::{BatchResult, CancelCause, CancelReason};
use antflow::cluster::protocol::{Envelope, Message, Topic};
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{
    CancelRequest, ClaimRequest, Effects, Offer, SteerStore, TellStore, WorkStore,
};
use antflow_tests::worker_bench::{ROLE, Scripted, WorkerBench, node};
use antflow_tests::{Log, quiet, seconds, within};
use tokio::time::Instant;

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

/// A handler that does not care.
fn stubborn() -> Scripted {
    Scripted::counting(1).works(|_, _| std::future::pending())
}

async fn cancel(bench: &WorkerBench, run: &RunKey, grace: Duration) -> Effects {
    let request = CancelRequest {
        run: run.clone(),
        reason: "enough".into(),
        grace: Some(grace),
    };
    bench
        .store
        .cancel(request)
        .await
        .expect("the run is there")
        .1
}

async fn begun(bench: &WorkerBench) -> RunKey {
    let run = bench.submit([node("n")]).await;
    bench.reaches(&run, "n", NodeState::Running).await;
    quiet().await;
    run
}

fn only(reasons: &Log<CancelReason>) -> (CancelCause, String) {
    let reasons = reasons.entries();
    assert_eq!(reasons.len(), 1);
    (reasons[0].cause, reasons[0].reason.clone())
}

#[tokio::test(start_paused = true)]
async fn a_flag_in_the_store_is_seen_within_a_poll() {
    let (bench, reasons) = (WorkerBench::new(), Log::new());
    let worker = bench.worker("w", &waits(&reasons)).await;
    let run = begun(&bench).await;
    let start = Instant::now();
    drop(cancel(&bench, &run, seconds(30)).await);
    assert_eq!(bench.ended(&run).await, RunState::Cancelled);
    assert!(
        start.elapsed() <= Duration::from_millis(520),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(only(&reasons), (CancelCause::Flag, "enough".into()));
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_signal_is_heard_at_once_and_a_forged_one_ends_nothing() {
    let (bench, reasons) = (WorkerBench::new(), Log::new());
    let worker = bench.worker("w", &waits(&reasons)).await;
    let run = begun(&bench).await;
    let signal = |lease_id: &str| {
        let message = Message::Cancel {
            reason: "because".into(),
            grace_ms: 1,
            lease_id: lease_id.into(),
        };
        let envelope = Envelope::new(message).about(run.clone(), "n");
        envelope.target("w".into())
    };
    let held = bench.node(&run, "n").await.lease.unwrap().id;
    bench.say(Topic::Signals, &signal(held.as_str())).await;
    tokio::time::sleep(seconds(2)).await;
    assert!(reasons.is_empty(), "nobody cancels it in the store");

    let effects = cancel(&bench, &run, seconds(30)).await;
    assert_eq!(effects.cancelling.len(), 1);
    let start = Instant::now();
    for _ in 0..3 {
        bench.say(Topic::Signals, &signal(held.as_str())).await;
    }
    assert_eq!(bench.ended(&run).await, RunState::Cancelled);
    assert!(
        start.elapsed() < Duration::from_millis(50),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(only(&reasons), (CancelCause::Signal, "enough".into()));
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_does_not_care_is_cut_off_when_its_grace_is_over() {
    let (bench, handler) = (WorkerBench::new(), stubborn());
    let worker = bench.worker("w", &handler).await;
    let run = begun(&bench).await;
    let start = Instant::now();
    drop(cancel(&bench, &run, seconds(5)).await);
    assert_eq!(bench.ended(&run).await, RunState::Cancelled);
    let took = start.elapsed();
    assert!(took >= seconds(5) && took < seconds(6), "{took:?}");
    assert_eq!(handler.times("cleanup"), 1);
    let stats = worker.stats();
    assert_eq!(
        (stats.cancelled, stats.failed_batches, stats.stuck_batches),
        (1, 1, 0)
    );
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_ends_well_within_the_grace_is_kept() {
    let bench = WorkerBench::new();
    let handler = Scripted::counting(5).works(|batch, _| async move {
        tokio::time::sleep(seconds(2)).await;
        Ok(BatchResult::new(batch.payload))
    });
    let worker = bench.worker("w", &handler).await;
    let run = begun(&bench).await;
    drop(cancel(&bench, &run, seconds(10)).await);
    assert_eq!(bench.ended(&run).await, RunState::Cancelled);
    assert_eq!(bench.outputs(&run, "n").await, ["0"]);
    assert_eq!(handler.times("b1"), 0, "nothing more is begun");
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_cannot_be_extended_ends_the_run_and_another_worker_goes_on() {
    let (bench, reasons) = (WorkerBench::new(), Log::new());
    let worker = bench.worker("w", &waits(&reasons)).await;
    let run = begun(&bench).await;
    let start = Instant::now();
    bench.store.refuse("extend", u64::MAX);
    bench.store.refuse("release", u64::MAX);
    within(async {
        while reasons.is_empty() {
            quiet().await;
        }
    })
    .await;
    assert!(start.elapsed() <= seconds(61), "{:?}", start.elapsed());
    assert_eq!(
        only(&reasons),
        (
            CancelCause::LeaseExpired,
            "the lease could not be extended in time".into()
        )
    );
    tokio::time::sleep(seconds(3)).await;
    assert_eq!(bench.node(&run, "n").await.state, NodeState::Running);
    assert_eq!(worker.stats().lost, 1);
    assert!(worker.stats().failed_heartbeats > 3);
    within(worker.shutdown()).await;

    bench.store.heal("extend");
    bench.store.heal("release");
    let (reaped, _) = bench.store.reap(10).await.unwrap();
    assert_eq!(reaped.len(), 1);
    let other = bench.worker("other", &Scripted::counting(1)).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    assert_eq!(bench.node(&run, "n").await.epoch, 2);
    other.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_short_failure_of_the_store_costs_no_lease() {
    let bench = WorkerBench::new();
    let handler = Scripted::counting(1).works(|batch, _| async move {
        tokio::time::sleep(seconds(300)).await;
        Ok(BatchResult::new(batch.payload))
    });
    let worker = bench.worker("w", &handler).await;
    let run = begun(&bench).await;
    bench.store.refuse("extend", 30);
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    assert_eq!(bench.node(&run, "n").await.epoch, 1);
    assert_eq!(worker.stats().failed_heartbeats, 30);
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_lost_its_lease_stops_and_writes_nothing() {
    let (bench, reasons) = (WorkerBench::new(), Log::new());
    let worker = bench.worker("w", &waits(&reasons)).await;
    let run = begun(&bench).await;
    bench.store.refuse("extend", u64::MAX);
    tokio::time::sleep(seconds(45)).await;
    // The store's clock goes on without a heartbeat, and somebody else gets the node.
    bench.store.heal("extend");
    let thief = ClaimRequest {
        worker: "w".into(),
        offers: vec![Offer {
            role: ROLE.into(),
            fingerprint: None,
        }],
        run: None,
        slots: 1,
        ttl: seconds(60),
    };
    let resumed = antflow::cluster::store::ResumeRequest {
        worker: thief.worker,
        offers: thief.offers,
        ttl: thief.ttl,
    };
    let (resumed, _) = bench.store.resume(resumed).await.unwrap();
    let held = resumed[0].lease.clone();
    within(async {
        while reasons.is_empty() {
            quiet().await;
        }
    })
    .await;
    assert_eq!(only(&reasons).0, CancelCause::LeaseLost);
    tokio::time::sleep(seconds(3)).await;
    assert_eq!(worker.stats().lost, 1);
    let asked =
        ["fail", "release", "finish", "cancelled", "commit"].map(|op| bench.store.asked(op));
    assert_eq!(asked, [0; 5]);
    let record = bench.node(&run, "n").await;
    assert_eq!(
        record.held_lease(),
        Some(held),
        "the other one still has it"
    );
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_shuts_down_gives_back_what_it_has_and_says_why() {
    let (bench, reasons) = (WorkerBench::new(), Log::new());
    let worker = bench.worker("w", &waits(&reasons)).await;
    let run = begun(&bench).await;
    within(worker.shutdown()).await;
    within(worker.shutdown()).await;
    assert_eq!(
        only(&reasons),
        (CancelCause::Shutdown, "the worker shuts down".into())
    );
    let record = bench.node(&run, "n").await;
    assert_eq!(
        (record.state, record.failures, record.interruptions),
        (NodeState::Ready, 0, 0)
    );

    let stubborn = bench.worker("stubborn", &stubborn()).await;
    bench.reaches(&run, "n", NodeState::Running).await;
    let start = Instant::now();
    within(stubborn.shutdown()).await;
    assert!(start.elapsed() < seconds(32), "{:?}", start.elapsed());
    assert_eq!(bench.node(&run, "n").await.state, NodeState::Ready);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_drained_is_offline_however_slow_the_registry_is() {
    let bench = WorkerBench::new();
    let worker = bench.worker("w", &Scripted::counting(1)).await;
    bench.store.delay("announce", seconds(3));
    worker.drain(seconds(60)).await;
    tokio::time::sleep(seconds(10)).await;
    let workers = bench.store.workers().await.unwrap();
    assert_eq!(workers[0].announcement.status, "offline");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_drains_ends_what_it_has_begun_and_takes_nothing_more() {
    let bench = WorkerBench::new();
    let handler = Scripted::counting(3).works(|batch, _| async move {
        tokio::time::sleep(seconds(10)).await;
        Ok(BatchResult::new(batch.payload))
    });
    let worker = bench.worker("w", &handler).await;
    let run = begun(&bench).await;
    let late = async {
        quiet().await;
        assert_eq!(worker.announcement().status, "draining");
        bench.submit([node("n")]).await
    };
    let ((), late) = tokio::join!(worker.drain(seconds(3600)), late);
    assert_eq!(bench.run(&run).await.state, RunState::Finished);
    assert_eq!(bench.node(&late, "n").await.state, NodeState::Ready);
    assert_eq!(worker.stats().claimed, 1);
}

#[tokio::test(start_paused = true)]
async fn timeouts_of_attempts_and_of_batches_are_failures_of_their_own() {
    for (graph, code) in [
        (node("n").timeout(seconds(7)), "timeout"),
        (node("n").batch_timeout(seconds(7)), "batch_timeout"),
    ] {
        let (bench, handler) = (WorkerBench::new(), stubborn());
        let worker = bench.worker("w", &handler).await;
        let run = bench.submit([graph]).await;
        let start = Instant::now();
        bench.reaches(&run, "n", NodeState::Deferred).await;
        assert!(
            start.elapsed() < seconds(10),
            "{code}: {:?}",
            start.elapsed()
        );
        let failure = bench.node(&run, "n").await.last_failure.unwrap();
        assert_eq!((failure.code.as_str(), failure.permanent), (code, false));
        assert_eq!(handler.times("cleanup"), 1);
        worker.shutdown().await;
    }
}
