use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::super::say::Mouth;
use crate::cluster::store::{Effects, Lease};

/// How others reach a function that runs.
pub(crate) struct Control {
    pub(crate) lease: Lease,
    mouth: Mouth,
    /// Why it has to end.
    end: watch::Sender<Option<End>>,
    /// The lease is held no more.
    lost: CancellationToken,
}

/// Why a function has to end, and how long it may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) reason: String,
    pub(crate) grace: Duration,
    /// Its coordinator ends: the node is given back.
    pub(crate) is_shutdown: bool,
}

impl Control {
    pub(crate) fn new(lease: Lease, mouth: Mouth) -> Self {
        Self {
            lease,
            mouth,
            end: watch::Sender::new(None),
            lost: CancellationToken::new(),
        }
    }

    /// The run is being ended. What came first counts, but for a shutdown.
    pub(crate) fn cancel(&self, reason: String, grace: Duration) {
        self.end.send_if_modified(|end| {
            let is_new = end.as_ref().is_none_or(|end| end.is_shutdown);
            if is_new {
                *end = Some(End {
                    reason,
                    grace,
                    is_shutdown: false,
                });
            }
            is_new
        });
    }

    /// The coordinator ends.
    pub(crate) fn shut_down(&self, grace: Duration) {
        self.end.send_if_modified(|end| {
            let is_new = end.is_none();
            end.get_or_insert_with(|| End {
                reason: "the coordinator shuts down".to_owned(),
                grace,
                is_shutdown: true,
            });
            is_new
        });
    }

    pub(crate) fn lose(&self) {
        self.lost.cancel();
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.end.borrow().is_some() || self.lost.is_cancelled()
    }

    /// Waits until it has to end, for whatever reason.
    pub(crate) async fn ending(&self) {
        tokio::select! {
            _ = self.end() => {}
            () = self.lost() => {}
        }
    }

    /// Waits until it has to end.
    pub(crate) async fn end(&self) -> End {
        let mut ends = self.end.subscribe();
        loop {
            if let Some(end) = &*ends.borrow_and_update() {
                return end.clone();
            }
            if ends.changed().await.is_err() {
                // The sender is `self`, which is there as long as this waits.
                return std::future::pending().await;
            }
        }
    }

    /// Waits until its lease is held no more.
    pub(crate) async fn lost(&self) {
        self.lost.cancelled().await;
    }

    pub(crate) fn say(&self, effects: Effects) {
        self.mouth.say_effects(effects);
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("lease", &self.lease)
            .field("end", &*self.end.borrow())
            .finish_non_exhaustive()
    }
}

/// The functions that run.
#[derive(Debug, Default)]
pub(crate) struct Active(Mutex<Vec<Arc<Control>>>);

impl Active {
    pub(crate) fn enter(&self, control: &Arc<Control>) {
        self.lock().push(Arc::clone(control));
    }

    pub(crate) fn leave(&self, control: &Control) {
        self.lock()
            .retain(|other| other.lease.id != control.lease.id);
    }

    pub(crate) fn all(&self) -> Vec<Arc<Control>> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Control>>> {
        // Nothing that is done under this lock can panic halfway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
