//! The synchronisation that the loom models replace.

#[cfg(not(antflow_loom))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering, fence},
};

#[cfg(antflow_loom)]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering, fence},
};

#[cfg(not(antflow_loom))]
pub(crate) use spinning_top::Spinlock;

#[cfg(antflow_loom)]
pub(crate) use modelled::Spinlock;

/// Locks, whether or not a holder panicked: what these locks guard is consistent between any two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(antflow_loom)]
mod modelled {
    use super::{Mutex, MutexGuard, lock};

    /// To the model a lock is a lock.
    #[derive(Debug)]
    pub(crate) struct Spinlock<T>(Mutex<T>);

    impl<T> Spinlock<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            lock(&self.0)
        }

        pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            self.0.try_lock().ok()
        }
    }
}
