use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fmt, mem};

use antflow::{CancellationToken, PipelineResult};
use antflow_examples::census::{Failure, Measures, StoreError};

/// What became of the files so far: every one that was found is in exactly one of the other numbers at the end.
#[derive(Default)]
pub(crate) struct Tally {
    found: AtomicU64,
    handed_over: AtomicU64,
    cancelled: AtomicU64,
    failures: Mutex<Vec<Failure>>,
}

impl Tally {
    pub(crate) fn found(&self) -> u64 {
        self.found.load(Ordering::Relaxed)
    }

    pub(crate) fn cancelled(&self) -> u64 {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// How many files went through all stages.
    pub(crate) fn handed_over(&self) -> u64 {
        self.handed_over.load(Ordering::Relaxed)
    }

    /// Counts what was found and has no outcome as cancelled.
    pub(crate) fn cancel_rest(&self) {
        let ended = self.handed_over() + self.cancelled() + self.failures().len() as u64;
        let rest = self.found().saturating_sub(ended);
        self.cancelled.fetch_add(rest, Ordering::Relaxed);
    }

    pub(crate) fn count_found(&self) {
        self.found.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_cancelled(&self) {
        self.cancelled.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_failed(&self, failure: Failure) {
        self.failures().push(failure);
    }

    /// Counts how a file ended. A database that cannot be written stops the census, since every file needs it.
    pub(crate) fn count(&self, result: PipelineResult<()>, stop: &CancellationToken) {
        let Err(error) = result.value else {
            self.handed_over.fetch_add(1, Ordering::Relaxed);
            return;
        };
        if error.is_cancelled() {
            return self.count_cancelled();
        }
        let stage = error.stage().to_lowercase();
        if stage == "store" {
            stop.cancel();
        }
        let cause = error.source().unwrap_or(&error);
        self.count_failed(Failure::new(result.id.to_string(), stage, cause));
    }

    /// Counts rows that were handed over and could not be written.
    pub(crate) fn not_written(&self, rows: &[Measures], error: &StoreError) {
        let failures = rows
            .iter()
            .map(|row| Failure::new(&row.path, "store", error));
        self.failures().extend(failures);
    }

    pub(crate) fn take_failures(&self) -> Vec<Failure> {
        mem::take(&mut self.failures())
    }

    fn failures(&self) -> MutexGuard<'_, Vec<Failure>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = self.handed_over.load(Ordering::Relaxed);
        let failed = self.failures().len();
        write!(
            f,
            "{} files found, {counted} counted, {failed} failed",
            self.found()
        )
    }
}
