//! A place for each result, to be filled from any thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::measure::Failure;

/// The results of a run, each written to its place. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Slots(Arc<[AtomicU64]>);

impl Slots {
    pub(crate) fn new(items: usize) -> Self {
        Self((0..items).map(|_| AtomicU64::new(0)).collect())
    }

    pub(crate) fn put(&self, index: usize, x: u64) {
        self.0[index].store(x, Ordering::Relaxed);
    }

    /// The results, once whoever filled the places has been waited for.
    pub(crate) fn take(&self) -> Vec<u64> {
        self.0
            .iter()
            .map(|slot| slot.load(Ordering::Relaxed))
            .collect()
    }
}

/// Waits for tasks, and says so if one of them panicked.
pub(crate) async fn join(tasks: Vec<tokio::task::JoinHandle<()>>) -> Result<(), Failure> {
    for task in tasks {
        task.await?;
    }
    Ok(())
}
