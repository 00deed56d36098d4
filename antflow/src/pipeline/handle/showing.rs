use std::collections::BTreeMap;
use std::time::Duration;

use super::Handle;
use crate::dashboard::Dashboard;
#[cfg(feature = "terminal")]
use crate::dashboard::UPDATE_EVERY;
#[cfg(feature = "terminal")]
use crate::dashboard::terminal::{Detail, TerminalDashboard};
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
        self.registry.show(Box::new(dashboard), None, update_every);
    }

    /// Shows in the terminal how far the run has come, in one line; see [`terminal`](crate::terminal).
    #[cfg(feature = "terminal")]
    pub fn progress(&self) {
        let total = self.view().total_items();
        let dashboard = TerminalDashboard::progress();
        self.registry
            .show_in_terminal(dashboard, total, UPDATE_EVERY);
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
        let dashboard = TerminalDashboard::new(detail);
        self.registry
            .show_in_terminal(dashboard, total, UPDATE_EVERY);
    }

    /// The run, for those who watch it.
    #[must_use]
    pub fn view(&self) -> RunView {
        self.registry.view()
    }

    /// The names of the workers of each stage.
    #[must_use]
    pub fn worker_names(&self) -> BTreeMap<String, Vec<String>> {
        self.view().worker_names()
    }
}
