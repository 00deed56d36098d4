//! A tracker's history is what an observer of every event would have heard, whether or not there was one.

use antflow::event::{Status, StatusEvent};
use antflow::{History, Item, ItemId, StatusTracker, TaskContext, pipeline, stage};
use antflow_tests::{Boom, Recorder, quiet, seconds, within};

fn is_fourth(item: &u64) -> bool {
    item.is_multiple_of(4)
}

#[stage(workers = 2)]
async fn load(item: u64) -> u64 {
    item
}

#[stage(workers = 3, skip_if = is_fourth, retry = "per_task", attempts = 2, wait = "1s")]
async fn check(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    fails(item, cx, 3)
}

#[stage(
    workers = 3,
    retry = "per_stage",
    attempts = 3,
    wait = "1s",
    on_wait = "release"
)]
async fn store(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    fails(item, cx, 5)
}

/// Every `nth` item fails: in its first attempt, or in all.
fn fails(item: u64, cx: &TaskContext, nth: u64) -> Result<u64, Boom> {
    match item % (3 * nth) {
        0 if item > 0 => Err(Boom(item)),
        rest if rest % nth == 1 && cx.attempt() == 1 => Err(Boom(item)),
        _ => Ok(item),
    }
}

/// An event as a line, as the recorder has it.
fn line(event: &StatusEvent) -> String {
    match &event.worker {
        Some(worker) => format!("{} {} {worker}", event.stage, event.status),
        None => format!("{} {}", event.stage, event.status),
    }
}

fn lines(tracker: &StatusTracker, id: impl Into<ItemId>) -> Vec<String> {
    tracker.history(id).iter().map(line).collect()
}

#[tokio::test(start_paused = true)]
async fn it_is_what_an_observer_heard() {
    let (tracker, recorder) = (StatusTracker::new(), Recorder::new());
    let etl = pipeline!(load >> check >> store)
        .observe(tracker.clone())
        .observe(recorder.clone());
    let results = within(etl.run(0..200)).await.unwrap();
    assert_eq!(results.len(), 200);
    for item in 0..200 {
        assert_eq!(
            lines(&tracker, item),
            recorder.status_lines(item),
            "item {item}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_the_same_where_nobody_listens() {
    let (alone, watched) = (StatusTracker::new(), StatusTracker::new());
    let etl = pipeline!(load >> check >> store);
    within(etl.clone().observe(alone.clone()).run(0..200))
        .await
        .unwrap();
    let both = etl.observe(watched.clone()).observe(Recorder::new());
    within(both.run(0..200)).await.unwrap();
    let statuses = |tracker: &StatusTracker, item: u64| -> Vec<_> {
        let history = tracker.history(item);
        history
            .into_iter()
            .map(|event| (event.stage, event.status))
            .collect()
    };
    for item in 0..200 {
        assert_eq!(
            statuses(&alone, item),
            statuses(&watched, item),
            "item {item}"
        );
    }
    assert_eq!(alone.stats(), watched.stats());
}

#[tokio::test(start_paused = true)]
async fn every_event_comes_at_its_time_or_later() {
    let tracker = StatusTracker::new();
    let etl = pipeline!(load >> check >> store).observe(tracker.clone());
    within(etl.run(0..200)).await.unwrap();
    for item in 0..200_u64 {
        let history = tracker.history(item);
        assert!(
            history.is_sorted_by_key(|event| event.timestamp),
            "{history:#?}"
        );
        for event in &history {
            let begun = !matches!(event.status, Status::Queued | Status::InProgress);
            assert_eq!(event.started.is_some(), begun, "{event:?}");
            assert_eq!(event.duration().is_some(), begun, "{event:?}");
        }
    }
}

#[stage(workers = 2)]
async fn wait(item: u64) -> u64 {
    tokio::time::sleep(seconds(item)).await;
    item
}

#[tokio::test(start_paused = true)]
async fn an_item_on_its_way_is_where_it_is() {
    let tracker = StatusTracker::new();
    let run = pipeline!(load.workers(1) >> wait)
        .observe(tracker.clone())
        .start()
        .unwrap();
    within(run.feed([0, 5, 5, 5])).await.unwrap();
    quiet().await;
    let last = |item: u64| {
        tracker
            .status(item)
            .map(|event| (event.stage.to_string(), event.status))
    };
    let at = |stage: &str, status| Some((stage.to_owned(), status));
    assert_eq!(last(0), at("Wait", Status::Completed));
    assert_eq!(last(1), at("Wait", Status::InProgress));
    assert_eq!(last(3), at("Wait", Status::Queued));
    assert_eq!(last(4), None);
    let stats = tracker.stats();
    assert_eq!(
        (stats.completed, stats.in_progress, stats.queued),
        (1, 2, 1)
    );
    assert_eq!(tracker.by_status(Status::InProgress).len(), 2);
    assert_eq!(tracker.by_status(Status::Queued)[0].sequence_id, 3);
    within(run.shutdown()).await;
    assert_eq!(last(1), at("Wait", Status::Cancelled));
    assert_eq!(
        lines(&tracker, 3),
        [
            "Load queued",
            "Load in_progress Load-W0",
            "Load completed Load-W0",
            "Wait queued",
            "Wait cancelled"
        ]
    );
    assert_eq!(tracker.stats().cancelled, 3);
    assert_eq!(tracker.stats().total(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_waits_for_its_next_attempt_is_retrying() {
    let tracker = StatusTracker::new();
    let etl = pipeline!(check >> store).observe(tracker.clone());
    let run = etl.start().unwrap();
    // One waits in the hand of a worker, the other one without.
    within(run.feed([1, 6])).await.unwrap();
    quiet().await;
    assert_eq!(tracker.by_status(Status::Retrying).len(), 2);
    let stats = tracker.stats();
    assert_eq!((stats.retrying, stats.in_progress, stats.queued), (2, 0, 0));
    within(run.join()).await;
    assert_eq!(tracker.stats().completed, 2);
}

#[tokio::test(start_paused = true)]
async fn an_item_fed_in_the_middle_begins_there() {
    let tracker = StatusTracker::new();
    let run = pipeline!(load >> wait)
        .observe(tracker.clone())
        .start()
        .unwrap();
    within(run.feed_at::<wait>([1])).await.unwrap();
    within(run.join()).await;
    assert_eq!(
        lines(&tracker, 0),
        [
            "Wait queued",
            "Wait in_progress Wait-W0",
            "Wait completed Wait-W0"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_id_that_repeats_has_the_history_of_all_its_items() {
    let tracker = StatusTracker::new();
    let twice = pipeline!(load).observe(tracker.clone());
    for _ in 0..2 {
        let items = [
            Item::new(1).id("one"),
            Item::new(2).id("one"),
            Item::new(3).id(7),
        ];
        within(twice.run(items)).await.unwrap();
    }
    let history = tracker.history("one");
    let items: Vec<_> = history
        .iter()
        .map(|event| (event.run, event.sequence_id))
        .collect();
    let runs = [history[0].run, history[11].run];
    assert_ne!(runs[0], runs[1]);
    let expected: Vec<_> = [(0, 0), (0, 1), (1, 0), (1, 1)]
        .into_iter()
        .flat_map(|(run, item)| std::iter::repeat_n((runs[run], item), 3))
        .collect();
    assert_eq!(items, expected);
    let last = tracker.status("one").unwrap();
    assert_eq!((last.run, last.sequence_id), (runs[1], 1));
    // A number is an id of its own as well as that of an item without one.
    assert_eq!(tracker.history(7).len(), 6);
    assert!(tracker.status(2).is_none(), "no item has this id");
    assert_eq!(
        tracker.tracked_ids(),
        [ItemId::from("one"), ItemId::from(7)]
    );
    assert_eq!(tracker.stats().completed, 6);
}

#[tokio::test(start_paused = true)]
async fn only_the_last_items_are_kept_where_only_those_are_wanted() {
    let tracker = StatusTracker::new().with_history(History::Last(4));
    let etl = pipeline!(load >> check >> store).observe(tracker.clone());
    for _ in 0..3 {
        within(etl.run(0..1000)).await.unwrap();
    }
    let kept = tracker.tracked_ids();
    assert_eq!(kept.len(), 4, "{kept:?}");
    assert!(
        kept.iter()
            .all(|id| !tracker.history(id.clone()).is_empty())
    );
    assert!(tracker.history(0).is_empty());
    assert_eq!(tracker.failed_items().len(), 4);
    let stats = tracker.stats();
    assert_eq!(stats.total(), 3000);
    assert_eq!(tracker.error_summary().total_failed, stats.failed);
}

#[stage(workers = 2, ordered)]
async fn publish(item: u64) -> u64 {
    if item == 0 {
        std::future::pending::<()>().await;
    }
    item
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_cancelled_after_its_last_stage_is_one_of_the_last() {
    let tracker = StatusTracker::new().with_history(History::Last(2));
    let run = pipeline!(publish).observe(tracker.clone()).start().unwrap();
    within(run.feed([0, 1])).await.unwrap();
    quiet().await;
    within(run.shutdown()).await;
    // The second item was done and waited for the first one, which never was.
    for (id, statuses) in [
        (
            0,
            [Status::Queued, Status::InProgress, Status::Cancelled].as_slice(),
        ),
        (
            1,
            &[
                Status::Queued,
                Status::InProgress,
                Status::Completed,
                Status::Cancelled,
            ],
        ),
    ] {
        let events = tracker.history(id);
        let heard: Vec<_> = events.iter().map(|event| event.status).collect();
        assert_eq!(heard, statuses, "of item {id}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_history_the_counts_are_all_there() {
    let (none, full) = (
        StatusTracker::new().with_history(History::Off),
        StatusTracker::new(),
    );
    let etl = pipeline!(load >> check >> store);
    within(etl.clone().observe(none.clone()).run(0..500))
        .await
        .unwrap();
    within(etl.observe(full.clone()).run(0..500)).await.unwrap();
    assert_eq!(none.stats(), full.stats());
    let (few, all) = (none.error_summary(), full.error_summary());
    assert_eq!(few.errors_by_stage, all.errors_by_stage);
    assert_eq!(few.total_failed, all.failed_items.len() as u64);
    assert_eq!(few.failed_items.len(), 32);
    assert!(none.tracked_ids().is_empty() && none.history(3).is_empty());
}
