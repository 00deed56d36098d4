//! Dashboards of a run.

#[cfg(feature = "terminal")]
use std::sync::Arc;
use std::time::Duration;

use super::registry::Registry;
#[cfg(feature = "terminal")]
use crate::dashboard::terminal::TerminalDashboard;
use crate::dashboard::{Dashboard, Watcher};

impl Registry {
    /// Shows the run on a dashboard until it ends.
    pub(super) fn show(
        &self,
        dashboard: Box<dyn Dashboard>,
        total_items: Option<u64>,
        update_every: Duration,
    ) {
        let runtime = self.shared.runtime();
        let watcher = Watcher::start(runtime, self.view(), dashboard, total_items, update_every);
        self.watchers().push(watcher);
    }

    /// As [`show`](Self::show), with keys that pause the run.
    #[cfg(feature = "terminal")]
    pub(super) fn show_in_terminal(
        self: &Arc<Self>,
        dashboard: TerminalDashboard,
        total_items: Option<u64>,
        update_every: Duration,
    ) {
        let registry = Arc::downgrade(self);
        let steer = move |is_paused| {
            if let Some(registry) = registry.upgrade() {
                registry.pause(is_paused);
            }
        };
        let dashboard = Box::new(dashboard.with_steering(steer));
        self.show(dashboard, total_items, update_every);
    }
}
