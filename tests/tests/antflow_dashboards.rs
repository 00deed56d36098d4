//! What the documents say of a dashboard of one's own: it polls, it is told of start and end, and callbacks go on beside.

use antflow::event::{Status, StatusEvent};
use antflow::{
    CancellationToken, Dashboard, DashboardSnapshot, Item, ItemId, RunView, StatusTracker,
    pipeline, stage,
};
use antflow_tests::{Boom, Log, double, millis, seconds, within};

#[stage(workers = 2)]
async fn check(item: u64) -> Result<u64, Boom> {
    tokio::time::sleep(seconds(1)).await;
    if item == 3 { Err(Boom(item)) } else { Ok(item) }
}

/// The one of the documents: percents on the way, and what failed at the end.
struct Percents {
    total: u64,
    lines: Log<String>,
}

impl Percents {
    fn new(lines: &Log<String>) -> Self {
        Self {
            total: 0,
            lines: lines.clone(),
        }
    }
}

impl Dashboard for Percents {
    fn on_start(&mut self, run: &RunView, total_items: Option<u64>) {
        self.total = total_items.expect("it is known");
        let workers: usize = run.worker_names().values().map(Vec::len).sum();
        self.lines
            .push(format!("{} items for {workers} workers", self.total));
    }

    fn on_update(&mut self, snapshot: &DashboardSnapshot) {
        let done = snapshot.pipeline_stats.items_processed;
        self.lines.push(format!("{}%", done * 100 / self.total));
    }

    fn on_finish(&mut self, snapshot: &DashboardSnapshot) {
        let summary = &snapshot.error_summary;
        self.lines.push(format!(
            "{} processed, {} failed",
            snapshot.pipeline_stats.items_processed, summary.total_failed
        ));
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_told_of_the_total_then_of_the_progress_and_then_of_the_end() {
    let lines = Log::new();
    let run = pipeline!(check)
        .run(0..10)
        .custom_dashboard(Percents::new(&lines))
        .update_every(seconds(1));
    within(run).await.unwrap();
    let lines = lines.entries();
    assert_eq!(lines[0], "10 items for 2 workers");
    assert_eq!(lines.last().unwrap(), "9 processed, 1 failed");
    let mut percents = lines[1..lines.len() - 1].to_vec();
    percents.dedup();
    assert_eq!(percents.first().unwrap(), "0%");
    assert_eq!(percents.last().unwrap(), "90%");
    assert!(percents.len() >= 5, "{percents:?}");
}

/// Notes how much was done, each time it is asked to show it.
struct Counter(Log<DashboardSnapshot>);

impl Dashboard for Counter {
    fn on_update(&mut self, snapshot: &DashboardSnapshot) {
        self.0.push(snapshot.clone());
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_updated_twice_a_second_or_as_often_as_it_is_told() {
    for (every, updates) in [(None, 10), (Some(millis(100)), 50), (Some(seconds(1)), 5)] {
        let seen = Log::new();
        let run = pipeline!(check).run(0..10);
        let run = run.custom_dashboard(Counter(seen.clone()));
        let run = match every {
            Some(every) => run.update_every(every),
            None => run,
        };
        within(run).await.unwrap();
        // Those of the beginning and of the end are beside the regular ones.
        let times = seen.len();
        assert!(
            (updates..=updates + 2).contains(&times),
            "{times}: {every:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_it_shows_of_stages_and_workers_fits_and_never_goes_back() {
    let seen = Log::new();
    let items = (0..12).map(|item| Item::new(item).id(format!("item {item}")));
    let run = pipeline!(double >> check)
        .run(items)
        .custom_dashboard(Counter(seen.clone()))
        .update_every(millis(300));
    within(run).await.unwrap();
    let seen = seen.entries();
    let mut last = 0;
    for snapshot in &seen {
        assert_eq!(snapshot.worker_states.len(), 4);
        assert_eq!(snapshot.worker_metrics.len(), 4);
        let stats = &snapshot.pipeline_stats;
        let done = stats.items_processed + stats.items_failed;
        assert!((last..=12).contains(&done));
        last = done;
        let busy = snapshot.worker_states.iter();
        let busy: Vec<_> = busy.filter(|state| state.is_busy()).collect();
        let in_progress = stats.stage_stats.iter();
        let in_progress: usize = in_progress.map(|stage| stage.in_progress_items).sum();
        assert_eq!(busy.len(), in_progress);
        for state in busy {
            let number = state.sequence_id.unwrap();
            let id = ItemId::from(format!("item {number}"));
            assert_eq!(state.current_item, Some(id));
        }
    }
    let end = seen.last().unwrap();
    assert_eq!((last, end.pipeline_stats.items_in_flight), (12, 0));
}

#[tokio::test(start_paused = true)]
async fn several_may_show_one_run() {
    let (lines, seen) = (Log::new(), Log::new());
    let run = pipeline!(check)
        .run(0..4)
        .custom_dashboard(Percents::new(&lines))
        .custom_dashboard(Counter(seen.clone()));
    within(run).await.unwrap();
    assert_eq!(lines.entries().last().unwrap(), "3 processed, 1 failed");
    assert_eq!(
        seen.entries().last().unwrap().pipeline_stats.items_failed,
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_cancelled_comes_to_its_end_on_the_screen() {
    let lines = Log::new();
    let stop = CancellationToken::new();
    let run = pipeline!(check)
        .run(0..10)
        .custom_dashboard(Percents::new(&lines))
        .cancel_on(stop.clone());
    let stopping = async {
        tokio::time::sleep(millis(1500)).await;
        stop.cancel();
    };
    let (results, ()) = within(async { tokio::join!(run, stopping) }).await;
    assert!(results.unwrap().len() < 10);
    assert_eq!(lines.entries().last().unwrap(), "2 processed, 0 failed");
}

#[tokio::test(start_paused = true)]
async fn polling_and_a_log_of_every_event_go_on_beside_each_other() {
    let (lines, log) = (Log::new(), Log::new());
    let stored = log.clone();
    let tracker = StatusTracker::new().on_status_change(move |event: StatusEvent| {
        let stored = stored.clone();
        async move {
            tokio::time::sleep(millis(1)).await;
            stored.push((event.sequence_id, event.status));
        }
    });
    let run = pipeline!(check)
        .observe(tracker.clone())
        .run(0..10)
        .custom_dashboard(Percents::new(&lines))
        .update_every(millis(100));
    within(run).await.unwrap();
    assert_eq!(log.len(), 10 * 3, "nothing is missing in the log");
    assert!(lines.len() > 40, "{}", lines.len());
    assert_eq!(lines.entries().last().unwrap(), "9 processed, 1 failed");
    assert_eq!((tracker.stats().completed, tracker.stats().failed), (9, 1));
}

/// Shows what a tracker knows, besides what it is given.
struct Items {
    tracker: StatusTracker,
    shown: Log<(usize, u64, usize)>,
}

impl Dashboard for Items {
    fn on_update(&mut self, snapshot: &DashboardSnapshot) {
        let known = self.tracker.tracked_ids().len();
        let stats = self.tracker.stats();
        let at_work = self.tracker.by_status(Status::InProgress).len();
        assert_eq!(stats.failed, snapshot.pipeline_stats.items_failed);
        assert_eq!(stats.completed, snapshot.pipeline_stats.items_processed);
        self.shown.push((known, stats.completed, at_work));
    }
}

#[tokio::test(start_paused = true)]
async fn a_dashboard_may_show_the_items_that_a_tracker_knows() {
    let tracker = StatusTracker::new();
    let shown = Log::new();
    let items = Items {
        tracker: tracker.clone(),
        shown: shown.clone(),
    };
    let run = pipeline!(check).observe(tracker).start().unwrap();
    within(run.feed(0..6)).await.unwrap();
    tokio::time::sleep(millis(500)).await;
    run.custom_dashboard(items, seconds(1));
    within(run.join()).await;
    assert_eq!(
        shown.entries(),
        [(6, 0, 2), (6, 2, 2), (6, 3, 2), (6, 5, 0)]
    );
}
