use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::cluster::handler::{CancelCause, CancelReason, Cancellation};
use crate::cluster::store::{Assignment, Lease};
use crate::cluster::{NodeId, Role};

/// How long handlers have to end where nothing that they do can be kept: the lease is gone, the time is over, or
/// another batch failed.
pub(super) const STOP_GRACE: Duration = Duration::from_secs(1);

/// One attempt as the rest of the worker sees it.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) lease: Lease,
    pub(super) role: Role,
    pub(super) sources: Vec<NodeId>,
    pub(super) cancellation: Arc<Cancellation>,
    /// A source has new artifacts, or may have ended.
    pub(super) more: Notify,
    /// Until when the lease holds, reckoned from when it was asked for: rather too early than too late.
    holds_until: Mutex<Instant>,
    is_ending: AtomicBool,
}

impl Control {
    pub(super) fn new(assignment: &Assignment, holds_until: Instant) -> Self {
        Self {
            lease: assignment.lease.clone(),
            role: assignment.node.role.clone(),
            sources: assignment.node.sources().to_vec(),
            cancellation: Arc::new(Cancellation::new()),
            more: Notify::new(),
            holds_until: Mutex::new(holds_until),
            is_ending: AtomicBool::new(false),
        }
    }

    fn holds(&self) -> MutexGuard<'_, Instant> {
        // A moment is whole whatever panicked beside it.
        self.holds_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The lease was extended. Gives what had been left of it.
    pub(super) fn extend(&self, until: Instant) -> Duration {
        let mut holds = self.holds();
        let left = holds.saturating_duration_since(Instant::now());
        *holds = until.max(*holds);
        left
    }

    pub(super) fn holds_until(&self) -> Instant {
        *self.holds()
    }

    /// Waits until the lease has not been extended in time.
    pub(super) async fn expired(&self) {
        loop {
            let until = self.holds_until();
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    /// Waits until there is no point in telling the store about the end: the lease is over, and a try was made since.
    pub(super) async fn given_up(&self) {
        self.expired().await;
        tokio::time::sleep(STOP_GRACE).await;
    }

    /// From now on the store is told how the attempt ended, and says itself whether the lease is held.
    pub(super) fn begin_to_end(&self) {
        self.is_ending.store(true, Ordering::Release);
    }

    pub(super) fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Acquire)
    }

    pub(super) fn cancel(&self, cause: CancelCause, reason: impl Into<String>, grace: Duration) {
        self.cancellation
            .cancel(CancelReason::new(cause, reason), grace);
    }

    /// The lease is held no more.
    pub(super) fn lose(&self, why: &str) {
        if !self.is_ending() {
            self.cancel(CancelCause::LeaseLost, why, STOP_GRACE);
        }
    }
}

/// The attempts that run.
#[derive(Debug, Default)]
pub(super) struct Active(Mutex<Vec<Arc<Control>>>);

/// An attempt that runs, until this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    active: Arc<Active>,
    control: Arc<Control>,
}

impl Active {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Control>>> {
        // Nothing that is done under this lock can panic halfway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enter(self: &Arc<Self>, control: Arc<Control>) -> Running {
        self.lock().push(Arc::clone(&control));
        Running {
            active: Arc::clone(self),
            control,
        }
    }

    pub(super) fn all(&self) -> Vec<Arc<Control>> {
        self.lock().clone()
    }

    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    /// The attempt with this holding.
    pub(super) fn find(&self, lease: &Lease) -> Option<Arc<Control>> {
        let active = self.lock();
        active
            .iter()
            .find(|control| control.lease == *lease)
            .cloned()
    }
}

impl Running {
    pub(super) fn control(&self) -> &Arc<Control> {
        &self.control
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut active = self.active.lock();
        active.retain(|control| !Arc::ptr_eq(control, &self.control));
    }
}
