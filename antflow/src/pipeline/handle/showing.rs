use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Handle;
#[cfg(feature = "terminal")]
use crate::dashboard::UPDATE_EVERY;
#[cfg(feature = "terminal")]
use crate::dashboard::terminal::{Detail, TerminalDashboard};
use crate::dashboard::{Dashboard, Watcher};
use crate::stats::{
    DashboardSnapshot, ErrorSummary, PipelineStats, RunView, WorkerMetrics, WorkerState,
};

/// What is seen of the run.
impl<In: Send + 'static, Out: Send + 'static> Handle<In, Out> {
    /// What has happened so far, as a snapshot.
    #[must_use]
    pub fn stats(&self) -> PipelineStats {
        self.view().stats()
    }

    /// What each worker is at, as a snapshot, in the order of stages and workers.
    #[must_use]
    pub fn worker_states(&self) -> Vec<WorkerState> {
        self.view().worker_states()
    }

    /// What each worker has done, as a snapshot, in the order of stages and workers.
    #[must_use]
    pub fn worker_metrics(&self) -> Vec<WorkerMetrics> {
        self.view().worker_metrics()
    }

    /// How many items failed, and of what. Of the failed items it has the last 32.
    #[must_use]
    pub fn error_summary(&self) -> ErrorSummary {
        self.view().error_summary()
    }

    /// All that a dashboard shows, as a snapshot.
    #[must_use]
    pub fn snapshot(&self) -> DashboardSnapshot {
        self.view().snapshot()
    }

    /// Shows the run on a dashboard, which is updated in this interval: 0.1 to 1 second is what people like to see.
    /// The methods that end the run wait until it has shown the end.
    pub fn custom_dashboard(&self, dashboard: impl Dashboard, update_every: Duration) {
        self.show(Box::new(dashboard), None, update_every);
    }

    pub(in super::super) fn show(
        &self,
        dashboard: Box<dyn Dashboard>,
        total_items: Option<u64>,
        update_every: Duration,
    ) {
        let runtime = self.core.shared.runtime();
        let watcher = Watcher::start(runtime, self.view(), dashboard, total_items, update_every);
        self.registry.watchers().push(watcher);
    }

    /// Shows in the terminal how far the run has come, in one line; see [`terminal`](crate::terminal).
    #[cfg(feature = "terminal")]
    pub fn progress(&self) {
        let total = self.view().total_items();
        self.show_in_terminal(TerminalDashboard::progress(), total, UPDATE_EVERY);
    }

    /// Shows the run in the terminal, in this detail; see [`terminal`](crate::terminal). The methods that end the run wait
    /// until it has shown the end.
    ///
    /// ```
    /// use antflow::{Detail, pipeline, stage};
    ///
    /// #[stage]
    /// async fn double(x: u32) -> u32 {
    ///     x * 2
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let run = pipeline!(double).start()?;
    /// run.dashboard(Detail::Full);
    /// run.feed(0..10).await?;
    /// assert_eq!(run.join().await.len(), 10);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "terminal")]
    pub fn dashboard(&self, detail: Detail) {
        let total = self.view().total_items();
        self.show_in_terminal(TerminalDashboard::new(detail), total, UPDATE_EVERY);
    }

    /// As [`show`](Self::show), with keys that pause the run.
    #[cfg(feature = "terminal")]
    pub(in super::super) fn show_in_terminal(
        &self,
        dashboard: TerminalDashboard,
        total_items: Option<u64>,
        update_every: Duration,
    ) {
        let registry = Arc::downgrade(&self.registry);
        let steer = move |is_paused| {
            if let Some(registry) = registry.upgrade() {
                registry.pause(is_paused);
            }
        };
        let dashboard = Box::new(dashboard.with_steering(steer));
        self.show(dashboard, total_items, update_every);
    }

    /// The run, for those who watch it.
    #[must_use]
    pub fn view(&self) -> RunView {
        RunView::new(Arc::clone(&self.core.shared.run))
    }

    /// The names of the workers of each stage.
    #[must_use]
    pub fn worker_names(&self) -> BTreeMap<String, Vec<String>> {
        self.view().worker_names()
    }
}
