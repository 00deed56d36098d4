//! What becomes of items that are copied, divided and let go on their way.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use antflow::event::Status;
use antflow::{
    ConfigError, FeedError, Item, ItemErrorKind, Pipeline, StartError, StatusTracker, TaskContext,
    from_fn, stage,
};
use antflow_tests::{millis, panic_quietly, quiet, record, within};
use tokio::time::{Instant, sleep};

#[stage]
async fn pass(n: u32) -> u32 {
    n
}

#[stage(workers = 2)]
async fn check(n: u32) -> Result<u32, String> {
    if n.is_multiple_of(5) {
        return Err(format!("{n} is not wanted"));
    }
    Ok(n)
}

#[stage(queue = 100)]
async fn slow(n: u32) -> u32 {
    sleep(millis(100)).await;
    n
}

#[stage]
async fn double(n: u32) -> u32 {
    n * 2
}

#[tokio::test(start_paused = true)]
async fn a_slow_branch_does_not_hold_up_the_other() {
    let begun = Instant::now();
    let last = Arc::new(std::sync::Mutex::new(begun));
    let note = Arc::clone(&last);
    let fast = from_fn("Fast", move |n: u32| {
        *note.lock().unwrap() = Instant::now();
        async move { Ok::<_, Infallible>(n) }
    });
    let etl = Pipeline::builder().stage(pass {});
    let etl = etl.tee(|start| (start.stage(slow {}), start.stage(fast)));
    let results = within(etl.run(0..50)).await.unwrap();
    assert_eq!(*last.lock().unwrap(), begun);
    assert_eq!(begun.elapsed(), millis(5000));
    assert!(results.iter().all(antflow::PipelineResult::is_success));
}

#[tokio::test]
async fn a_copy_that_fails_is_in_the_result_of_its_item() {
    let etl = Pipeline::builder().stage(pass {});
    let etl = etl.tee(|start| (start.stage(check {}), start.stage(double {})));
    let run = etl.start().unwrap();
    run.feed([4, 5]).await.unwrap();
    let mut results = within(run.join()).await;
    let (checked, doubled) = results.pop().unwrap().value.unwrap();
    let error = checked.unwrap_err();
    assert_eq!(
        error.to_string(),
        "stage `Check`, task `check`: 5 is not wanted"
    );
    assert_eq!(doubled.unwrap(), 10);
    let (checked, doubled) = results.pop().unwrap().value.unwrap();
    assert_eq!((checked.unwrap(), doubled.unwrap()), (4, 8));
    // The item is complete, and its part is not forgotten.
    let stats = run.stats();
    assert_eq!((stats.items_processed, stats.items_failed), (2, 0));
    assert_eq!(run.view().error_summary().failed_items.len(), 1);
    assert_eq!(stats.stage_stats[1].failed_items, 1);
}

#[tokio::test]
async fn branches_come_together_in_a_stage() {
    let etl = Pipeline::builder().stage(pass {});
    let etl = etl.tee(|start| (start.stage(check {}), start.stage(double {})));
    let add = from_fn("Add", async |n: u32| Ok::<_, Infallible>(n + 1));
    let mut results = within(etl.merge(add).run([5, 6])).await.unwrap();
    let (checked, doubled) = results.pop().unwrap().value.unwrap();
    assert_eq!((checked.unwrap(), doubled.unwrap()), (7, 13));
    let (checked, doubled) = results.pop().unwrap().value.unwrap();
    assert_eq!(checked.unwrap_err().stage(), "Check");
    assert_eq!(doubled.unwrap(), 11);
}

#[tokio::test]
async fn an_item_is_let_go_and_is_complete() {
    let etl = Pipeline::builder().stage(pass {}).filter(|n| n % 2 == 1);
    let run = etl.stage(check {}).start().unwrap();
    run.feed([1, 2, 5]).await.unwrap();
    let results = within(run.join()).await;
    assert_eq!(results[0].value.as_ref().unwrap(), &Some(1));
    assert_eq!(results[1].value.as_ref().unwrap(), &None);
    assert_eq!(
        results[2].error().map(antflow::ItemError::stage),
        Some("Check")
    );
    let stats = run.stats();
    assert_eq!((stats.items_processed, stats.items_failed), (2, 1));
    assert_eq!(stats.stage_stats[1].completed_items, 1);
}

#[tokio::test]
async fn what_panics_between_stages_fails_its_item_alone() {
    let etl = Pipeline::builder().stage(pass {});
    let filtered = etl.clone().filter(|n| {
        if *n == 2 {
            panic_quietly("no twos");
        }
        true
    });
    let results = within(filtered.run([1, 2, 3])).await.unwrap();
    assert!(results[0].is_success() && results[2].is_success());
    let error = results[1].error().unwrap();
    assert_eq!((error.stage(), error.task()), ("Pass", Some("filter")));
    assert!(matches!(error.kind(), ItemErrorKind::Panicked(text) if text == "no twos"));

    let divided = etl.clone().flat_map(|n| {
        if n == 2 {
            panic_quietly("no twos");
        }
        (0..n).inspect(|part| {
            if *part == 2 {
                panic_quietly("no third part");
            }
        })
    });
    let mut results = within(divided.run([1, 2, 4])).await.unwrap();
    let parts = results.pop().unwrap().value.unwrap();
    let values: Vec<_> = parts.iter().map(|part| part.as_ref().ok()).collect();
    assert_eq!(values, [Some(&0), Some(&1), None]);
    assert_eq!(
        results[1].error().and_then(|error| error.task()),
        Some("flat_map")
    );
    assert_eq!(results[0].value.as_ref().unwrap().len(), 1);
}

#[derive(Debug)]
struct Fragile(u32);

impl Clone for Fragile {
    fn clone(&self) -> Self {
        if self.0 == 2 {
            panic_quietly("no copies of twos");
        }
        Self(self.0)
    }
}

#[tokio::test]
async fn a_copy_that_cannot_be_made_has_failed() {
    let wrap = from_fn("Wrap", async |n: u32| Ok::<_, Infallible>(Fragile(n)));
    let read = |name| {
        from_fn(name, async |fragile: Fragile| {
            Ok::<_, Infallible>(fragile.0)
        })
    };
    let etl = Pipeline::builder().stage(wrap);
    let etl = etl.tee(|start| (start.stage(read("Left")), start.stage(read("Right"))));
    let mut results = within(etl.run([1, 2])).await.unwrap();
    let (left, right) = results.pop().unwrap().value.unwrap();
    let error = left.unwrap_err();
    assert_eq!((error.stage(), error.task()), ("Wrap", Some("tee")));
    assert_eq!(right.unwrap(), 2);
    assert!(matches!(results.pop().unwrap().value, Ok((Ok(1), Ok(1)))));
}

#[tokio::test(start_paused = true)]
async fn parts_are_made_as_there_is_room_for_them() {
    let made = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&made);
    let etl = Pipeline::builder().stage(pass {}).flat_map(move |n| {
        let counter = Arc::clone(&counter);
        (0..n).inspect(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        })
    });
    let slow = from_fn("Slow", async |n: u32| {
        sleep(millis(1)).await;
        Ok::<_, Infallible>(n)
    });
    let etl = etl.stage(slow.queue(4));
    let run = tokio::spawn(async move { etl.run([10_000]).await });
    quiet().await;
    assert!(made.load(Ordering::Relaxed) < 10);
    let mut results = within(run).await.unwrap().unwrap();
    let parts = results.pop().unwrap().value.unwrap();
    assert!(parts.into_iter().map(Result::unwrap).eq(0..10_000));
}

#[tokio::test]
async fn an_item_of_no_parts_is_complete() {
    let etl = Pipeline::builder().stage(pass {}).flat_map(|n| 0..n);
    let results = within(etl.stage(check {}).run([0])).await.unwrap();
    assert!(results[0].value.as_ref().unwrap().is_empty());
}

#[tokio::test]
async fn parts_have_the_id_and_the_metadata_of_their_item() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let tracker = StatusTracker::new();
    let etl = Pipeline::builder().stage(pass {}).flat_map(|n| 0..n);
    let etl = etl.stage(named {}).observe(tracker.clone());
    let etl = etl.with_state(count);
    let items = [Item::new(3).id("page").priority(7).metadata("lang", "eo")];
    let results = within(etl.run(items)).await.unwrap();
    assert_eq!(results[0].id, "page");
    assert_eq!(seen.load(Ordering::Relaxed), 3);
    let history = tracker.history("page");
    let of_parts = history.iter().filter(|event| *event.stage == *"Named");
    let statuses: Vec<_> = of_parts.map(|event| event.status).collect();
    for status in [Status::Queued, Status::InProgress, Status::Completed] {
        let count = statuses.iter().filter(|other| **other == status);
        assert_eq!(count.count(), 3, "{history:?}");
    }
    assert_eq!(tracker.by_status(Status::Completed).len(), 1);
}

#[stage]
async fn named(n: u32, cx: &TaskContext, seen: antflow::State<Arc<AtomicUsize>>) -> u32 {
    assert_eq!(cx.item_id(), "page");
    assert!(cx.metadata().get("lang").is_some());
    seen.fetch_add(1, Ordering::Relaxed);
    n
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_keeps_the_parts_that_have_ended() {
    let etl = Pipeline::builder().stage(pass {}).flat_map(|n| 0..n);
    let slow = from_fn("Slow", async |n: u32| {
        sleep(millis(10)).await;
        Ok::<_, Infallible>(n)
    });
    let run = etl.stage(slow.queue(2)).start().unwrap();
    run.feed([100]).await.unwrap();
    sleep(millis(25)).await;
    let mut results = within(run.shutdown()).await;
    let parts = results.pop().unwrap().value.unwrap();
    assert_eq!(parts[0].as_ref().ok(), Some(&0));
    assert_eq!(parts[1].as_ref().ok(), Some(&1));
    assert!(parts.len() < 10);
    for part in &parts[2..] {
        assert!(part.as_ref().unwrap_err().is_cancelled());
    }
}

#[tokio::test]
async fn what_is_fed_behind_a_division_is_an_item_of_one_part() {
    let etl = Pipeline::builder().stage(pass {}).flat_map(|n| 0..n);
    let run = etl.stage(check {}).start().unwrap();
    run.feed_at::<check>([3, 5]).await.unwrap();
    let results = within(run.join()).await;
    let parts = results[0].value.as_ref().unwrap();
    assert!(matches!(parts[..], [Ok(3)]));
    assert_eq!(
        results[1].error().map(antflow::ItemError::stage),
        Some("Check")
    );
}

#[tokio::test]
async fn a_branch_that_gets_copies_cannot_be_fed_alone() {
    let etl = Pipeline::builder().stage(pass {});
    let etl = etl.tee(|start| (start.stage(check {}), start.stage(slow {})));
    let run = etl.merge(double {}).start().unwrap();
    for refused in [
        run.feed_at::<check>([1]).await,
        run.feed_at::<double>([1]).await,
    ] {
        assert!(
            matches!(refused, Err(FeedError::NoWayIn { .. })),
            "{refused:?}"
        );
    }
    run.feed_at::<pass>([1]).await.unwrap();
    assert_eq!(within(run.join()).await.len(), 1);
}

#[tokio::test]
async fn a_broadcast_needs_stages_with_names_of_their_own() {
    let etl = Pipeline::builder().stage(pass {});
    let nobody = etl.clone().broadcast(Vec::<check>::new());
    let refused = nobody.start().map(drop).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "stage `Pass`: it is followed by a broadcast to no stage"
    );
    let twice = etl.broadcast([check {}, check {}]);
    let Err(StartError::Config(mistakes)) = twice.start().map(drop) else {
        panic!("two stages of one name");
    };
    assert_eq!(ConfigError::mistakes(&mistakes).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_paused_branch_goes_on_later() {
    let etl = Pipeline::builder().stage(pass {});
    let etl = etl.tee(|start| (start.stage(check {}), start.stage(double {})));
    let run = etl.start().unwrap();
    run.stage::<double>().unwrap().pause();
    run.feed(0..5).await.unwrap();
    quiet().await;
    let stats = run.stats();
    assert_eq!(stats.items_processed, 0);
    assert_eq!(stats.stage_stats[1].pending_items, 0);
    assert_eq!(stats.stage_stats[2].pending_items, 5);
    run.stage::<double>().unwrap().resume();
    assert_eq!(within(run.join()).await.len(), 5);
}

#[tokio::test]
async fn every_event_of_a_line_with_a_filter_keeps_the_rules() {
    let is_open = Arc::new(AtomicBool::new(true));
    let etl = Pipeline::builder().stage(check {});
    let etl = etl
        .filter(move |_| is_open.load(Ordering::Relaxed))
        .stage(double {});
    let (results, recorder) = record(&etl, 0..10).await;
    assert_eq!(results.len(), 10);
    assert_eq!(
        recorder.status_lines(1),
        [
            "Check queued",
            "Check in_progress Check-W0",
            "Check completed Check-W0",
            "Double queued",
            "Double in_progress Double-W0",
            "Double completed Double-W0",
        ]
    );
}
