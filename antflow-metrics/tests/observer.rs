//! What the observer records of a run, with whatever recorder.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use antflow::event::{Callbacks, Overflow, StatusEvent};
use antflow::{BoxError, Cancelled, RunView, StatusTracker, TaskContext, pipeline, stage};
use antflow_metrics::{PipelineMetrics, catalog, labels};
use antflow_tests::{Boom, millis, quiet, seconds, within};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

struct Probe {
    recorder: Arc<DebuggingRecorder>,
    snapshotter: Snapshotter,
}

/// What a recorder has, by the name with the values of the labels behind it.
struct Scrape(BTreeMap<String, DebugValue>);

impl Probe {
    fn new() -> Self {
        let recorder = DebuggingRecorder::new();
        Self {
            snapshotter: recorder.snapshotter(),
            recorder: Arc::new(recorder),
        }
    }

    fn metrics(&self, pipeline: &str) -> PipelineMetrics {
        PipelineMetrics::new(pipeline).with_recorder(self.recorder.clone())
    }

    /// Reads everything. Counters and histograms of this recorder begin at 0 again.
    fn scrape(&self) -> Scrape {
        let all = self.snapshotter.snapshot().into_vec().into_iter();
        let series = all.map(|(key, _, _, value)| {
            let labels = key
                .key()
                .labels()
                .map(|label| format!(" {}", label.value()));
            (
                format!("{}{}", key.key().name(), labels.collect::<String>()),
                value,
            )
        });
        Scrape(series.collect())
    }
}

impl Scrape {
    fn counter(&self, series: &str) -> u64 {
        match self.0.get(series) {
            Some(DebugValue::Counter(count)) => *count,
            other => panic!("{series}: {other:?}"),
        }
    }

    fn gauge(&self, series: &str) -> f64 {
        match self.0.get(series) {
            Some(DebugValue::Gauge(value)) => value.into_inner(),
            other => panic!("{series}: {other:?}"),
        }
    }

    fn count(&self, series: &str) -> usize {
        match self.0.get(series) {
            Some(DebugValue::Histogram(values)) => values.len(),
            other => panic!("{series}: {other:?}"),
        }
    }
}

fn is_ninth(item: &u64) -> bool {
    *item == 9
}

/// Items 1 to 5 do what is said of them, 9 is skipped, all others pass.
#[stage(workers = 2, retry = "per_task", attempts = 3, wait = "1s", timeout = "5s", skip_if = is_ninth)]
async fn behave(item: u64, cx: &TaskContext) -> Result<u64, BoxError> {
    match item {
        1 => Err(Boom(item).into()),
        2 if cx.attempt() < 3 => Err(Boom(item).into()),
        3 => std::panic::resume_unwind(Box::new("planned")),
        4 => pending().await,
        5 => Err(Cancelled.into()),
        _ => Ok(item),
    }
}

#[stage(workers = 3)]
async fn save(item: u64) -> u64 {
    item
}

#[stage(workers = 3)]
async fn hang(item: u64) -> u64 {
    pending::<()>().await;
    item
}

#[tokio::test(start_paused = true)]
async fn the_counters_are_what_the_run_says() {
    let (probe, tracker) = (Probe::new(), StatusTracker::new());
    let run = pipeline!(behave >> save)
        .observe(tracker.clone())
        .observe(probe.metrics("etl"))
        .start()
        .unwrap();
    within(run.feed(0..10)).await.unwrap();
    within(run.join()).await;
    let (scrape, stats) = (probe.scrape(), tracker.stats());
    let items = |outcome| scrape.counter(&format!("antflow_items_total etl {outcome}"));
    assert_eq!(scrape.counter("antflow_items_submitted_total etl"), 10);
    let outcomes = ["completed", "failed", "cancelled"].map(items);
    assert_eq!(outcomes, [6, 3, 1]);
    assert_eq!(outcomes, [stats.completed, stats.failed, stats.cancelled]);
    let stage = |stage: &str| {
        ["completed", "failed", "skipped", "cancelled"].map(|outcome| {
            scrape.counter(&format!("antflow_stage_items_total etl {stage} {outcome}"))
        })
    };
    assert_eq!(
        (stage("Behave"), stage("Save")),
        ([5, 3, 1, 1], [6, 0, 0, 0])
    );
    let attempts = ["ok", "error", "timeout", "panic"].map(|outcome| {
        scrape.counter(&format!(
            "antflow_task_attempts_total etl Behave behave {outcome}"
        ))
    });
    assert_eq!(attempts, [5, 3 + 2 + 1, 3, 1]);
    let retries = scrape.counter("antflow_task_retries_total etl Behave behave");
    assert_eq!(retries, 2 + 2 + 2);
    assert_eq!(scrape.count("antflow_item_duration_seconds etl"), 10);
    assert_eq!(
        scrape.count("antflow_task_duration_seconds etl Behave behave"),
        15
    );
    assert_eq!(scrape.count("antflow_stage_duration_seconds etl Save"), 6);
    let progress = scrape.gauge("antflow_pipeline_last_progress_timestamp_seconds etl");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert!((now.as_secs_f64() - progress).abs() < 60.0, "{progress}");
}

#[tokio::test(start_paused = true)]
async fn everything_is_there_at_zero_before_anything_has_happened() {
    let probe = Probe::new();
    let etl = pipeline!(behave >> save).observe(probe.metrics("etl"));
    let _run = etl.start().unwrap();
    let scrape = probe.scrape();
    let names: Vec<_> = scrape
        .0
        .keys()
        .filter_map(|key| key.split(' ').next())
        .collect();
    for metric in catalog::PIPELINES {
        let of_workers = metric.labels.contains(&labels::WORKER);
        assert_eq!(names.contains(&metric.name), !of_workers, "{}", metric.name);
    }
    for series in [
        "antflow_items_total etl failed",
        "antflow_task_attempts_total etl Save save panic",
        "antflow_events_dropped_total etl callbacks",
    ] {
        assert_eq!(scrape.counter(series), 0);
    }
    assert_eq!(scrape.count("antflow_stage_send_wait_seconds etl Save"), 0);
}

fn gauges(scrape: &Scrape) -> [f64; 5] {
    [
        "antflow_items_in_flight etl",
        "antflow_stage_queue_depth etl Hang",
        "antflow_stage_queue_capacity etl Hang",
        "antflow_stage_workers etl Hang",
        "antflow_stage_workers_busy etl Hang",
    ]
    .map(|series| scrape.gauge(series))
}

#[tokio::test(start_paused = true)]
async fn gauges_are_the_sum_of_the_runs_and_zero_after_the_last() {
    let probe = Probe::new();
    let metrics = probe.metrics("etl");
    let etl = pipeline!(hang).observe(metrics.clone());
    let (first, second) = (etl.start().unwrap(), etl.start().unwrap());
    within(first.feed(0..5)).await.unwrap();
    within(second.feed(0..2)).await.unwrap();
    quiet().await;
    metrics.collect();
    assert_eq!(gauges(&probe.scrape()), [7.0, 2.0, 60.0, 6.0, 5.0]);
    within(first.shutdown()).await;
    assert_eq!(gauges(&probe.scrape()), [2.0, 0.0, 30.0, 3.0, 2.0]);
    drop(second);
    tokio::time::sleep(millis(1)).await;
    assert_eq!(gauges(&probe.scrape()), [0.0; 5]);
}

#[tokio::test(start_paused = true)]
async fn the_numbers_of_a_run_are_recorded_while_it_goes_on() {
    let probe = Probe::new();
    let metrics = probe.metrics("etl").every(seconds(10));
    let run = pipeline!(hang).observe(metrics).start().unwrap();
    within(run.feed(0..5)).await.unwrap();
    quiet().await;
    let submitted = || probe.scrape().counter("antflow_items_submitted_total etl");
    assert_eq!(submitted(), 0);
    tokio::time::sleep(seconds(11)).await;
    assert_eq!(submitted(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_dropped_is_recorded_to_its_end() {
    let probe = Probe::new();
    let run = pipeline!(hang)
        .observe(probe.metrics("etl"))
        .start()
        .unwrap();
    within(run.feed(0..5)).await.unwrap();
    drop(run);
    tokio::time::sleep(millis(1)).await;
    assert_eq!(
        probe.scrape().counter("antflow_items_total etl cancelled"),
        5
    );
}

#[tokio::test(start_paused = true)]
async fn workers_have_series_where_they_are_asked_for_and_no_more_than_that() {
    let probe = Probe::new();
    let metrics = probe.metrics("etl").with_workers(2);
    let etl = pipeline!(save >> hang).observe(metrics.clone());
    let run = etl.start().unwrap();
    within(run.feed(0..20)).await.unwrap();
    quiet().await;
    metrics.collect();
    let scrape = probe.scrape();
    let busy: Vec<_> = scrape
        .0
        .keys()
        .filter_map(|series| series.strip_prefix("antflow_worker_busy etl Hang "))
        .map(|worker| {
            (
                worker,
                scrape.gauge(&format!("antflow_worker_busy etl Hang {worker}")),
            )
        })
        .collect();
    assert_eq!(busy, [("0", 1.0), ("1", 1.0), ("other", 1.0)]);
    let items = ["0", "1", "other"].map(|worker| {
        scrape.counter(&format!(
            "antflow_worker_items_total etl Save {worker} completed"
        ))
    });
    let completed = run.stats().stage_stats[0].completed_items;
    assert_eq!(items.iter().sum::<u64>(), completed);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_workers_have_as_many_series_as_one() {
    let mut counts = Vec::new();
    for workers in [1, 10_000] {
        let probe = Probe::new();
        let etl = pipeline!(save.workers(workers));
        let results = within(etl.observe(probe.metrics("etl")).run(0..100)).await;
        assert_eq!(results.unwrap().len(), 100);
        counts.push(probe.scrape().0.len());
    }
    assert_eq!(counts[0], counts[1]);
}

#[tokio::test(start_paused = true)]
async fn events_that_callbacks_drop_are_counted() {
    let probe = Probe::new();
    let callbacks = Callbacks::new()
        .on_status_change(async |_: StatusEvent| pending::<()>().await)
        .capacity(1)
        .on_overflow(Overflow::Drop);
    let metrics = probe.metrics("etl");
    let etl = pipeline!(save).observe(callbacks.clone());
    let run = etl.observe(metrics.clone()).start().unwrap();
    within(run.feed(0..20)).await.unwrap();
    while run.stats().items_processed < 20 {
        tokio::time::sleep(millis(1)).await;
    }
    metrics.collect();
    let dropped = probe
        .scrape()
        .counter("antflow_events_dropped_total etl callbacks");
    assert!(dropped > 0);
    assert_eq!(dropped, callbacks.dropped());
}

#[tokio::test(start_paused = true)]
async fn without_a_recorder_nothing_happens() {
    let view = Arc::new(OnceLock::<RunView>::new());
    let seen = Arc::clone(&view);
    let etl = pipeline!(save).observe(PipelineMetrics::new("etl"));
    let run = etl.run(0..10).on_start(move |run| drop(seen.set(run)));
    assert_eq!(within(run).await.unwrap().len(), 10);
    let panics = view.get().map(|run| run.stats().observer_panics);
    assert_eq!(panics, Some(0));
}
