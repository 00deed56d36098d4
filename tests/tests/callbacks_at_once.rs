//! A callback that takes its events by reference is called by the worker, at the moment at which something happens.

use std::sync::{Arc, OnceLock};

use antflow::event::{Callbacks, Overflow, Status, StatusEvent, TaskEvent, TaskEventKind};
use antflow::{Item, ItemId, State, StatusTracker, TaskContext, pipeline, stage};
use antflow_tests::{Boom, Log, Outcome, outcomes, panic_quietly, values, within};

type Seen = Log<(u64, Status)>;

#[stage(workers = 3)]
async fn double(item: u64) -> u64 {
    item * 2
}

/// Fails unless the log says that the item was completed before it came here.
#[stage(workers = 3)]
async fn is_known(item: u64, cx: &TaskContext, seen: State<Seen>) -> Result<u64, Boom> {
    if seen
        .entries()
        .contains(&(cx.sequence_id(), Status::Completed))
    {
        Ok(item)
    } else {
        Err(Boom(item))
    }
}

/// A callback that notes what it is told of the first stage.
fn noting(seen: &Seen) -> Callbacks {
    let seen = seen.clone();
    Callbacks::new().on_status_change(move |event: &StatusEvent| {
        if &*event.stage == "Double" {
            seen.push((event.sequence_id, event.status));
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_is_called_before_the_item_goes_on() {
    let seen = Seen::new();
    let etl = pipeline!(double >> is_known)
        .with_state(seen.clone())
        .observe(noting(&seen));
    let results = within(etl.run(0..300)).await.unwrap();
    assert_eq!(
        values(results),
        (0..300).map(|item| item * 2).collect::<Vec<_>>()
    );
    for item in 0..300 {
        let entries = seen.entries().into_iter();
        let statuses: Vec<_> = entries
            .filter(|entry| entry.0 == item)
            .map(|entry| entry.1)
            .collect();
        assert_eq!(
            statuses,
            [Status::Queued, Status::InProgress, Status::Completed]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn it_needs_no_room() {
    let (seen, tasks) = (Seen::new(), Log::new());
    let log = tasks.clone();
    let callbacks = noting(&seen)
        .on_task_complete(move |event: &TaskEvent| {
            log.push(event.sequence_id);
        })
        .capacity(1)
        .on_overflow(Overflow::Drop);
    within(pipeline!(double).observe(callbacks.clone()).run(0..100))
        .await
        .unwrap();
    assert_eq!((seen.entries().len(), tasks.entries().len()), (300, 100));
    assert_eq!(callbacks.dropped(), 0);
}

#[tokio::test(start_paused = true)]
async fn it_may_stand_beside_one_that_takes_its_time() {
    let (seen, tasks) = (Seen::new(), Log::new());
    let log = tasks.clone();
    let callbacks = noting(&seen)
        .on_task_start(|event: &TaskEvent| assert_eq!(event.kind, TaskEventKind::Start))
        .on_task_complete(move |event: TaskEvent| {
            let log = log.clone();
            async move {
                tokio::task::yield_now().await;
                log.push(event.sequence_id);
            }
        });
    within(pipeline!(double).observe(callbacks.clone()).run(0..50))
        .await
        .unwrap();
    assert_eq!((seen.entries().len(), tasks.entries().len()), (150, 50));
    assert_eq!(callbacks.panics(), 0);
}

#[tokio::test(start_paused = true)]
async fn its_panics_and_errors_are_counted_and_harm_no_item() {
    let tracker = StatusTracker::new()
        .on_status_change(|event: &StatusEvent| match event.status {
            Status::Completed => Err(Boom(event.sequence_id)),
            _ => Ok(()),
        })
        .on_task_start(|event: &TaskEvent| {
            if event.sequence_id == 3 {
                panic_quietly("at once");
            }
        });
    let results = within(pipeline!(double).observe(tracker.clone()).run(0..10))
        .await
        .unwrap();
    assert!(results.iter().all(|result| result.value.is_ok()));
    assert_eq!(
        (tracker.callbacks().errors(), tracker.callbacks().panics()),
        (10, 1)
    );
}

#[stage]
async fn odd_only(item: u64) -> Result<u64, Boom> {
    if item % 2 == 1 {
        Ok(item)
    } else {
        Err(Boom(item))
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_says_nothing_of_the_item_before() {
    let events = Log::new();
    let log = events.clone();
    let callbacks = Callbacks::new().on_status_change(move |event: &StatusEvent| {
        log.push(event.clone());
    });
    let items = [
        Item::new(0).id("even").metadata("page", 1),
        Item::new(1),
        Item::new(2).id("too"),
        Item::new(3).metadata("page", 2),
    ];
    let results = within(pipeline!(odd_only).observe(callbacks).run(items))
        .await
        .unwrap();
    let (failed, completed) = (Outcome::Failed, Outcome::Completed);
    assert_eq!(outcomes(&results), [failed, completed, failed, completed]);
    let events = events.entries();
    assert_eq!(events.len(), 12);
    for event in events {
        let ids = [
            "even".into(),
            ItemId::from(1),
            "too".into(),
            ItemId::from(3),
        ];
        assert_eq!(
            event.item_id,
            ids[usize::try_from(event.sequence_id).unwrap()]
        );
        let has_metadata = event.sequence_id % 3 == 0;
        assert_eq!(
            event.metadata.get("page").is_some(),
            has_metadata,
            "{event:?}"
        );
        let has_failed = event.status == Status::Failed;
        assert_eq!(event.error.is_some(), has_failed, "{event:?}");
        let was_begun = matches!(event.status, Status::Failed | Status::Completed);
        assert_eq!(event.started.is_some(), was_begun, "{event:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tracker_knows_what_its_callback_is_told() {
    let tracker = Arc::new(OnceLock::<StatusTracker>::new());
    let (asked, log) = (Arc::clone(&tracker), Log::new());
    let answers = log.clone();
    let told = StatusTracker::new().on_status_change(move |event: &StatusEvent| {
        let known = asked
            .get()
            .and_then(|tracker| tracker.status(event.item_id.clone()));
        answers.push((event.status, known.map(|event| event.status)));
    });
    assert!(tracker.set(told.clone()).is_ok());
    within(pipeline!(double).observe(told).run(0..5))
        .await
        .unwrap();
    assert_eq!(log.entries().len(), 15);
    for (told, known) in log.entries() {
        assert_eq!(known, Some(told));
    }
}
