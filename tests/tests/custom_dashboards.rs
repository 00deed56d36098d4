//! A dashboard of one's own: when it is called, and that it harms nothing.

use antflow::event::StatusEvent;
use antflow::{
    Dashboard, DashboardSnapshot, PipelineStats, RunView, StatusTracker, pipeline, stage,
};
use antflow_tests::{Boom, Log, Outcome, count, millis, panic_quietly, seconds, within};

#[stage(workers = 2)]
async fn second(item: u64) -> Result<u64, Boom> {
    tokio::time::sleep(seconds(1)).await;
    if item == 3 { Err(Boom(item)) } else { Ok(item) }
}

/// What a dashboard was told.
#[derive(Debug, Clone)]
enum Told {
    Start(Vec<String>, Option<u64>),
    Update(PipelineStats),
    Finish(u64, usize),
}

struct Screen(Log<Told>);

impl Dashboard for Screen {
    fn on_start(&mut self, run: &RunView, total_items: Option<u64>) {
        self.0.push(Told::Start(run.stage_names(), total_items));
    }

    fn on_update(&mut self, snapshot: &DashboardSnapshot) {
        let stats = snapshot.pipeline_stats.clone();
        assert_eq!(snapshot.worker_states.len(), 2);
        assert_eq!(snapshot.worker_metrics.len(), 2);
        self.0.push(Told::Update(stats));
    }

    fn on_finish(&mut self, snapshot: &DashboardSnapshot) {
        let errors = &snapshot.error_summary;
        self.0
            .push(Told::Finish(errors.total_failed, errors.failed_items.len()));
    }
}

/// The stats of the updates, which must come between the start and the finish.
fn updates(told: &Log<Told>) -> Vec<PipelineStats> {
    let told = told.entries();
    assert!(matches!(told.first(), Some(Told::Start(..))), "{told:?}");
    assert!(matches!(told.last(), Some(Told::Finish(..))), "{told:?}");
    let inner = &told[1..told.len() - 1];
    let stats = |told: &Told| match told {
        Told::Update(stats) => stats.clone(),
        other => panic!("{other:?} among the updates"),
    };
    inner.iter().map(stats).collect()
}

#[tokio::test(start_paused = true)]
async fn it_is_told_of_the_start_the_way_and_the_end() {
    let told = Log::new();
    let run = pipeline!(second)
        .run(0..6)
        .custom_dashboard(Screen(told.clone()))
        .update_every(millis(700));
    assert_eq!(within(run).await.unwrap().len(), 6);
    let Told::Start(stages, total) = told.entries().remove(0) else {
        panic!("{told:?}");
    };
    assert_eq!((stages, total), (vec!["Second".to_owned()], Some(6)));
    // It takes three seconds: updates at 0, 0.7, 1.4, 2.1 and 2.8 seconds, and the last one.
    let updates = updates(&told);
    assert_eq!(updates.len(), 5 + 1);
    let done: Vec<_> = updates
        .iter()
        .map(|stats| stats.items_processed + stats.items_failed)
        .collect();
    assert!(done.is_sorted(), "{done:?}");
    assert_eq!((done[0], done[2], *done.last().unwrap()), (0, 2, 6));
    assert!(matches!(told.entries().last(), Some(Told::Finish(1, 1))));
}

#[tokio::test(start_paused = true)]
async fn it_is_updated_while_the_run_is_being_fed() {
    let told = Log::new();
    let run = pipeline!(second.queue(1)).start().unwrap();
    run.custom_dashboard(Screen(told.clone()), millis(100));
    // Feeding takes as long as the items do.
    within(run.feed(0..20)).await.unwrap();
    let fed = told.entries().len();
    assert!(fed > 50, "{fed} calls by then");
    within(run.join()).await;
    assert_eq!(updates(&told).last().unwrap().items_submitted, 20);
}

#[tokio::test(start_paused = true)]
async fn the_last_update_shows_the_end_however_long_the_interval() {
    let told = Log::new();
    let run = pipeline!(second)
        .run(0..2)
        .custom_dashboard(Screen(told.clone()))
        .update_every(seconds(3600));
    within(run).await.unwrap();
    let updates = updates(&told);
    assert_eq!(updates.len(), 2);
    assert_eq!(updates[1].items_processed, 2);
}

#[tokio::test(start_paused = true)]
async fn a_run_without_items_has_a_start_and_an_end_too() {
    let told = Log::new();
    let run = pipeline!(second)
        .run(0..0)
        .custom_dashboard(Screen(told.clone()));
    within(run).await.unwrap();
    assert!(!updates(&told).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_shown_as_well() {
    let told = Log::new();
    let mut results = pipeline!(second)
        .stream((0..6).filter(|item| item % 2 == 0))
        .unwrap()
        .custom_dashboard(Screen(told.clone()))
        .update_every(millis(100));
    while within(results.next()).await.is_some() {}
    assert!(
        matches!(told.entries()[0], Told::Start(_, None)),
        "nobody knows how many there are"
    );
    assert_eq!(updates(&told).last().unwrap().items_submitted, 3);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_dropped_comes_to_its_end_on_the_screen() {
    let told = Log::new();
    let run = pipeline!(second).start().unwrap();
    run.custom_dashboard(Screen(told.clone()), millis(100));
    within(run.feed(0..6)).await.unwrap();
    tokio::time::sleep(millis(250)).await;
    drop(run);
    tokio::time::sleep(millis(250)).await;
    assert_eq!(updates(&told).len(), 3 + 1);
}

#[stage(workers = 500)]
async fn hang(item: u64) -> u64 {
    std::future::pending::<()>().await;
    item
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_in_flight_at_the_end_of_a_run_that_is_dropped() {
    let told = Log::new();
    let run = pipeline!(hang).start().unwrap();
    run.custom_dashboard(Ending(told.clone()), seconds(1));
    within(run.feed(0..500)).await.unwrap();
    while run.stats().stage_stats[0].in_progress_items < 500 {
        tokio::task::yield_now().await;
    }
    drop(run);
    within(async {
        while told.entries().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let last = told.entries().remove(0);
    assert_eq!((last.items_in_flight, last.items_cancelled), (0, 500));
}

/// Keeps the stats of the end.
struct Ending(Log<PipelineStats>);

impl Dashboard for Ending {
    fn on_update(&mut self, _: &DashboardSnapshot) {}

    fn on_finish(&mut self, snapshot: &DashboardSnapshot) {
        self.0.push(snapshot.pipeline_stats.clone());
    }
}

/// Panics when it is called for the `n`th time.
struct Broken(u32);

impl Dashboard for Broken {
    fn on_update(&mut self, _: &DashboardSnapshot) {
        self.0 -= 1;
        if self.0 == 0 {
            panic_quietly("the screen is broken");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_panics_is_counted_and_left_alone() {
    let told = Log::new();
    let run = pipeline!(second).start().unwrap();
    run.custom_dashboard(Broken(2), millis(100));
    run.custom_dashboard(Screen(told.clone()), millis(100));
    within(run.feed([1, 2])).await.unwrap();
    let results = within(run.join()).await;
    assert_eq!(count(&results, Outcome::Completed), 2);
    assert_eq!(run.stats().observer_panics, 1);
    assert!(updates(&told).len() > 10);
}

/// Notes at its end how many entries a log has.
struct Late(Log<()>, Log<usize>);

impl Dashboard for Late {
    fn on_update(&mut self, _: &DashboardSnapshot) {}

    fn on_finish(&mut self, _: &DashboardSnapshot) {
        self.1.push(self.0.len());
    }
}

#[tokio::test(start_paused = true)]
async fn its_end_comes_after_the_callbacks_are_dealt_with() {
    let (heard, seen) = (Log::new(), Log::new());
    let log = heard.clone();
    let tracker = StatusTracker::new().on_status_change(move |_: StatusEvent| {
        let log = log.clone();
        async move {
            tokio::time::sleep(seconds(1)).await;
            log.push(());
        }
    });
    let run = pipeline!(second).run(0..6).observe(tracker);
    within(run.custom_dashboard(Late(heard, seen.clone())))
        .await
        .unwrap();
    assert_eq!(seen.entries(), [6 * 3]);
}

#[tokio::test(start_paused = true)]
async fn polling_and_callbacks_go_side_by_side() {
    let (told, heard) = (Log::new(), Log::new());
    let tracker = {
        let heard = heard.clone();
        StatusTracker::new().on_status_change(move |event: StatusEvent| {
            heard.push(event.status);
        })
    };
    let run = pipeline!(second)
        .observe(tracker.clone())
        .run(0..6)
        .custom_dashboard(Screen(told.clone()));
    within(run).await.unwrap();
    assert_eq!(heard.entries().len(), 6 * 3);
    assert_eq!(
        updates(&told).last().unwrap().items_failed,
        tracker.stats().failed
    );
}
