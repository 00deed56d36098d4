//! What the documents say of a tracker's callbacks: who is told what, and that a slow or broken one harms no item.

use antflow::event::TaskEventKind::{Complete, Fail, Retry, Start};
use antflow::event::{Overflow, Status, StatusEvent, TaskEvent, TaskEventKind};
use antflow::{StatusTracker, TaskContext, pipeline, stage};
use antflow_tests::{
    Boom, Log, Outcome, add_one, count, from_attempt, millis, outcomes, panic_quietly, quiet,
    record, values, within,
};
use tokio::time::Instant;

/// Item `n` succeeds in attempt `n`, if there is one.
#[stage(workers = 2, retry = "per_task", attempts = 3, wait = "0s")]
async fn flaky(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    from_attempt(u32::try_from(item).expect("small"), item, cx)
}

#[tokio::test(start_paused = true)]
async fn plain_and_async_callbacks_are_told_of_every_status_in_order() {
    let (plain, later) = (Log::new(), Log::new());
    let (log, slow) = (plain.clone(), later.clone());
    let tracker = StatusTracker::new().on_status_change(move |event: StatusEvent| {
        log.push((event.sequence_id, event.status));
    });
    let other = StatusTracker::new().on_status_change(move |event: StatusEvent| {
        let slow = slow.clone();
        async move {
            tokio::time::sleep(millis(5)).await;
            slow.push((event.sequence_id, event.status));
        }
    });
    let etl = pipeline!(flaky >> add_one).observe(tracker.clone());
    let (_, recorder) = record(&etl.observe(other), [1, 2, 9]).await;
    let statuses = recorder.statuses().into_iter();
    let all: Vec<_> = statuses
        .map(|event| (event.sequence_id, event.status))
        .collect();
    assert_eq!(plain.entries(), all);
    assert_eq!(later.entries(), all, "the run is over before its callbacks");
    assert_eq!(tracker.stats().failed, 1);
}

#[tokio::test(start_paused = true)]
async fn an_alert_is_sent_for_the_item_that_fails_and_its_stage() {
    let alerts = Log::new();
    let sent = alerts.clone();
    let tracker = StatusTracker::new().on_status_change(move |event: StatusEvent| {
        let sent = sent.clone();
        async move {
            if event.status == Status::Failed {
                let error = event.error.expect("that is why it failed");
                sent.push(format!("{} in {}: {error}", event.item_id, event.stage));
            }
        }
    });
    let etl = pipeline!(flaky).observe(tracker);
    within(etl.run([1, 9])).await.unwrap();
    assert_eq!(
        alerts.entries(),
        ["1 in Flaky: stage `Flaky`, task `flaky`: boom 9 (attempt 3 of 3)"]
    );
}

#[tokio::test(start_paused = true)]
async fn each_callback_of_tasks_is_told_of_its_kind_alone() {
    let [started, completed, retried, failed] = [(); 4].map(|()| Log::new());
    let note = |log: &Log<TaskEvent>| {
        let log = log.clone();
        move |event: TaskEvent| {
            log.push(event);
        }
    };
    let slow = completed.clone();
    let tracker = StatusTracker::new()
        .on_task_start(note(&started))
        .on_task_complete(move |event: TaskEvent| {
            let slow = slow.clone();
            async move {
                tokio::task::yield_now().await;
                slow.push(event);
            }
        })
        .on_task_retry(note(&retried))
        .on_task_fail(note(&failed));
    let (_, recorder) = record(&pipeline!(flaky).observe(tracker), [1, 2, 9]).await;
    for (log, kind, number) in [
        (started, Start, 1 + 2 + 3),
        (completed, Complete, 2),
        (retried, Retry, 1 + 2),
        (failed, Fail, 1),
    ] {
        let said = |event: &TaskEvent| (event.sequence_id, event.attempt, event.kind);
        let told: Vec<_> = log.entries().iter().map(said).collect();
        let all = recorder.tasks_of(kind);
        let all: Vec<_> = all.iter().map(|event| said(event)).collect();
        assert_eq!(told, all, "{kind}");
        assert_eq!(told.len(), number, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_one_kind_has_a_callback_the_others_have_none() {
    for kind in [Start, Complete, Retry, Fail] {
        let told = Log::new();
        let log = told.clone();
        let note = move |event: TaskEvent| {
            log.push(event.kind);
        };
        let tracker = match kind {
            Start => StatusTracker::new().on_task_start(note),
            Complete => StatusTracker::new().on_task_complete(note),
            Retry => StatusTracker::new().on_task_retry(note),
            Fail => StatusTracker::new().on_task_fail(note),
        };
        within(pipeline!(flaky).observe(tracker).run([1, 2, 9]))
            .await
            .unwrap();
        let told = told.entries();
        assert!(!told.is_empty() && told.iter().all(|one| *one == kind));
    }
}

/// A tracker whose callbacks all do the same with what they are told.
fn all_callbacks(
    status: impl Fn() -> Result<(), Boom> + Clone + Send + Sync + 'static,
) -> StatusTracker {
    let task = status.clone();
    let on_task = move |_: TaskEvent| {
        let task = task.clone();
        async move {
            tokio::task::yield_now().await;
            task()
        }
    };
    StatusTracker::new()
        .on_status_change(move |_: StatusEvent| status())
        .on_task_start(on_task.clone())
        .on_task_complete(on_task.clone())
        .on_task_retry(on_task.clone())
        .on_task_fail(on_task)
}

#[tokio::test(start_paused = true)]
async fn callbacks_that_panic_or_give_an_error_are_counted_and_harm_no_item() {
    let panicking = all_callbacks(|| {
        panic_quietly("no");
        Ok(())
    });
    let failing = all_callbacks(|| Err(Boom(0)));
    for (tracker, panics, errors) in [(panicking, true, false), (failing, false, true)] {
        let (results, recorder) = record(&pipeline!(flaky).observe(tracker.clone()), 1..5).await;
        let events = recorder.events().len() as u64;
        use Outcome::{Completed, Failed};
        assert_eq!(
            outcomes(&results),
            [Completed, Completed, Completed, Failed]
        );
        let callbacks = tracker.callbacks();
        assert_eq!(callbacks.panics(), if panics { events } else { 0 });
        assert_eq!(callbacks.errors(), if errors { events } else { 0 });
        assert_eq!((tracker.stats().completed, tracker.stats().failed), (3, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_callback_may_ask_the_tracker_what_became_of_the_item() {
    let (tracker, seen) = (StatusTracker::new(), Log::new());
    let (asked, log) = (tracker.clone(), seen.clone());
    let telling = tracker.on_status_change(move |event: StatusEvent| {
        if event.status == Status::Failed {
            let history = asked.history(event.item_id.clone());
            log.push((history.len(), asked.stats().failed));
        }
    });
    within(pipeline!(flaky).observe(telling).run([9]))
        .await
        .unwrap();
    assert_eq!(seen.entries(), [(1 + 3 + 2 + 1, 1)]);
}

/// A tracker with a callback that takes a millisecond over each item, of which so many may wait.
fn slow(capacity: usize, overflow: Overflow, told: &Log<u64>) -> StatusTracker {
    let told = told.clone();
    let tracker = StatusTracker::new().on_task_complete(move |event: TaskEvent| {
        let told = told.clone();
        async move {
            tokio::time::sleep(millis(1)).await;
            told.push(event.sequence_id);
        }
    });
    tracker.with_overflow(capacity, overflow)
}

#[tokio::test(start_paused = true)]
async fn a_slow_callback_that_may_miss_events_delays_a_run_by_its_backlog_alone() {
    let told = Log::new();
    let tracker = slow(10, Overflow::Drop, &told);
    let run = pipeline!(add_one).observe(tracker.clone()).start().unwrap();
    let start = Instant::now();
    within(run.feed(0..1000)).await.unwrap();
    quiet().await;
    assert_eq!(run.stats().items_processed, 1000, "items wait for it");
    assert_eq!(values(within(run.join()).await).len(), 1000);
    assert!(
        start.elapsed() <= millis(1 + 10 + 1),
        "{:?}",
        start.elapsed()
    );
    let dropped = tracker.callbacks().dropped();
    assert!(dropped >= 1000 - 12, "{dropped}");
    assert_eq!(told.len() as u64 + dropped, 1000);
    assert_eq!(tracker.stats().completed, 1000, "the counts miss nothing");
    assert_eq!(tracker.history(999).len(), 3, "nor does the history");
}

#[tokio::test(start_paused = true)]
async fn a_slow_callback_that_must_miss_nothing_holds_the_run_back() {
    let told = Log::new();
    let tracker = slow(10, Overflow::Wait, &told);
    let run = pipeline!(add_one).observe(tracker.clone()).start().unwrap();
    let start = Instant::now();
    within(run.feed(0..1000)).await.unwrap();
    assert!(start.elapsed() > millis(900), "feeding did not wait");
    assert_eq!(count(&within(run.join()).await, Outcome::Completed), 1000);
    assert_eq!(start.elapsed(), millis(1000));
    assert_eq!(told.len(), 1000);
    assert_eq!(tracker.callbacks().dropped(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_many_threads_every_kind_is_told_once_for_each_event() {
    let told: Log<(u64, TaskEventKind)> = Log::new();
    let note = |kind: TaskEventKind| {
        let told = told.clone();
        move |event: TaskEvent| {
            assert_eq!(event.kind, kind);
            told.push((event.sequence_id, event.kind));
        }
    };
    let tracker = StatusTracker::new()
        .on_task_start(note(Start))
        .on_task_complete(note(Complete))
        .on_task_retry(note(Retry))
        .on_task_fail(note(Fail))
        .with_overflow(16, Overflow::Wait);
    let etl = pipeline!(flaky.workers(8)).observe(tracker.clone());
    let items = (0..1000).map(|item| item % 5);
    let (results, recorder) = record(&etl, items).await;
    assert_eq!(count(&results, Outcome::Failed), 200);
    assert_eq!(tracker.callbacks().panics(), 0, "told of another kind");
    let sorted = |mut events: Vec<_>| {
        events.sort_unstable();
        events
    };
    let all = recorder.tasks().into_iter();
    let all = all.map(|event| (event.sequence_id, event.kind)).collect();
    assert_eq!(sorted(told.entries()), sorted(all));
}
