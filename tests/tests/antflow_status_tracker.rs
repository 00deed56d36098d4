//! What the documents say of asking a tracker: how many items are where, what became of one, and what is kept.

use antflow::event::{Status, StatusEvent};
use antflow::{BoxError, Cancelled, History, Item, ItemId, StatusTracker, pipeline, stage};
use antflow_tests::{Boom, add_one, double, panic_quietly, quiet, seconds, values, within};

#[stage(name = "Stage1", retry = "per_task", attempts = 2, wait = "0s")]
async fn not_three(item: u64) -> Result<u64, Boom> {
    if item == 3 { Err(Boom(3)) } else { Ok(item) }
}

fn statuses(events: &[StatusEvent]) -> Vec<Status> {
    events.iter().map(|event| event.status).collect()
}

#[tokio::test(start_paused = true)]
async fn all_items_of_a_run_are_counted_as_completed() {
    let tracker = StatusTracker::new();
    let etl = pipeline!(add_one >> double).observe(tracker.clone());
    assert_eq!(values(within(etl.run(0..10)).await.unwrap()).len(), 10);
    let stats = tracker.stats();
    assert_eq!((stats.completed, stats.total()), (10, 10));
}

#[tokio::test(start_paused = true)]
async fn three_that_succeed_and_one_that_fails_leave_nothing_under_way() {
    let tracker = StatusTracker::new();
    let etl = pipeline!(not_three).observe(tracker.clone());
    within(etl.run(1..5)).await.unwrap();
    let stats = tracker.stats();
    assert_eq!((stats.completed, stats.failed), (3, 1));
    assert_eq!((stats.queued, stats.in_progress), (0, 0));
    assert_eq!(stats.total(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_first_event_of_an_item_says_that_it_is_queued_and_where() {
    let tracker = StatusTracker::new();
    let etl = pipeline!(not_three).observe(tracker.clone());
    within(etl.run([7])).await.unwrap();
    let first = &tracker.history(0)[0];
    assert_eq!(first.status, Status::Queued);
    assert_eq!(&*first.stage, "Stage1");
    assert!(first.worker.is_none() && first.worker_id().is_none());
}

#[tokio::test(start_paused = true)]
async fn asked_by_status_it_gives_the_items_that_are_in_it_with_their_errors() {
    let tracker = StatusTracker::new();
    let etl = pipeline!(not_three).observe(tracker.clone());
    within(etl.run(1..5)).await.unwrap();
    let [failed] = &tracker.by_status(Status::Failed)[..] else {
        panic!("{tracker:?}");
    };
    assert_eq!(failed.item_id, ItemId::Number(2));
    let error = failed.error.as_ref().unwrap();
    assert_eq!(error.downcast_ref(), Some(&Boom(3)));
    let completed = tracker.by_status(Status::Completed);
    let items: Vec<_> = completed.iter().map(|event| event.sequence_id).collect();
    assert_eq!(items, [0, 1, 3]);
    assert!(tracker.by_status(Status::Queued).is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_history_of_an_item_goes_through_both_stages() {
    let tracker = StatusTracker::new();
    let etl = pipeline!(add_one >> double).observe(tracker.clone());
    within(etl.run(0..5)).await.unwrap();
    for item in 0..5 {
        let history = tracker.history(item);
        use Status::{Completed, InProgress, Queued};
        assert_eq!(
            statuses(&history),
            [Queued, InProgress, Completed, Queued, InProgress, Completed]
        );
        let stages = history.iter().map(|event| &*event.stage);
        assert!(stages.eq([["AddOne"; 3], ["Double"; 3]].concat()));
    }
    assert!(tracker.history(5).is_empty(), "there is no such item");
}

#[tokio::test(start_paused = true)]
async fn the_status_of_item_0_is_its_last_event() {
    let tracker = StatusTracker::new();
    let etl = pipeline!(add_one >> double).observe(tracker.clone());
    within(etl.run(0..3)).await.unwrap();
    let last = tracker.status(0).unwrap();
    assert_eq!((last.status, &*last.stage), (Status::Completed, "Double"));
    assert_eq!(last.item_id, ItemId::Number(0));
    assert!(tracker.status(3).is_none(), "there is no such item");
}

#[tokio::test(start_paused = true)]
async fn items_are_found_by_the_texts_that_they_are_fed_with() {
    let tracker = StatusTracker::new();
    let names = ["batch_0001", "user_12345", "batch_0002"];
    let items = names.map(|id| Item::new(3).id(id).metadata("page", 7));
    let etl = pipeline!(not_three).observe(tracker.clone());
    within(etl.run(items)).await.unwrap();
    assert_eq!(tracker.tracked_ids(), names.map(ItemId::from));
    let last = tracker.status("user_12345").unwrap();
    assert_eq!((last.sequence_id, last.status), (1, Status::Failed));
    assert!(last.metadata.get("page").is_some());
    assert!(tracker.status(1).is_none(), "it has another id");
}

fn passes(item: &u64) -> bool {
    *item == 4
}

/// Ends each item in another way.
#[stage(workers = 2, skip_if = passes, retry = "per_task", wait = "10s")]
async fn sort(item: u64) -> Result<u64, BoxError> {
    match item {
        2 => return Err(Boom(item).into()),
        3 => panic_quietly("three"),
        5 => return Err(Cancelled.into()),
        6.. => tokio::time::sleep(seconds(5)).await,
        _ => {}
    }
    Ok(item)
}

#[tokio::test(start_paused = true)]
async fn there_is_a_count_for_every_status_and_the_items_of_it() {
    let tracker = StatusTracker::new();
    let run = pipeline!(sort).observe(tracker.clone()).start().unwrap();
    within(run.feed([1, 3, 4, 5, 2, 6, 7])).await.unwrap();
    quiet().await;
    use Status::{Cancelled, Completed, Failed, InProgress, Queued, Retrying, Skipped};
    let at = |status: Status| -> Vec<u64> {
        let items = tracker.by_status(status);
        items.iter().map(|event| event.sequence_id).collect()
    };
    let expected = [
        (Queued, 6),
        (InProgress, 5),
        (Completed, 0),
        (Retrying, 4),
        (Failed, 1),
        (Skipped, 2),
        (Cancelled, 3),
    ];
    assert!(
        tracker
            .stats()
            .iter()
            .eq(expected.map(|(status, _)| (status, 1)))
    );
    for (status, item) in expected {
        assert_eq!(at(status), [item], "{status}");
        assert_eq!(tracker.status(item).unwrap().status, status);
    }
    within(run.join()).await;
    let stats = tracker.stats();
    assert_eq!((stats.completed, stats.failed, stats.total()), (3, 2, 7));
    assert_eq!(
        (stats[Skipped], stats[Cancelled], stats[Retrying]),
        (1, 1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn one_tracker_on_two_pipelines_tells_their_items_apart() {
    let tracker = StatusTracker::new();
    let first = pipeline!(not_three).observe(tracker.clone());
    let second = pipeline!(double).observe(tracker.clone());
    let (one, other) = tokio::join!(within(first.run(2..5)), within(second.run(0..4)));
    assert_eq!((one.unwrap().len(), other.unwrap().len()), (3, 4));
    let stats = tracker.stats();
    assert_eq!((stats.completed, stats.failed, stats.total()), (6, 1, 7));
    let history = tracker.history(1);
    let stages: Vec<_> = history.iter().map(|event| &*event.stage).collect();
    let runs: Vec<_> = history.iter().map(|event| event.run).collect();
    assert_eq!(stages, [["Stage1"; 5].as_slice(), &["Double"; 3]].concat());
    assert_ne!(runs[0], runs[5]);
    assert_eq!(tracker.by_status(Status::Failed)[0].run, runs[0]);
    assert_eq!(tracker.tracked_ids().len(), 4, "an id is listed once");
}

#[tokio::test(start_paused = true)]
async fn items_of_one_id_are_two_items_with_one_history_behind_the_other() {
    let tracker = StatusTracker::new();
    let twins = [2, 3].map(|value| Item::new(value).id("twin"));
    let etl = pipeline!(not_three).observe(tracker.clone());
    within(etl.run(twins)).await.unwrap();
    assert_eq!(tracker.stats().total(), 2);
    assert_eq!(tracker.by_status(Status::Completed).len(), 1);
    assert_eq!(tracker.by_status(Status::Failed).len(), 1);
    let items = tracker.history("twin").into_iter();
    let items: Vec<_> = items.map(|event| event.sequence_id).collect();
    assert_eq!(items, [0, 0, 0, 1, 1, 1, 1, 1]);
    assert_eq!(tracker.status("twin").unwrap().status, Status::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_tracker_keeps_everything_the_last_items_or_nothing_as_it_is_told() {
    let all: Vec<ItemId> = (0..20_u64).map(ItemId::from).collect();
    for (history, kept) in [
        (History::Full, &all[..]),
        (History::Last(3), &all[17..]),
        (History::Off, &[]),
    ] {
        let tracker = StatusTracker::new().with_history(history);
        let etl = pipeline!(not_three).observe(tracker.clone());
        within(etl.run(0..20)).await.unwrap();
        assert_eq!(tracker.tracked_ids(), kept, "{history:?}");
        for id in &all {
            let is_kept = kept.contains(id);
            assert_eq!(tracker.status(id.clone()).is_some(), is_kept);
            assert_eq!(!tracker.history(id.clone()).is_empty(), is_kept);
        }
        let stats = tracker.stats();
        assert_eq!((stats.completed, stats.failed), (19, 1), "{history:?}");
        assert_eq!(tracker.failed_items().len(), 1);
    }
}
