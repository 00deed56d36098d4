use std::sync::atomic::{AtomicU64, Ordering};

/// What a coordinator has done since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CoordinatorStats {
    /// Leases that it ended because nobody extended them.
    pub reaped: u64,
    /// Events that it said.
    pub said: u64,
    /// Events and hints that the bus did not take. Events are tried again.
    pub unsaid: u64,
    /// Functions that finished.
    pub functions_finished: u64,
    /// Attempts of functions that failed.
    pub functions_failed: u64,
    /// Functions whose lease was lost to another.
    pub functions_lost: u64,
    /// Functions that it has now.
    pub functions_active: u64,
    /// Messages that could not be understood, which are in the dead letters.
    pub dead_letters: u64,
    /// Warnings that it gave.
    pub warnings: u64,
    /// Rows that it removed.
    pub purged: u64,
    /// Requests that the store did not answer.
    pub store_errors: u64,
    /// Loops that panicked and were started again.
    pub restarts: u64,
    /// Observers that panicked, each time.
    pub observer_panics: u64,
}

/// Counts up.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn one(&self) {
        self.add(1);
    }

    pub(super) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) reaped: Count,
    pub(super) said: Count,
    pub(super) unsaid: Count,
    pub(super) functions_finished: Count,
    pub(super) functions_failed: Count,
    pub(super) functions_lost: Count,
    pub(super) dead_letters: Count,
    pub(super) warnings: Count,
    pub(super) purged: Count,
    pub(super) store_errors: Count,
    pub(super) restarts: Count,
    pub(super) observer_panics: Count,
}

impl Counters {
    pub(super) fn snapshot(&self, active: usize) -> CoordinatorStats {
        CoordinatorStats {
            reaped: self.reaped.get(),
            said: self.said.get(),
            unsaid: self.unsaid.get(),
            functions_finished: self.functions_finished.get(),
            functions_failed: self.functions_failed.get(),
            functions_lost: self.functions_lost.get(),
            functions_active: active as u64,
            dead_letters: self.dead_letters.get(),
            warnings: self.warnings.get(),
            purged: self.purged.get(),
            store_errors: self.store_errors.get(),
            restarts: self.restarts.get(),
            observer_panics: self.observer_panics.get(),
        }
    }
}
