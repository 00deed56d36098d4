//! `shutdown` is prompt whatever the run is at, may be called again, and gives back every item.

use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Mutex, mpsc};

use antflow::event::Status;
use antflow::{
    CancellationToken, FeedError, Handle, OnWait, Pipeline, Retry, State, TaskContext, from_fn,
    pipeline, stage,
};
use antflow_tests::{
    Boom, Gauge, Log, Outcome, Recorder, count, millis, outcomes, quiet, seconds, within,
};
use futures::FutureExt;
use tokio::time::Instant;

/// Items below 5 are done at once, the others never.
#[stage(workers = 4)]
async fn some_never_end(item: u64, inside: State<Gauge>) -> u64 {
    let _inside = inside.enter();
    if item >= 5 {
        pending::<()>().await;
    }
    item
}

#[tokio::test(start_paused = true)]
async fn tasks_that_never_end_are_dropped_and_what_was_done_is_kept() {
    let inside = Gauge::new();
    let recorder = Recorder::new();
    let etl = pipeline!(some_never_end).with_state(inside.clone());
    let run = etl.observe(recorder.clone()).start().unwrap();
    within(run.feed(0..20)).await.unwrap();
    quiet().await;
    assert_eq!(inside.now(), 4);
    let start = Instant::now();
    let results = within(run.shutdown()).await;
    assert_eq!(start.elapsed(), millis(0), "shutdown waited for something");
    assert_eq!(inside.now(), 0, "a task is still alive");
    let ids: Vec<_> = results.iter().map(|result| result.sequence_id).collect();
    assert_eq!(ids, (0..20).collect::<Vec<_>>());
    assert_eq!(outcomes(&results[..5]), [Outcome::Completed; 5]);
    assert_eq!(outcomes(&results[5..]), [Outcome::Cancelled; 15]);
    recorder.check(&results, &run.stats());
    // Four were cancelled in a worker's hand, the rest in the queue.
    let in_hand = recorder.statuses().into_iter();
    let in_hand = in_hand.filter(|event| event.status == Status::Cancelled);
    assert_eq!(in_hand.filter(|event| event.worker.is_some()).count(), 4);
    let attempts: Vec<_> = results[5..]
        .iter()
        .map(|result| result.error().unwrap().attempts())
        .collect();
    assert_eq!(attempts[..4], [1; 4]);
    assert_eq!(attempts[4..], [0; 11]);
}

#[tokio::test(start_paused = true)]
async fn shutdown_twice_and_at_the_same_time_gives_the_results_once() {
    let etl = pipeline!(some_never_end).with_state(Gauge::new());
    let run = etl.start().unwrap();
    within(run.feed(0..20)).await.unwrap();
    quiet().await;
    let (first, second, third) =
        within(async { tokio::join!(run.shutdown(), run.shutdown(), run.join()) }).await;
    assert_eq!(first.len() + second.len() + third.len(), 20);
    let mut lens = [first.len(), second.len(), third.len()];
    lens.sort_unstable();
    assert_eq!(lens, [0, 0, 20]);
    assert!(within(run.shutdown()).await.is_empty());
    assert!(within(run.join()).await.is_empty());
    assert!(within(run.drain(seconds(1))).await.is_empty());
    assert_eq!(run.stats().items_cancelled, 15);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_given_up_can_be_called_again() {
    let etl = pipeline!(some_never_end).with_state(Gauge::new());
    let run = etl.start().unwrap();
    within(run.feed(0..20)).await.unwrap();
    quiet().await;
    assert!(run.shutdown().now_or_never().is_none());
    assert_eq!(
        within(run.feed([1])).await,
        Err(FeedError::Closed { fed: 0 })
    );
    assert_eq!(within(run.shutdown()).await.len(), 20);
}

#[tokio::test(start_paused = true)]
async fn shutdown_of_a_run_that_did_nothing() {
    let etl = pipeline!(some_never_end).with_state(Gauge::new());
    let run = etl.start().unwrap();
    assert!(within(run.shutdown()).await.is_empty());
    let run = etl.start().unwrap();
    within(run.feed(0..20)).await.unwrap();
    // No worker has been polled yet.
    let results = within(run.shutdown()).await;
    assert_eq!(results.len(), 20);
}

#[tokio::test(start_paused = true)]
async fn items_that_wait_for_their_next_attempt_are_cancelled() {
    for retry in [Retry::per_task(), Retry::per_stage()] {
        for on_wait in [OnWait::Hold, OnWait::Release] {
            let stage = from_fn("Refuse", async |_: u64| Err::<u64, _>(Boom(1)));
            let retry = retry.clone().wait(seconds(3600)).on_wait(on_wait);
            let recorder = Recorder::new();
            let etl = Pipeline::builder().stage(stage.workers(2).retry(retry));
            let run = etl.observe(recorder.clone()).start().unwrap();
            within(run.feed(0..6)).await.unwrap();
            quiet().await;
            let start = Instant::now();
            let results = within(run.shutdown()).await;
            assert_eq!(start.elapsed(), millis(0));
            assert_eq!(outcomes(&results), [Outcome::Cancelled; 6]);
            recorder.check(&results, &run.stats());
            let tried = if on_wait == OnWait::Hold { 2 } else { 6 };
            let attempts = results
                .iter()
                .map(|result| result.error().unwrap().attempts());
            assert_eq!(attempts.sum::<u32>(), tried, "attempts that were not made");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_was_just_let_go_is_not_lost() {
    let failed = Arc::new(tokio::sync::Notify::new());
    let notify = Arc::clone(&failed);
    let stage = from_fn("Refuse", move |item: u64| {
        notify.notify_one();
        async move { Err::<u64, _>(Boom(item)) }
    });
    let retry = Retry::per_task().on_wait(OnWait::Release);
    let run = Pipeline::builder().stage(stage.retry(retry)).start();
    let run = run.unwrap();
    within(run.feed([7])).await.unwrap();
    // It is woken before the task is made in which the retry waits, so it comes first.
    let shutdown = tokio::spawn(async move {
        failed.notified().await;
        run.shutdown().await
    });
    let results = within(shutdown).await.unwrap();
    assert_eq!(outcomes(&results), [Outcome::Cancelled]);
    assert_eq!(results[0].error().unwrap().attempts(), 1);
}

/// One worker waits for room behind an ordered stage, an output waits for its turn, and the one between them comes to
/// its end while the run is cut off.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_output_that_comes_while_an_ordered_stage_is_cut_off_is_not_lost() {
    let (release, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let inside = Gauge::new();
    let watched = inside.clone();
    let stage = from_fn("Ordered", move |item: u64| {
        let (gate, gauge) = (Arc::clone(&gate), watched.clone());
        async move {
            if item == 3 {
                // Without an `.await`, so that it goes on to its end although the run is cut off.
                let _inside = gauge.enter();
                let waited = gate.lock().expect("one locks it").recv_timeout(seconds(20));
                waited.expect("the shutdown did not begin");
            }
            Ok::<_, Infallible>(item)
        }
    });
    let stuck = from_fn("Stuck", async |item: u64| {
        pending::<()>().await;
        Ok::<_, Infallible>(item)
    });
    let etl = Pipeline::builder()
        .stage(stage.workers(3).ordered())
        .stage(stuck.queue(1));
    let recorder = Recorder::new();
    let run = etl.observe(recorder.clone()).start().unwrap();
    let results = within(async {
        // One is stuck, one queued, one waits for room, one is on its way, and one waits behind it.
        run.feed(0..5).await.unwrap();
        while inside.now() == 0 || recorder.count(Status::Completed) < 4 {
            tokio::task::yield_now().await;
        }
        let mut shutdown = Box::pin(run.shutdown());
        assert!(shutdown.as_mut().now_or_never().is_none());
        release.send(()).unwrap();
        shutdown.await
    })
    .await;
    assert_eq!(outcomes(&results), [Outcome::Cancelled; 5]);
    recorder.check(&results, &run.stats());
}

#[tokio::test(start_paused = true)]
async fn a_task_may_shut_its_own_run_down() {
    type Slot = Log<Arc<Handle<u64, u64>>>;
    let slot = Slot::new();
    let runs = slot.clone();
    let stage = from_fn("Last", move |item: u64| {
        let runs = runs.entries();
        async move {
            if item == 2 {
                runs[0].shutdown().await;
            }
            Ok::<_, Infallible>(item)
        }
    });
    let run = Arc::new(Pipeline::builder().stage(stage).start().unwrap());
    slot.push(Arc::clone(&run));
    let _ = within(run.feed(0..8)).await;
    let results = within(run.join()).await;
    assert_eq!(results.len(), 8);
    assert_eq!(count(&results, Outcome::Completed), 2);
    assert_eq!(count(&results, Outcome::Cancelled), 6);
}

#[stage(workers = 2)]
async fn watchful(item: u64, cx: &TaskContext, tokens: State<Log<CancellationToken>>) -> u64 {
    tokens.push(cx.cancellation().clone());
    if item > 0 {
        pending::<()>().await;
    }
    item
}

#[tokio::test(start_paused = true)]
async fn the_token_of_a_task_is_cancelled_by_shutdown_and_not_by_join() {
    let tokens = Log::new();
    let etl = pipeline!(watchful).with_state(tokens.clone());
    let run = etl.start().unwrap();
    within(run.feed(0..3)).await.unwrap();
    quiet().await;
    assert!(tokens.entries().iter().all(|token| !token.is_cancelled()));
    within(run.shutdown()).await;
    assert!(tokens.entries().iter().all(CancellationToken::is_cancelled));

    let joined = Log::new();
    let run = etl.with_state(joined.clone()).start().unwrap();
    within(run.feed([0])).await.unwrap();
    within(run.join()).await;
    assert_eq!(joined.len(), 1);
    assert!(!joined.entries()[0].is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn after_a_shutdown_every_worker_is_idle() {
    let fast = from_fn("Fast", async |item: u64| Ok::<_, Infallible>(item));
    let slow = from_fn("Slow", async |item: u64| {
        pending::<()>().await;
        Ok::<_, Infallible>(item)
    });
    let etl = Pipeline::builder()
        .stage(fast.workers(5))
        .stage(slow.queue(1));
    let run = etl.start().unwrap();
    within(run.feed(0..20)).await.unwrap();
    quiet().await;
    assert!(
        run.worker_states()
            .iter()
            .all(antflow::WorkerState::is_busy)
    );
    within(run.shutdown()).await;
    let busy: Vec<_> = run
        .worker_states()
        .into_iter()
        .filter(antflow::WorkerState::is_busy)
        .collect();
    assert!(busy.is_empty(), "{busy:?}");
    assert_eq!(run.stats().stage("Fast").unwrap().in_progress_items, 0);
}
