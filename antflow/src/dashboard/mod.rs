//! Dashboards: what shows a run to somebody while it goes on.
//!
//! A dashboard polls: it gets a [`DashboardSnapshot`] now and then, however many items there were in between. What has to
//! react to single events is an [`Observer`](crate::event::Observer). Both can be had at the same time.
//!
//! With the feature `web`, `web` shows a run on a page in a browser.

#[cfg(feature = "terminal")]
pub mod terminal;
mod watcher;
#[cfg(feature = "web")]
pub mod web;

use std::time::Duration;

use crate::stats::{DashboardSnapshot, RunView};
pub(crate) use watcher::Watcher;

/// So often a dashboard is updated, if nobody says otherwise.
pub(crate) const UPDATE_EVERY: Duration = Duration::from_millis(500);

/// Shows a run: in a terminal, on a page, in a log.
///
/// It is called on a task of its own, so the run does not wait for it; but it should not block its thread for long. A
/// dashboard that panics is counted among the run's `observer_panics` and not called again. It is given to a run by
/// [`custom_dashboard`](crate::Run::custom_dashboard).
///
/// ```
/// use antflow::{Dashboard, DashboardSnapshot, RunView, pipeline, stage};
///
/// #[derive(Default)]
/// struct Lines {
///     total: Option<u64>,
/// }
///
/// impl Dashboard for Lines {
///     fn on_start(&mut self, run: &RunView, total_items: Option<u64>) {
///         self.total = total_items;
///         println!("{} stages", run.stage_names().len());
///     }
///
///     fn on_update(&mut self, snapshot: &DashboardSnapshot) {
///         let done = snapshot.pipeline_stats.items_processed;
///         match self.total {
///             Some(total) => println!("{done} of {total}"),
///             None => println!("{done}"),
///         }
///     }
///
///     fn on_finish(&mut self, snapshot: &DashboardSnapshot) {
///         println!("{}", snapshot.error_summary);
///     }
/// }
///
/// #[stage]
/// async fn double(x: u32) -> u32 {
///     x * 2
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), antflow::StartError> {
/// pipeline!(double).run(0..100).custom_dashboard(Lines::default()).await?;
/// # Ok(())
/// # }
/// ```
pub trait Dashboard: Send + 'static {
    /// The run begins. `total_items` is how many items it will be fed, where that is known.
    fn on_start(&mut self, run: &RunView, total_items: Option<u64>) {
        let _ = (run, total_items);
    }

    /// This is how it stands. Called at once, then in regular intervals, and once more when the run has ended.
    fn on_update(&mut self, snapshot: &DashboardSnapshot);

    /// The run has ended, and this is how. The last update was the same.
    fn on_finish(&mut self, snapshot: &DashboardSnapshot) {
        let _ = snapshot;
    }
}
