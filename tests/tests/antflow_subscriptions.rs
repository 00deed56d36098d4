//! What the documents say of building one's own displays of the events: they come as a stream, to as many as want it.

use antflow::event::{Status, StatusEvent, TaskEventKind};
use antflow::{History, ItemId, StatusTracker, Subscription, TaskContext, pipeline, stage};
use antflow_tests::{Boom, Log, add_one, from_attempt, millis, quiet, record, values, within};
use futures::StreamExt;

/// Fails once for every third item.
#[stage(workers = 2, retry = "per_task", attempts = 2, wait = "0s")]
async fn flaky(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    from_attempt(if item.is_multiple_of(3) { 2 } else { 1 }, item, cx)
}

/// The events that are there, on a paused clock.
async fn here<E: Clone + Send + 'static>(subscriber: &mut Subscription<E>) -> Vec<E> {
    let mut events = Vec::new();
    while let Ok(Some(event)) = tokio::time::timeout(millis(1), subscriber.next()).await {
        events.push(event);
    }
    events
}

#[tokio::test(start_paused = true)]
async fn subscribers_get_every_event_in_order() {
    let tracker = StatusTracker::new();
    let (mut one, mut other) = (tracker.subscribe(), tracker.subscribe());
    let mut tasks = tracker.subscribe_tasks();
    let etl = pipeline!(flaky >> add_one).observe(tracker.clone());
    let (_, recorder) = record(&etl, 0..10).await;
    let seen: Vec<_> = recorder
        .statuses()
        .iter()
        .map(|event| (event.sequence_id, event.status))
        .collect();
    for subscriber in [&mut one, &mut other] {
        let events = here(subscriber).await.into_iter();
        let events: Vec<_> = events
            .map(|event| (event.sequence_id, event.status))
            .collect();
        assert_eq!(events, seen);
        assert_eq!(subscriber.missed(), 0);
    }
    let attempts = here(&mut tasks).await.into_iter();
    let attempts: Vec<_> = attempts
        .map(|event| (event.sequence_id, event.kind))
        .collect();
    let seen = recorder.tasks().into_iter();
    assert!(
        seen.map(|event| (event.sequence_id, event.kind))
            .eq(attempts)
    );
}

#[tokio::test(start_paused = true)]
async fn a_live_display_shows_who_works_on_what_while_it_happens() {
    let tracker = StatusTracker::new();
    let mut events = tracker.subscribe();
    let run = pipeline!(flaky.workers(1)).observe(tracker.clone()).start();
    let run = run.unwrap();
    within(run.feed([1])).await.unwrap();
    let mut shown = Vec::new();
    while shown.len() < 3 {
        let event = within(events.next()).await.unwrap();
        let worker = event.worker_id();
        shown.push((event.item_id, event.status, worker));
    }
    let item = || ItemId::Number(0);
    assert_eq!(
        shown,
        [
            (item(), Status::Queued, None),
            (item(), Status::InProgress, Some(0)),
            (item(), Status::Completed, Some(0))
        ]
    );
    assert_eq!(values(within(run.join()).await), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_subscriber_misses_the_oldest_events_and_knows_how_many() {
    let tracker = StatusTracker::new();
    let mut slow = tracker.subscribe();
    let etl = pipeline!(add_one).observe(tracker.clone());
    assert_eq!(values(within(etl.run(0..3000)).await.unwrap()).len(), 3000);
    let events = here(&mut slow).await;
    assert_eq!(slow.missed() + events.len() as u64, 3000 * 3);
    assert!(slow.missed() > 0 && events.len() > 1000);
    let last: &StatusEvent = events.last().unwrap();
    assert_eq!((last.sequence_id, last.status), (2999, Status::Completed));
    assert_eq!(tracker.stats().completed, 3000, "the tracker misses none");
    // It is up to date again.
    within(etl.run([1])).await.unwrap();
    let missed = slow.missed();
    assert_eq!((here(&mut slow).await.len(), slow.missed()), (3, missed));
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_is_gone_leaves_the_others_and_the_run_alone() {
    let tracker = StatusTracker::new().with_history(History::Off);
    let (gone, mut tasks) = (tracker.subscribe(), tracker.subscribe_tasks());
    drop(gone);
    let etl = pipeline!(flaky).observe(tracker.clone());
    let values = values(within(etl.run(0..9)).await.unwrap());
    assert!(values.into_iter().eq(0..9));
    let kinds = here(&mut tasks).await.into_iter().map(|event| event.kind);
    let kinds: Vec<_> = kinds.collect();
    let of = |kind| kinds.iter().filter(|one| **one == kind).count();
    use TaskEventKind::{Complete, Fail, Retry, Start};
    assert_eq!([Start, Complete, Retry, Fail].map(of), [12, 9, 3, 0]);
}

#[tokio::test(start_paused = true)]
async fn the_stream_ends_with_the_tracker() {
    let tracker = StatusTracker::new();
    let seen = Log::new();
    let (events, log) = (tracker.subscribe(), seen.clone());
    let display = tokio::spawn(events.for_each(move |event| {
        log.push(event.status);
        async {}
    }));
    within(pipeline!(add_one).observe(tracker.clone()).run(0..5))
        .await
        .unwrap();
    quiet().await;
    assert_eq!(seen.len(), 15);
    assert!(!display.is_finished(), "there may be another run");
    drop(tracker);
    within(display).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_subscriber_that_keeps_up_hears_everything_from_many_threads() {
    let tracker = StatusTracker::new();
    let mut events = tracker.subscribe();
    let listening = tokio::spawn(async move {
        let mut open = std::collections::BTreeMap::<u64, Vec<Status>>::new();
        while let Some(event) = events.next().await {
            open.entry(event.sequence_id)
                .or_default()
                .push(event.status);
        }
        (open, events.missed())
    });
    let etl = pipeline!(flaky.workers(4)).observe(tracker.clone());
    let results = within(etl.run(0..1000)).await.unwrap();
    assert_eq!(values(results).len(), 1000);
    drop((etl, tracker));
    let (items, missed) = within(listening).await.unwrap();
    assert_eq!((items.len(), missed), (1000, 0));
    use Status::{Completed, InProgress, Queued, Retrying};
    for (item, statuses) in items {
        if item.is_multiple_of(3) {
            assert_eq!(
                statuses,
                [Queued, InProgress, Retrying, InProgress, Completed]
            );
        } else {
            assert_eq!(statuses, [Queued, InProgress, Completed]);
        }
    }
}
