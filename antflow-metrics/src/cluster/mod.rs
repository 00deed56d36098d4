//! Records what workers and coordinators of a cluster do.

mod coordinators;
mod values;
mod workers;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use antflow::cluster::coordinator::{CoordinatorObserver, CoordinatorView};
use antflow::cluster::worker::{WorkerEvent, WorkerObserver, WorkerView};
use metrics::Recorder;

use coordinators::Coordinators;
use workers::Workers;

use crate::recording::{Labels, describe};
use crate::{catalog, labels, names};

/// An observer that records the metrics of workers and coordinators: those of
/// [`names::worker`](crate::names::worker) and [`names::coordinator`](crate::names::coordinator).
///
/// Batches, commits, attempts and heartbeats are recorded as they happen. What workers and coordinators count by
/// themselves, and what is in the store, is recorded in an interval; the former also when [`collect`](Self::collect) is
/// called, and when they end. All workers of a process are added up, so that labels are few: roles, and up to a number of
/// [values](Self::with_values) that users choose. After the last worker and the last coordinator, their gauges are 0.
///
/// It records with the recorder of the [`metrics`] crate that is installed when a worker or a coordinator starts, or
/// with [one of its own](Self::with_recorder). Clones are one observer, also where a clone has another setting: settings
/// are for those that start under it.
///
/// ```
/// use antflow::cluster::Cluster;
/// use antflow::stage;
/// use antflow_metrics::ClusterMetrics;
///
/// #[stage]
/// async fn double(x: u32) -> u32 {
///     x * 2
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let metrics = ClusterMetrics::new();
/// let cluster = Cluster::in_memory()?;
/// let coordinator = cluster.coordinator().observe(metrics.clone()).build()?.start();
/// let worker = cluster.worker().role::<double>().observe(metrics).build()?.start().await?;
/// # worker.shutdown().await;
/// # coordinator.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "an observer has to be given to a worker or a coordinator"]
pub struct ClusterMetrics {
    settings: Settings,
    state: Arc<State>,
}

#[derive(Clone)]
struct Settings {
    recorder: Option<Arc<dyn Recorder + Send + Sync>>,
    interval: Duration,
    /// So many values of a label that users choose have series of their own.
    values: usize,
}

#[derive(Default)]
struct State {
    workers: Mutex<Workers>,
    coordinators: Mutex<Coordinators>,
}

/// How often what is in the store is recorded, and what nobody asks for.
const INTERVAL: Duration = Duration::from_secs(5);

/// So many values of a label that users choose have series of their own, if nobody says otherwise.
const VALUES: usize = 50;

impl Settings {
    /// Calls this with the recorder.
    fn record<T>(&self, call: impl FnOnce(&dyn Recorder) -> T) -> T {
        match &self.recorder {
            Some(recorder) => call(&**recorder),
            None => metrics::with_recorder(call),
        }
    }
}

impl ClusterMetrics {
    /// Metrics that are recorded with the recorder of the program.
    pub fn new() -> Self {
        Self {
            settings: Settings {
                recorder: None,
                interval: INTERVAL,
                values: VALUES,
            },
            state: Arc::default(),
        }
    }

    /// Records with this recorder. It is for a new observer: what this one has heard stays where it was recorded.
    pub fn with_recorder(self, recorder: Arc<dyn Recorder + Send + Sync>) -> Self {
        let settings = Settings {
            recorder: Some(recorder),
            ..self.settings
        };
        Self {
            settings,
            state: Arc::default(),
        }
    }

    /// Sets how often coordinators ask their store how much of what there is, and how often numbers are recorded that
    /// nobody asks for: every five seconds by default, and at least every ten milliseconds.
    pub fn every(mut self, interval: Duration) -> Self {
        self.settings.interval = interval.max(Duration::from_millis(10));
        self
    }

    /// Sets how many reason codes and names of reported numbers of each role, and how many roles in the store, have
    /// series of their own: 50 by default. What is beyond is recorded as `other`. The roles of workers are always
    /// recorded by their names.
    pub fn with_values(mut self, most: usize) -> Self {
        self.settings.values = most;
        self
    }

    /// Records what workers and coordinators have counted by now.
    pub fn collect(&self) {
        self.state.collect();
    }
}

impl Default for ClusterMetrics {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    fn workers(&self) -> MutexGuard<'_, Workers> {
        lock(&self.workers)
    }

    fn coordinators(&self) -> MutexGuard<'_, Coordinators> {
        lock(&self.coordinators)
    }

    fn collect(&self) {
        self.workers().collect();
        self.coordinators().collect();
    }
}

/// Tells a recorder what the metrics are, and which version is running.
fn describe_all(recorder: &dyn Recorder) {
    describe(recorder, catalog::ALL);
    let version = Labels::new(recorder, labels::VERSION, env!("CARGO_PKG_VERSION"));
    version.gauge(names::BUILD_INFO).set(1.0);
}

/// Numbers are whole whatever panicked beside them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl WorkerObserver for ClusterMetrics {
    fn begin(&self, worker: &WorkerView) {
        self.state.workers().begin(worker.clone(), &self.settings);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (worker, state) = (worker.clone(), Arc::clone(&self.state));
            let interval = self.settings.interval;
            runtime.spawn(async move {
                while tokio::time::timeout(interval, worker.ended())
                    .await
                    .is_err()
                {
                    state.workers().collect();
                }
                state.workers().collect();
            });
        }
    }

    fn event(&self, event: &WorkerEvent<'_>) {
        self.state.workers().event(event, &self.settings);
    }
}

impl CoordinatorObserver for ClusterMetrics {
    fn begin(&self, coordinator: &CoordinatorView) {
        self.state
            .coordinators()
            .begin(coordinator.clone(), &self.settings);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (view, metrics) = (coordinator.clone(), self.clone());
            runtime.spawn(async move {
                tokio::select! {
                    never = metrics.look_on(&view) => match never {},
                    () = view.ended() => metrics.state.coordinators().collect(),
                }
            });
        }
    }

    fn warned(&self, code: &str, _: &str) {
        self.state.coordinators().warned(code);
    }
}

impl ClusterMetrics {
    /// Asks the store again and again how much of what there is.
    async fn look_on(&self, view: &CoordinatorView) -> std::convert::Infallible {
        loop {
            match coordinators::look(view).await {
                Ok(look) => {
                    let mut coordinators = self.state.coordinators();
                    coordinators.set(&look, &self.settings);
                    coordinators.collect();
                }
                // It is seen in the time of the last look, too.
                Err(_) => self.state.coordinators().missed(),
            }
            tokio::time::sleep(self.settings.interval).await;
        }
    }
}

impl fmt::Debug for ClusterMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterMetrics")
            .field("interval", &self.settings.interval)
            .field("values", &self.settings.values)
            .finish_non_exhaustive()
    }
}
