//! Callbacks may be plain or async, slow or broken: they run beside the pipeline, in order, and change nothing in it.

use std::sync::Arc;

use antflow::event::{Callbacks, Overflow, Status, StatusEvent, TaskEvent, TaskEventKind};
use antflow::{FeedError, Feeder, State, TaskContext, pipeline, stage};
use antflow_tests::{
    Boom, Gauge, Log, Outcome, Recorder, count, millis, panic_quietly, quiet, seconds, values,
    within,
};
use tokio::time::Instant;

#[stage(workers = 3)]
async fn double(item: u64, calls: State<Gauge>) -> u64 {
    let _inside = calls.enter();
    item * 2
}

/// A callback that takes a while over each event.
fn slow(pause: u64, seen: &Log<StatusEvent>) -> Callbacks {
    let seen = seen.clone();
    Callbacks::new().on_status_change(move |event: StatusEvent| {
        let seen = seen.clone();
        async move {
            tokio::time::sleep(millis(pause)).await;
            seen.push(event);
        }
    })
}

#[tokio::test(start_paused = true)]
async fn plain_and_async_callbacks_get_every_event_in_order() {
    let (plain, slowly) = (Log::new(), Log::new());
    let log = plain.clone();
    let callbacks = Callbacks::new()
        .on_status_change(move |event: StatusEvent| {
            log.push((event.sequence_id, event.status));
        })
        .on_task_event(async |_: TaskEvent| tokio::task::yield_now().await);
    let recorder = Recorder::new();
    let etl = pipeline!(double)
        .with_state(Gauge::new())
        .observe(callbacks)
        .observe(slow(5, &slowly))
        .observe(recorder.clone());
    assert_eq!(within(etl.run(0..20)).await.unwrap().len(), 20);
    let recorded = recorder.statuses().into_iter();
    let recorded: Vec<_> = recorded
        .map(|event| (event.sequence_id, event.status))
        .collect();
    assert_eq!(recorded.len(), 60);
    assert_eq!(plain.entries(), recorded);
    let slowly = slowly.entries().into_iter();
    let slowly: Vec<_> = slowly
        .map(|event| (event.sequence_id, event.status))
        .collect();
    assert_eq!(
        slowly, recorded,
        "the run returned before the last callback, or they mixed up"
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_callback_does_not_hold_the_workers() {
    let seen = Log::new();
    let etl = pipeline!(double).with_state(Gauge::new());
    let run = etl.observe(slow(1000, &seen)).start().unwrap();
    within(run.feed(0..100)).await.unwrap();
    quiet().await;
    assert_eq!(
        run.stats().items_processed,
        100,
        "the items waited for the callback"
    );
    assert_eq!(seen.len(), 0);
    within(run.join()).await;
    assert_eq!(seen.len(), 300);
}

#[tokio::test(start_paused = true)]
async fn with_overflow_wait_nothing_is_lost_and_the_workers_wait() {
    let seen = Log::new();
    let callbacks = slow(100, &seen).capacity(4);
    let etl = pipeline!(double.workers(1)).with_state(Gauge::new());
    let run = etl.observe(callbacks.clone()).start().unwrap();
    let start = Instant::now();
    within(run.feed(0..50)).await.unwrap();
    let behind = run.stats().items_submitted * 3 - seen.len() as u64;
    // Four wait, one is in the callback, and an item in work adds the rest of its own.
    assert!(behind <= 4 + 1 + 3 + 30, "{behind} events wait");
    let results = within(run.join()).await;
    assert_eq!(values(results).len(), 50);
    assert_eq!(seen.len(), 150);
    assert_eq!(callbacks.dropped(), 0);
    assert_eq!(start.elapsed(), millis(100) * 150);
}

#[tokio::test(start_paused = true)]
async fn with_overflow_drop_the_workers_go_on_and_losses_are_counted() {
    let seen = Log::new();
    let callbacks = slow(1000, &seen).capacity(4).on_overflow(Overflow::Drop);
    let etl = pipeline!(double).with_state(Gauge::new());
    let run = etl.observe(callbacks.clone()).start().unwrap();
    within(run.feed(0..50)).await.unwrap();
    quiet().await;
    assert_eq!(run.stats().items_processed, 50);
    within(run.join()).await;
    assert_eq!(seen.len() as u64 + callbacks.dropped(), 150);
    assert!((4..=5).contains(&seen.len()), "{}", seen.len());
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_panics_is_counted_and_the_next_event_follows() {
    let seen = Log::new();
    let log = seen.clone();
    let callbacks = Callbacks::new()
        .on_status_change(move |event: StatusEvent| {
            log.push(event.status);
            panic_quietly("plain");
        })
        .on_task_event(async |_: TaskEvent| {
            tokio::task::yield_now().await;
            panic_quietly("async");
        });
    let etl = pipeline!(double).with_state(Gauge::new());
    let run = etl.observe(callbacks.clone()).start().unwrap();
    within(run.feed(0..10)).await.unwrap();
    assert_eq!(values(within(run.join()).await).len(), 10);
    assert_eq!(seen.len(), 30);
    assert_eq!(callbacks.panics(), 50);
}

#[tokio::test(start_paused = true)]
async fn a_callback_never_makes_a_task_run_again() {
    let calls = Gauge::new();
    let callbacks = Callbacks::new()
        .on_status_change(|_: StatusEvent| panic_quietly("no"))
        .on_task_event(|event: TaskEvent| {
            if event.kind == TaskEventKind::Complete {
                panic_quietly("no");
            }
        });
    let etl = pipeline!(double).with_state(calls.clone());
    let results = within(etl.run(0..10).observe(callbacks)).await.unwrap();
    assert_eq!(count(&results, Outcome::Completed), 10);
    assert_eq!(calls.total(), 10, "a task ran twice");
}

#[stage(queue = 1)]
async fn narrow(item: u64) -> u64 {
    tokio::time::sleep(millis(10)).await;
    item
}

/// Feeds one item more for each that was completed, until there are a hundred.
fn feed_more(slot: &Log<Feeder<u64>>, refused: &Log<FeedError>) -> Callbacks {
    let (slot, refused) = (slot.clone(), refused.clone());
    Callbacks::new().on_status_change(move |event: StatusEvent| {
        let (slot, refused) = (slot.clone(), refused.clone());
        async move {
            if event.status == Status::Completed && event.sequence_id < 100 {
                let more = [1000 + event.sequence_id, 2000 + event.sequence_id];
                if let Err(error) = slot.entries()[0].feed(more).await {
                    refused.push(error);
                }
            }
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_feeds_the_run_does_not_deadlock() {
    for capacity in [1, 2, 1024] {
        let (slot, refused) = (Log::new(), Log::new());
        let callbacks = feed_more(&slot, &refused).capacity(capacity);
        let run = pipeline!(narrow).observe(callbacks).start().unwrap();
        slot.push(run.feeder());
        within(run.feed(0..10)).await.unwrap();
        // A callback feeds from outside: once the run is closed it is refused, which is no deadlock either.
        tokio::time::sleep(seconds(60)).await;
        let results = within(run.join()).await;
        assert_eq!(results.len(), 10 + 2 * 100);
        assert_eq!(values(results).len(), 210);
        assert!(refused.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_feeds_a_run_that_is_being_joined_is_refused() {
    let (slot, refused) = (Log::new(), Log::new());
    let callbacks = feed_more(&slot, &refused).capacity(1);
    let run = pipeline!(narrow).observe(callbacks).start().unwrap();
    slot.push(run.feeder());
    within(run.feed([0])).await.unwrap();
    assert_eq!(within(run.join()).await.len(), 1);
    assert_eq!(refused.entries(), [FeedError::Closed { fed: 0 }]);
}

#[tokio::test(start_paused = true)]
async fn a_run_does_not_wait_for_the_events_of_another_with_the_same_callbacks() {
    let seen = Log::new();
    let callbacks = slow(10, &seen).capacity(50);
    let etl = pipeline!(double)
        .with_state(Gauge::new())
        .observe(callbacks);
    let busy = Arc::new(etl.start().unwrap());
    let feeding = Arc::clone(&busy);
    // More than the callbacks can do in this test.
    tokio::spawn(async move { feeding.feed(0..100_000).await });
    tokio::time::sleep(seconds(1)).await;
    let results = tokio::time::timeout(seconds(60), etl.run(0..3));
    let results = results.await.expect("it waits for the other run");
    assert_eq!(results.unwrap().len(), 3);
    within(busy.shutdown()).await;
}

#[stage(workers = 2)]
async fn stuck_behind_one(item: u64) -> Result<u64, Boom> {
    if item > 0 {
        std::future::pending::<()>().await;
    }
    Err(Boom(item))
}

#[tokio::test(start_paused = true)]
async fn a_callback_may_shut_the_run_down() {
    type Slot = Log<Arc<antflow::Handle<u64, u64>>>;
    let (slot, given) = (Slot::new(), Log::new());
    let (runs, log) = (slot.clone(), given.clone());
    let callbacks = Callbacks::new().on_status_change(move |event: StatusEvent| {
        let (runs, log) = (runs.entries(), log.clone());
        async move {
            if event.status == Status::Failed {
                log.push(runs[0].shutdown().await.len());
            }
        }
    });
    let etl = pipeline!(stuck_behind_one).observe(callbacks);
    let run = Arc::new(etl.start().unwrap());
    slot.push(Arc::clone(&run));
    within(run.feed(0..10)).await.unwrap();
    let rest = within(run.join()).await;
    quiet().await;
    assert_eq!(given.len(), 1, "the callback never came back");
    assert_eq!(rest.len() + given.entries().iter().sum::<usize>(), 10);
    assert_eq!(run.stats().items_cancelled, 9);
}

#[stage(
    workers = 4,
    retry = "per_stage",
    attempts = 2,
    wait = "0s",
    on_wait = "release"
)]
async fn flaky(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    tokio::task::yield_now().await;
    if item.is_multiple_of(3) || cx.attempt() == 2 {
        Ok(item)
    } else {
        Err(Boom(item))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callbacks_on_many_threads_get_everything_once_and_in_order_per_item() {
    let seen: Log<StatusEvent> = Log::new();
    let (log, running) = (seen.clone(), Gauge::new());
    let gauge = running.clone();
    let callbacks = Callbacks::new().on_status_change(move |event: StatusEvent| {
        let (log, inside) = (log.clone(), gauge.enter());
        async move {
            tokio::task::yield_now().await;
            log.push(event);
            drop(inside);
        }
    });
    let recorder = Recorder::new();
    let etl = pipeline!(flaky >> narrow.workers(4).queue(100).named("Wide"))
        .observe(callbacks.capacity(8))
        .observe(recorder.clone());
    let run = etl.start().unwrap();
    within(run.feed(0..300)).await.unwrap();
    let results = within(run.join()).await;
    recorder.check(&results, &run.stats());
    assert_eq!(running.peak(), 1, "two callbacks at the same time");
    let seen = seen.entries();
    assert_eq!(seen.len(), recorder.statuses().len());
    for item in 0..300 {
        let of_item = |events: &[StatusEvent]| -> Vec<_> {
            let events = events.iter().filter(|event| event.sequence_id == item);
            events
                .map(|event| (event.stage.clone(), event.status))
                .collect()
        };
        let recorded: Vec<_> = recorder
            .statuses()
            .iter()
            .map(|event| (**event).clone())
            .collect();
        assert_eq!(of_item(&seen), of_item(&recorded));
    }
}
