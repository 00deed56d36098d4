use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Dashboard;
use crate::stats::RunView;

/// The task that updates a dashboard. Dropped, it brings the dashboard to its end.
#[derive(Debug)]
pub(crate) struct Watcher {
    task: JoinHandle<()>,
    ended: DropGuard,
}

impl Watcher {
    /// Starts the task on the runtime of the run.
    pub(crate) fn start(
        runtime: &Handle,
        run: RunView,
        dashboard: Box<dyn Dashboard>,
        total_items: Option<u64>,
        every: Duration,
    ) -> Self {
        let ended = CancellationToken::new();
        let screen = Screen {
            run,
            dashboard: Some(dashboard),
        };
        Self {
            task: runtime.spawn(watch(screen, total_items, every, ended.clone())),
            ended: ended.drop_guard(),
        }
    }

    /// Says that the run has ended, and waits until the dashboard has shown it.
    pub(crate) async fn finish(self) {
        drop(self.ended);
        // The task catches what the dashboard throws, so it fails only together with its runtime.
        let _ = self.task.await;
    }
}

async fn watch(
    mut screen: Screen,
    total_items: Option<u64>,
    every: Duration,
    ended: CancellationToken,
) {
    screen.show(|dashboard, run| dashboard.on_start(run, total_items));
    // An interval of zero has no meaning to the timer.
    let mut ticks = tokio::time::interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while ended.run_until_cancelled(ticks.tick()).await.is_some() {
        screen.show(|dashboard, run| dashboard.on_update(&run.snapshot()));
    }
    // Of a run that was dropped, tasks may still be on their way to their ends.
    screen.run.ended().await;
    screen.show(|dashboard, run| {
        let last = run.snapshot();
        dashboard.on_update(&last);
        dashboard.on_finish(&last);
    });
}

/// A dashboard with the run that it shows.
struct Screen {
    run: RunView,
    /// None once it has panicked.
    dashboard: Option<Box<dyn Dashboard>>,
}

impl Screen {
    fn show(&mut self, show: impl FnOnce(&mut dyn Dashboard, &RunView)) {
        let Some(dashboard) = &mut self.dashboard else {
            return;
        };
        let shown = catch_unwind(AssertUnwindSafe(|| show(&mut **dashboard, &self.run)));
        if shown.is_err() {
            self.run.counters().count_observer_panic();
            crate::log::error!("a dashboard panicked");
            self.dashboard = None;
        }
    }
}
