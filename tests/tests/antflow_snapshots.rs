//! What the documents say of snapshots: all that a display needs, at one moment, and the numbers fit each other.

use std::time::{Duration, SystemTime};

use antflow::event::Status;
use antflow::{DashboardSnapshot, Item, StageStats, StatusTracker, pipeline, stage};
use antflow_tests::{Boom, Gauge, Recorder, double, from_attempt, millis, quiet, second, within};

fn stage<'a>(snapshot: &'a DashboardSnapshot, name: &str) -> &'a StageStats {
    let stage = snapshot.pipeline_stats.stage(name);
    stage.unwrap_or_else(|| panic!("no stage {name}"))
}

/// What is true of every snapshot of a run at rest, or in which nothing moves at the moment.
fn fits(snapshot: &DashboardSnapshot) {
    let stats = &snapshot.pipeline_stats;
    let ended = stats.items_processed + stats.items_failed + stats.items_cancelled;
    assert_eq!(stats.items_submitted, ended + stats.items_in_flight);
    let stages = stats.stage_stats.iter();
    let inside = stages.map(|stage| stage.pending_items + stage.in_progress_items);
    assert_eq!(inside.sum::<usize>() as u64, stats.items_in_flight);
    for stage in &stats.stage_stats {
        let states = snapshot.worker_states.iter();
        let states = states.filter(|state| state.worker.stage() == stage.stage_name);
        assert_eq!(states.clone().count(), stage.workers);
        let busy = states.filter(|state| state.is_busy()).count();
        assert_eq!(busy, stage.in_progress_items);
        let metrics = snapshot.worker_metrics.iter();
        let metrics = metrics.filter(|one| one.worker.stage() == stage.stage_name);
        let done = stage.completed_items + stage.skipped_items;
        assert_eq!(
            metrics.clone().map(|one| one.items_processed).sum::<u64>(),
            done
        );
        assert_eq!(
            metrics.map(|one| one.items_failed).sum::<u64>(),
            stage.failed_items
        );
        assert!(stage.pending_items <= stage.queue_capacity);
    }
    assert_eq!(snapshot.error_summary.total_failed, stats.items_failed);
}

#[tokio::test(start_paused = true)]
async fn the_numbers_of_stages_and_workers_fit_at_every_moment_of_a_run() {
    let etl = pipeline!(double.workers(3).queue(4) >> second.queue(2));
    let run = etl.with_state(Gauge::new()).start().unwrap();
    let items = (0..20).map(|item| Item::new(item).id(format!("item {item}")));
    let watch = async {
        for done in (0..20).step_by(2) {
            tokio::time::sleep(millis(500)).await;
            let snapshot = run.snapshot();
            fits(&snapshot);
            assert_eq!(snapshot.pipeline_stats.items_processed, done);
            assert_eq!(stage(&snapshot, "Second").in_progress_items, 2);
            tokio::time::sleep(millis(500)).await;
        }
    };
    let (fed, ()) = within(async { tokio::join!(run.feed(items), watch) }).await;
    assert_eq!(fed, Ok(20));
    within(run.join()).await;
    let snapshot = run.snapshot();
    fits(&snapshot);
    assert_eq!(snapshot.pipeline_stats.items_in_flight, 0);
    assert_eq!(snapshot.pipeline_stats.items_processed, 20);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_busy_stage_is_pending_there_and_nowhere_else() {
    let etl = pipeline!(double >> second.workers(2)).with_state(Gauge::new());
    let run = etl.start().unwrap();
    within(run.feed(0..7)).await.unwrap();
    quiet().await;
    let snapshot = run.snapshot();
    fits(&snapshot);
    let (first, last) = (stage(&snapshot, "Double"), stage(&snapshot, "Second"));
    assert_eq!((first.pending_items, first.in_progress_items), (0, 0));
    assert_eq!((last.pending_items, last.in_progress_items), (5, 2));
    assert_eq!((first.completed_items, last.completed_items), (7, 0));
    within(run.shutdown()).await;
    fits(&run.snapshot());
    assert_eq!(run.stats().items_cancelled, 7);
}

/// Succeeds at the second attempt.
#[stage(workers = 2, retry = "per_task", attempts = 2, wait = "1s")]
async fn again(item: u64, cx: &antflow::TaskContext) -> Result<u64, Boom> {
    from_attempt(2, item, cx)
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_next_attempt_is_retrying() {
    let run = pipeline!(again).start().unwrap();
    within(run.feed(0..2)).await.unwrap();
    quiet().await;
    let snapshot = run.snapshot();
    assert_eq!(stage(&snapshot, "Again").retrying_items, 2);
    assert_eq!(stage(&snapshot, "Again").retries, 2);
    within(run.join()).await;
    let snapshot = run.snapshot();
    assert_eq!(stage(&snapshot, "Again").retrying_items, 0);
    assert_eq!(stage(&snapshot, "Again").completed_items, 2);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_and_what_a_tracker_says_stay_as_they_were() {
    let tracker = StatusTracker::new();
    let etl = pipeline!(second).with_state(Gauge::new());
    let run = etl.observe(tracker.clone()).start().unwrap();
    within(run.feed(0..4)).await.unwrap();
    quiet().await;
    let (snapshot, counts) = (run.snapshot(), tracker.stats());
    let (mut history, last) = (tracker.history(0), tracker.status(0).unwrap());
    let said = format!("{snapshot:?} {counts:?} {history:?} {last:?}");
    within(run.join()).await;
    assert_eq!(
        said,
        format!("{snapshot:?} {counts:?} {history:?} {last:?}")
    );
    assert_eq!(last.status, Status::InProgress);
    assert_eq!(snapshot.pipeline_stats.items_in_flight, 4);
    // What is done to an answer is not done to the tracker.
    history.clear();
    assert_eq!(tracker.history(0).len(), 3);
    assert_eq!(tracker.stats().completed, 4);
}

#[tokio::test]
async fn a_snapshot_says_of_which_run_it_is_and_when_it_was_taken() {
    let etl = pipeline!(nap);
    let (run, other) = (etl.start().unwrap(), etl.start().unwrap());
    let before = SystemTime::now();
    within(run.feed([30])).await.unwrap();
    tokio::time::sleep(millis(10)).await;
    let first = run.snapshot();
    assert!(before <= first.timestamp && first.timestamp <= SystemTime::now());
    assert!(first.elapsed >= millis(9));
    assert_ne!(first.run, other.snapshot().run);
    within(run.join()).await;
    let end = run.snapshot();
    assert_eq!(end.run, first.run);
    assert!(end.elapsed >= millis(29) && end.elapsed > first.elapsed);
    tokio::time::sleep(millis(10)).await;
    assert_eq!(run.snapshot().elapsed, end.elapsed, "the run has ended");
    within(other.shutdown()).await;
}

#[stage]
async fn nap(pause: u64) -> u64 {
    tokio::time::sleep(millis(pause)).await;
    pause
}

#[tokio::test]
async fn the_wait_in_a_queue_grows_while_items_wait_and_then_stays() {
    let run = pipeline!(nap).start().unwrap();
    let wait = || run.stats().stage_stats[0].average_queue_wait;
    assert_eq!(wait(), Duration::ZERO);
    within(run.feed([60, 0, 0])).await.unwrap();
    let mut last = Duration::ZERO;
    for _ in 0..3 {
        tokio::time::sleep(millis(10)).await;
        assert!(wait() > last, "{:?} after {last:?}", wait());
        last = wait();
    }
    // Two of three have waited for at least 30 ms by now.
    assert!(last >= millis(29) * 2 / 3, "{last:?}");
    within(run.join()).await;
    let end = wait();
    assert!(end >= millis(59) * 2 / 3, "{end:?}");
    tokio::time::sleep(millis(10)).await;
    assert_eq!(wait(), end, "nobody waits any more");
}

#[tokio::test]
async fn the_wait_in_a_queue_is_the_time_between_queued_and_in_progress() {
    let recorder = Recorder::new();
    let etl = pipeline!(double.workers(1) >> nap.named("Slow")).observe(recorder.clone());
    let run = etl.start().unwrap();
    within(run.feed([10, 8, 6, 4, 2])).await.unwrap();
    within(run.join()).await;
    let times = |status: Status| -> Duration {
        let events = recorder.statuses_of(status).into_iter();
        let here = events.filter(|event| &*event.stage == "Slow");
        let since = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH);
        here.map(|event| since(event.timestamp).unwrap()).sum()
    };
    let waited = (times(Status::InProgress) - times(Status::Queued)) / 5;
    let stats = run.stats();
    let [first, slow] = [0, 1].map(|stage| stats.stage_stats[stage].average_queue_wait);
    // 10, 18, 24 and 28 ms, and nothing for the first. The clock is read twice for each event.
    assert!(slow >= millis(78) / 5, "{slow:?}");
    assert!(
        waited / 2 < slow && slow < waited * 2,
        "{slow:?}, {waited:?}"
    );
    assert!(first < slow, "{first:?}, {slow:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn snapshots_of_a_busy_run_never_say_what_cannot_be() {
    let run = pipeline!(double.workers(4) >> again_at_once.workers(4));
    let run = std::sync::Arc::new(run.start().unwrap());
    let watched = std::sync::Arc::clone(&run);
    let watch = tokio::spawn(async move {
        let mut last: Option<DashboardSnapshot> = None;
        loop {
            let snapshot = watched.snapshot();
            let stats = &snapshot.pipeline_stats;
            let ended = stats.items_processed + stats.items_failed + stats.items_cancelled;
            assert!(ended <= stats.items_submitted && stats.items_submitted <= 5000);
            assert!(stats.items_in_flight <= stats.items_submitted - ended);
            for stage in &stats.stage_stats {
                assert!(stage.in_progress_items <= stage.workers);
                assert!(stage.completed_items <= 5000);
            }
            if let Some(last) = &last {
                let was = &last.pipeline_stats;
                assert!(was.items_processed <= stats.items_processed);
                assert!(was.items_submitted <= stats.items_submitted);
                for (was, is) in was.stage_stats.iter().zip(&stats.stage_stats) {
                    assert!(was.completed_items <= is.completed_items);
                    assert!(was.retries <= is.retries);
                }
                assert!(last.elapsed <= snapshot.elapsed);
            }
            if ended == 5000 {
                return;
            }
            last = Some(snapshot);
            tokio::task::yield_now().await;
        }
    });
    within(run.feed(0..5000)).await.unwrap();
    within(watch).await.unwrap();
    within(run.join()).await;
    fits(&run.snapshot());
    assert_eq!(run.stats().stage_stats[1].retries, 5000);
}

/// Succeeds at the second attempt, which follows at once.
#[stage(retry = "per_task", attempts = 2, wait = "0s")]
async fn again_at_once(item: u64, cx: &antflow::TaskContext) -> Result<u64, Boom> {
    from_attempt(2, item, cx)
}
