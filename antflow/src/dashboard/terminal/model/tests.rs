use std::time::{Duration, SystemTime};

use super::Model;
use crate::stats::{DashboardSnapshot, ErrorSummary, PipelineStats, RunView, StageStats};

/// A stage of two workers that has done this.
fn stage(name: &str, pending: usize, busy: usize, done: u64) -> StageStats {
    StageStats {
        stage_name: name.to_owned(),
        workers: 2,
        queue_capacity: 10,
        is_paused: false,
        pending_items: pending,
        in_progress_items: busy,
        retrying_items: 0,
        completed_items: done,
        failed_items: 0,
        skipped_items: 0,
        cancelled_items: 0,
        retries: 0,
        average_queue_wait: Duration::ZERO,
        processing_time: Duration::ZERO,
    }
}

/// A snapshot after so many seconds.
async fn snapshot(seconds: u64, total: Option<u64>, stages: Vec<StageStats>) -> DashboardSnapshot {
    let last = stages
        .last()
        .map_or(0, |stage| stage.completed_items + stage.skipped_items);
    let failed = stages.iter().map(|stage| stage.failed_items).sum();
    DashboardSnapshot {
        run: any_run().await.id(),
        pipeline_stats: PipelineStats {
            items_submitted: total.unwrap_or(100),
            items_processed: last,
            items_failed: failed,
            items_cancelled: 0,
            items_in_flight: 0,
            duplicate_ids: 0,
            observer_panics: 0,
            stage_stats: stages,
        },
        worker_states: Vec::new(),
        worker_metrics: Vec::new(),
        error_summary: ErrorSummary::default(),
        total_items: total,
        has_ended: false,
        elapsed: Duration::from_secs(seconds),
        timestamp: SystemTime::now(),
    }
}

/// A run, for its id.
async fn any_run() -> RunView {
    let one = crate::from_fn("Any", async |x: u32| Ok::<_, crate::BoxError>(x));
    let pipeline = crate::Pipeline::builder().stage(one);
    pipeline.start().expect("it is a pipeline").view()
}

#[tokio::test]
async fn an_item_counts_for_each_stage_that_it_has_passed() {
    let stages = vec![
        stage("A", 0, 0, 100),
        stage("B", 0, 0, 50),
        stage("C", 0, 0, 0),
    ];
    let model = Model::of(&snapshot(1, Some(100), stages).await, None, true);
    assert_eq!((model.done(), model.fraction), (0, Some(0.5)));
}

#[tokio::test]
async fn who_fails_early_has_nothing_before_it() {
    let mut first = stage("A", 0, 0, 50);
    first.failed_items = 50;
    let stages = vec![first, stage("B", 0, 0, 50)];
    let model = Model::of(&snapshot(1, Some(100), stages).await, None, true);
    assert_eq!(
        (model.done(), model.failed, model.fraction),
        (100, 50, Some(1.0))
    );
}

#[tokio::test]
async fn who_is_fed_in_the_middle_does_not_hold_the_percent_down() {
    let stages = vec![stage("A", 0, 0, 0), stage("B", 0, 0, 100)];
    let model = Model::of(&snapshot(1, Some(100), stages).await, None, true);
    assert_eq!(model.fraction, Some(1.0));
    // Tasks have fed more than there was at first.
    let mut more = snapshot(1, Some(100), vec![stage("A", 0, 0, 100)]).await;
    more.pipeline_stats.items_submitted = 200;
    let model = Model::of(&more, None, true);
    assert_eq!((model.total, model.fraction), (Some(200), Some(0.5)));
}

#[tokio::test]
async fn no_items_are_all_done() {
    let model = Model::of(
        &snapshot(0, Some(0), vec![stage("A", 0, 0, 0)]).await,
        None,
        true,
    );
    assert_eq!((model.fraction, model.rate), (Some(1.0), 0.0));
}

#[tokio::test]
async fn rates_are_those_between_two_looks_smoothed() {
    let mut model = None;
    for second in 1..=30 {
        let stages = vec![stage("A", 0, 0, second * 10), stage("B", 0, 0, second * 10)];
        let next = snapshot(second, Some(1000), stages).await;
        model = Some(Model::of(&next, model.as_ref(), true));
    }
    let steady = model.expect("there were thirty");
    assert!((steady.rate - 10.0).abs() < 0.01, "{}", steady.rate);
    assert_eq!(steady.stages[0].rate, 10.0);
    let eta = steady.eta.expect("it goes on").as_secs_f64();
    assert!((eta - 70.0).abs() < 0.5, "{eta}");
    // It becomes slower, and is believed after some seconds.
    let stages = vec![stage("A", 0, 0, 300), stage("B", 0, 0, 300)];
    let stuck = Model::of(&snapshot(31, Some(1000), stages).await, Some(&steady), true);
    assert_eq!(stuck.rate_now, 0.0);
    assert!(stuck.rate > 5.0 && stuck.rate < 10.0, "{}", stuck.rate);
    assert!(stuck.eta > steady.eta);
}

#[tokio::test]
async fn without_a_total_there_is_neither_percent_nor_eta() {
    let model = Model::of(
        &snapshot(10, None, vec![stage("A", 0, 0, 50)]).await,
        None,
        true,
    );
    assert_eq!((model.fraction, model.eta, model.rate), (None, None, 5.0));
}

#[tokio::test]
async fn two_looks_at_one_moment_make_no_new_rates() {
    let one = snapshot(10, Some(100), vec![stage("A", 0, 0, 50)]).await;
    let first = Model::of(&one, None, true);
    let second = Model::of(&one, Some(&first), true);
    assert_eq!((first.rate, first.eta), (second.rate, second.eta));
    assert_eq!(first.stages[0].rate, second.stages[0].rate);
}

#[tokio::test]
async fn at_its_end_the_rate_is_that_of_the_whole_run() {
    let mut end = snapshot(20, Some(100), vec![stage("A", 0, 0, 100)]).await;
    end.has_ended = true;
    let model = Model::of(&end, None, true);
    assert_eq!((model.rate, model.eta), (5.0, None));
}

#[tokio::test]
async fn the_bottleneck_is_the_last_busy_stage_that_items_wait_for() {
    let of = async |stages| {
        let snapshot = snapshot(1, Some(100), stages).await;
        let model = Model::of(&snapshot, None, true);
        model.stages.iter().position(|stage| stage.is_bottleneck)
    };
    // B takes its time, A waits for room in it, and C for B.
    let stages = vec![
        stage("A", 3, 2, 50),
        stage("B", 10, 2, 40),
        stage("C", 0, 1, 39),
    ];
    assert_eq!(of(stages).await, Some(1));
    // The first stage takes items where they come from.
    let stages = vec![stage("A", 0, 2, 50), stage("B", 0, 1, 50)];
    assert_eq!(of(stages).await, Some(0));
    let stages = vec![stage("A", 0, 1, 50), stage("B", 0, 1, 50)];
    assert_eq!(of(stages).await, None);
    let stages = vec![stage("A", 9, 2, 50)];
    assert_eq!(of(stages).await, None, "a stage alone holds up nobody");
}
