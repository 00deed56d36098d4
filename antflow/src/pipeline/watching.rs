use std::sync::Arc;
use std::time::Duration;

use super::Pipeline;
use super::chain::Launch;
use super::error::StartError;
use super::handle::Handle;
use super::registry::Registry;
#[cfg(feature = "cluster")]
use super::replay::Replay;
#[cfg(feature = "terminal")]
use crate::dashboard::terminal::TerminalDashboard;
use crate::dashboard::{Dashboard, UPDATE_EVERY};
use crate::engine::outlet::Outlet;
use crate::event::Observer;
use crate::stats::RunView;

/// Who watches one run, set before it starts.
pub(crate) struct Watching {
    observers: Vec<Arc<dyn Observer>>,
    /// What is called when the run has been started.
    starts: Vec<Box<dyn FnOnce(RunView) + Send>>,
    dashboards: Vec<Box<dyn Dashboard>>,
    #[cfg(feature = "terminal")]
    pub(crate) terminal: Option<TerminalDashboard>,
    pub(crate) update_every: Duration,
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
    pub(crate) fn add_observer(&mut self, observer: impl Observer) {
        self.observers.push(Arc::new(observer));
    }

    pub(crate) fn add_start(&mut self, call: impl FnOnce(RunView) + Send + 'static) {
        self.starts.push(Box::new(call));
    }

    pub(crate) fn add_dashboard(&mut self, dashboard: impl Dashboard) {
        self.dashboards.push(Box::new(dashboard));
    }

    /// Starts a run that is about to be fed with as many items as the hint says.
    pub(super) fn start<C, St>(
        mut self,
        mut pipeline: Pipeline<C, St>,
        outlet: Outlet<C::Output>,
        items: (usize, Option<usize>),
    ) -> Result<Handle<C::Input, C::Output>, StartError>
    where
        C: Launch<St>,
        St: Send + Sync + 'static,
    {
        pipeline.observers.append(&mut self.observers);
        let run = Handle::start(&pipeline, outlet)?;
        self.begin(&run.registry, items);
        Ok(run)
    }

    /// As [`start`](Self::start), of a run whose items are worked on elsewhere.
    #[cfg(feature = "cluster")]
    pub(crate) fn start_replay<C, St>(
        mut self,
        mut pipeline: Pipeline<C, St>,
        outlet: Outlet<C::Output>,
        items: (usize, Option<usize>),
    ) -> Result<Replay<C::Output>, StartError>
    where
        C: Launch<St>,
        St: Send + Sync + 'static,
    {
        pipeline.observers.append(&mut self.observers);
        let run = Replay::start(&pipeline, outlet)?;
        self.begin(run.registry(), items);
        Ok(run)
    }

    /// Lets everybody look at a run that has been started.
    fn begin(self, run: &Arc<Registry>, (least, most): (usize, Option<usize>)) {
        let total = most.filter(|most| *most == least).map(|most| most as u64);
        if let Some(total) = total {
            run.shared.run.total_items.get_or_init(|| total);
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
    }
}
