use std::sync::Arc;
use std::time::Duration;

use super::Pipeline;
use super::chain::Launch;
use super::error::StartError;
use super::handle::Handle;
#[cfg(feature = "terminal")]
use crate::dashboard::terminal::TerminalDashboard;
use crate::dashboard::{Dashboard, UPDATE_EVERY};
use crate::engine::outlet::Outlet;
use crate::event::Observer;
use crate::stats::RunView;

/// Who watches one run, set before it starts.
pub(super) struct Watching {
    observers: Vec<Arc<dyn Observer>>,
    /// What is called when the run has been started.
    starts: Vec<Box<dyn FnOnce(RunView) + Send>>,
    dashboards: Vec<Box<dyn Dashboard>>,
    #[cfg(feature = "terminal")]
    pub(super) terminal: Option<TerminalDashboard>,
    pub(super) update_every: Duration,
}

impl Default for Watching {
    fn default() -> Self {
        Self {
            observers: Vec::new(),
            starts: Vec::new(),
            dashboards: Vec::new(),
            #[cfg(feature = "terminal")]
            terminal: None,
            update_every: UPDATE_EVERY,
        }
    }
}

impl Watching {
    pub(super) fn add_observer(&mut self, observer: impl Observer) {
        self.observers.push(Arc::new(observer));
    }

    pub(super) fn add_start(&mut self, call: impl FnOnce(RunView) + Send + 'static) {
        self.starts.push(Box::new(call));
    }

    pub(super) fn add_dashboard(&mut self, dashboard: impl Dashboard) {
        self.dashboards.push(Box::new(dashboard));
    }

    /// Starts a run that is about to be fed with as many items as the hint says.
    pub(super) fn start<C, St>(
        self,
        mut pipeline: Pipeline<C, St>,
        outlet: Outlet<C::Output>,
        (least, most): (usize, Option<usize>),
    ) -> Result<Handle<C::Input, C::Output>, StartError>
    where
        C: Launch<St>,
        St: Send + Sync + 'static,
    {
        pipeline.observers.extend(self.observers);
        let run = Handle::start(&pipeline, outlet)?;
        let total = most.filter(|most| *most == least).map(|most| most as u64);
        if let Some(total) = total {
            run.core.shared.run.total_items.get_or_init(|| total);
        }
        for call in self.starts {
            call(run.view());
        }
        for dashboard in self.dashboards {
            run.show(dashboard, total, self.update_every);
        }
        #[cfg(feature = "terminal")]
        if let Some(dashboard) = self.terminal {
            run.show_in_terminal(dashboard, total, self.update_every);
        }
        Ok(run)
    }
}
