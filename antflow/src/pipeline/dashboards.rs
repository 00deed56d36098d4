use std::time::Duration;

use super::handle::Handle;
use crate::dashboard::{Dashboard, UPDATE_EVERY};

/// The dashboards that a run is to be shown on.
pub(super) struct Dashboards {
    all: Vec<Box<dyn Dashboard>>,
    pub(super) update_every: Duration,
}

impl Default for Dashboards {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            update_every: UPDATE_EVERY,
        }
    }
}

impl Dashboards {
    pub(super) fn add(&mut self, dashboard: impl Dashboard) {
        self.all.push(Box::new(dashboard));
    }

    /// Shows a run that is about to be fed with as many items as the hint says.
    pub(super) fn show<In, Out>(
        &mut self,
        run: &Handle<In, Out>,
        (least, most): (usize, Option<usize>),
    ) where
        In: Send + 'static,
        Out: Send + 'static,
    {
        let total = most.filter(|most| *most == least).map(|most| most as u64);
        for dashboard in self.all.drain(..) {
            run.show(dashboard, total, self.update_every);
        }
    }
}
