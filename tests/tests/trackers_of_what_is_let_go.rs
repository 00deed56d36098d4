//! What a tracker and the errors say of items that are let go, are divided or fail between two stages.

use antflow::event::Status::{Completed, Failed, InProgress, Queued};
use antflow::{History, Item, Pipeline, Retry, StatusTracker, from_fn, stage};
use antflow_tests::{Boom, Outcome, Recorder, millis, outcomes, panic_quietly, values, within};

#[stage]
async fn enter(n: u32) -> u32 {
    n
}

/// Panics at 1, and keeps what is more.
fn keep(n: &u32) -> bool {
    if *n == 1 {
        panic_quietly("one");
    }
    *n > 1
}

#[tokio::test(start_paused = true)]
async fn a_filter_at_the_end_that_panics_is_the_last_that_is_known_of_an_item() {
    let (tracker, recorder) = (StatusTracker::new(), Recorder::new());
    let etl = Pipeline::builder().stage(enter {}).filter(keep);
    let run = etl.observe(tracker.clone()).observe(recorder.clone());
    let run = run.start().unwrap();
    run.feed(0..3).await.unwrap();
    let results = within(run.join()).await;
    use Outcome::{Completed as Done, Panicked};
    assert_eq!(outcomes(&results), [Done, Panicked, Done]);
    let statuses = |item: u64| tracker.history(item).into_iter().map(|event| event.status);
    for item in [0, 2] {
        assert_eq!(
            statuses(item).collect::<Vec<_>>(),
            [Queued, InProgress, Completed]
        );
    }
    assert_eq!(
        statuses(1).collect::<Vec<_>>(),
        [Queued, InProgress, Completed, Failed]
    );
    assert_eq!(tracker.by_status(Failed).len(), 1);
    assert_eq!(tracker.by_status(Completed).len(), 2);
    assert_eq!(recorder.status_lines(1).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_bounded_history_forgets_what_was_let_go() {
    let tracker = StatusTracker::new().with_history(History::Last(3));
    let etl = Pipeline::builder()
        .stage(enter {})
        .filter(|n| keep(&(n % 3)));
    let run = etl.observe(tracker.clone()).start().unwrap();
    let items = (0..50).map(|n| Item::new(n).id(format!("item {n}")));
    run.feed(items).await.unwrap();
    assert_eq!(within(run.join()).await.len(), 50);
    assert_eq!(tracker.tracked_ids().len(), 3);
    let known = (0..50_u64).filter(|item| tracker.status(*item).is_some());
    assert_eq!(known.count(), 0, "they have ids of their own");
}

#[tokio::test(start_paused = true)]
async fn a_part_that_fails_tells_of_the_attempts_of_its_item() {
    let flaky = from_fn("Flaky", {
        let tries = std::sync::atomic::AtomicU32::new(0);
        move |n: u32| {
            let attempt = tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            async move { if attempt < 2 { Err(Boom(1)) } else { Ok(n) } }
        }
    });
    let flaky = flaky.retry(Retry::per_stage().attempts(3).wait(millis(1)));
    let broken = |n: u32| (0..n).inspect(|n| assert!(*n != 1 || keep(n)));
    let etl = Pipeline::builder().stage(flaky).flat_map(broken);
    let parts = values(within(etl.run([3])).await.unwrap()).remove(0);
    assert_eq!(parts.len(), 2);
    let error = parts[1].as_ref().unwrap_err();
    assert_eq!(
        (error.stage(), error.task(), error.attempts()),
        ("Flaky", Some("flat_map"), 3)
    );
}
