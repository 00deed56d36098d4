use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};

use super::update::{self, Can};
use crate::stats::{DashboardSnapshot, RunView};

/// The run as it is looked at: by all together once in each interval, and by nobody if nobody asks.
///
/// Time is cut into slots of one interval. The first to ask in a slot takes the snapshot, the others get the same one.
/// Who does not ask, for instance because it is still busy with what it got before, costs nothing.
#[derive(Debug)]
pub(super) struct Live {
    run: RunView,
    can: Can,
    every: Duration,
    begun: Instant,
    latest: Mutex<Option<Arc<Look>>>,
}

/// What was seen of the run.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) snapshot: DashboardSnapshot,
    /// The update, as it is sent.
    pub(super) json: String,
    pub(super) mark: Mark,
    /// How many times the run has been looked at.
    count: u64,
}

/// When a look was taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    slot: u64,
    has_ended: bool,
}

impl Live {
    pub(super) fn new(run: RunView, can: Can, every: Duration) -> Self {
        Self {
            run,
            can,
            every,
            begun: Instant::now(),
            latest: Mutex::default(),
        }
    }

    pub(super) fn run(&self) -> &RunView {
        &self.run
    }

    /// What is to be seen in this slot. What was seen of a run that has ended does not change any more.
    pub(super) async fn look(&self) -> Arc<Look> {
        let mut latest = self.latest.lock().await;
        let slot = self.slot();
        if let Some(look) = &*latest {
            let has_ended = self.run.has_ended();
            if look.mark.has_ended || (look.mark.slot == slot && !has_ended) {
                return Arc::clone(look);
            }
        }
        let (run, can, every) = (self.run.clone(), self.can, self.every);
        let count = latest.as_ref().map_or(1, |look| look.count + 1);
        let look = move || Look::take(&run, can, every, slot, count);
        // On a thread for such work: with thousands of workers it takes some milliseconds, in which tasks would wait.
        let look = match spawn_blocking(look.clone()).await {
            Ok(look) => look,
            // The runtime is shutting down.
            Err(_) => look(),
        };
        let look = Arc::new(look);
        *latest = Some(Arc::clone(&look));
        look
    }

    /// Waits until there is something else to be seen: for the next slot, or the end of the run.
    pub(super) async fn after(&self, mark: Mark) {
        if mark.has_ended {
            return std::future::pending().await;
        }
        let next = Duration::from_nanos(self.nanos().saturating_mul(mark.slot + 1));
        tokio::select! {
            () = sleep_until(self.begun + next) => {}
            () = self.run.ended() => {}
        }
    }

    fn slot(&self) -> u64 {
        let since = u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        since / self.nanos()
    }

    fn nanos(&self) -> u64 {
        u64::try_from(self.every.as_nanos())
            .unwrap_or(u64::MAX)
            .max(1)
    }
}

impl Look {
    fn take(run: &RunView, can: Can, every: Duration, slot: u64, count: u64) -> Self {
        let snapshot = run.snapshot();
        Self {
            json: update::json(&snapshot, run, can, every, count),
            mark: Mark {
                slot,
                has_ended: snapshot.has_ended,
            },
            snapshot,
            count,
        }
    }
}
