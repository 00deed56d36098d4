//! Records what runs count and time.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use antflow::RunView;
use antflow::event::{Observer, Pending, Status};
use metrics::Recorder;

mod fold;
mod levels;
mod run;
mod series;

use levels::Levels;
use run::RunMetrics;

/// An observer that records the metrics of a pipeline: every counter, gauge and histogram of [`names`](crate::names),
/// under the name that it is given here.
///
/// Workers count and time for themselves while a run goes on. What they have counted is recorded every second, when
/// [`collect`](Self::collect) is called, and when a run ends: after the run, the counters are what its stats say. The
/// gauges of several runs at once are added up; after the last run they are 0.
///
/// It records with the recorder of the [`metrics`] crate that is installed when a run starts, whichever that is, or with
/// [one of its own](Self::with_recorder). Clones are one observer, also where a clone has another setting: settings are
/// for the runs that start under it. Two observers of one name and recorder that were made apart overwrite each other's
/// gauges, so make one for each name.
///
/// ```
/// use antflow::{pipeline, stage};
/// use antflow_metrics::PipelineMetrics;
///
/// #[stage(workers = 2)]
/// async fn double(x: u32) -> u32 {
///     x * 2
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), antflow::StartError> {
/// let doubling = pipeline!(double).observe(PipelineMetrics::new("doubling"));
/// doubling.run(0..100).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "an observer has to be given to a pipeline"]
pub struct PipelineMetrics {
    settings: Settings,
    /// Shared with those that were made of this one and record with the same recorder.
    runs: Arc<Runs>,
}

/// The runs that have not ended, and those whose last numbers are to be recorded.
#[derive(Default)]
struct Runs(Mutex<Vec<Arc<RunMetrics>>>);

#[derive(Clone)]
struct Settings {
    pipeline: Arc<str>,
    recorder: Option<Arc<dyn Recorder + Send + Sync>>,
    interval: Duration,
    /// So many workers of a stage have series of their own.
    workers: usize,
}

impl Settings {
    /// Calls this with the recorder.
    fn record<T>(&self, call: impl FnOnce(&dyn Recorder) -> T) -> T {
        match &self.recorder {
            Some(recorder) => call(&**recorder),
            None => metrics::with_recorder(call),
        }
    }
}

/// How often the numbers are recorded, if nobody asks for them.
const INTERVAL: Duration = Duration::from_secs(1);

impl PipelineMetrics {
    /// Metrics under this name of a pipeline: a label value, so one of a few that stay the same.
    pub fn new(pipeline: impl Into<Arc<str>>) -> Self {
        Self {
            settings: Settings {
                pipeline: pipeline.into(),
                recorder: None,
                interval: INTERVAL,
                workers: 0,
            },
            runs: Arc::default(),
        }
    }

    /// Records with this recorder. It is for a new observer: runs of this one go on as they are, and are collected by
    /// themselves.
    pub fn with_recorder(self, recorder: Arc<dyn Recorder + Send + Sync>) -> Self {
        let settings = Settings {
            recorder: Some(recorder),
            ..self.settings
        };
        Self {
            settings,
            runs: Arc::default(),
        }
    }

    /// Sets how often the numbers of a run are recorded: every second by default, and at least every millisecond.
    pub fn every(mut self, interval: Duration) -> Self {
        self.settings.interval = interval.max(Duration::from_millis(1));
        self
    }

    /// Records series for each worker of a stage, up to so many; what the others do is recorded as one worker, `other`.
    /// By default there are none, so the number of series does not depend on the number of workers.
    pub fn with_workers(mut self, most: usize) -> Self {
        self.settings.workers = most;
        self
    }

    /// The name of the pipeline.
    #[must_use]
    pub fn pipeline(&self) -> &str {
        &self.settings.pipeline
    }

    /// Records what the runs have counted by now.
    pub fn collect(&self) {
        self.runs.collect();
    }
}

impl Runs {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<RunMetrics>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn collect(&self) {
        // Held to the end, so that gauges are not set to what they were before.
        let mut runs = self.lock();
        let mut levels = Levels::default();
        runs.retain(|run| {
            // Asked first: a run that ends in between is looked at once more.
            let has_ended = run.view().has_ended();
            let stats = run.collect();
            levels.add(run, &stats, has_ended);
            !has_ended
        });
        levels.set();
    }
}

/// The observer of one run.
struct Watch {
    runs: Arc<Runs>,
}

impl Observer for PipelineMetrics {
    fn begin(&self, run: &RunView) -> Option<Arc<dyn Observer>> {
        let runs = &self.runs;
        let metrics = RunMetrics::new(run.clone(), self.settings.clone());
        runs.lock().push(Arc::new(metrics));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let interval = self.settings.interval;
            runtime.spawn(collect_every(interval, run.clone(), Arc::clone(runs)));
        }
        Some(Arc::new(Watch {
            runs: Arc::clone(runs),
        }))
    }
}

/// Collects while a run goes on, and when it has ended.
async fn collect_every(interval: Duration, run: RunView, runs: Arc<Runs>) {
    loop {
        let ended = tokio::time::timeout(interval, run.ended()).await.is_ok();
        runs.collect();
        if ended {
            return;
        }
    }
}

impl Observer for Watch {
    fn wants_status(&self, _: Status) -> bool {
        false
    }

    fn wants_tasks(&self) -> bool {
        false
    }

    fn wants_timings(&self) -> bool {
        true
    }

    fn flush(&self) -> Option<Pending<'_>> {
        Some(Box::pin(async { self.runs.collect() }))
    }
}

impl fmt::Debug for PipelineMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.settings;
        f.debug_struct("PipelineMetrics")
            .field("pipeline", &settings.pipeline)
            .field("interval", &settings.interval)
            .field("workers", &settings.workers)
            .finish_non_exhaustive()
    }
}
