use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a worker has done since its start, and how it is: a snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WorkerStats {
    /// Nodes that were claimed.
    pub claimed: u64,
    /// Nodes that were resumed at the start.
    pub resumed: u64,
    /// Nodes that are being run.
    pub active: u64,
    /// Attempts that ended well.
    pub finished: u64,
    /// Attempts that failed, with a retry to come or not.
    pub failed: u64,
    /// Attempts that ended because the run was cancelled.
    pub cancelled: u64,
    /// Nodes that were given back.
    pub released: u64,
    /// Attempts that were stopped because the lease was lost, or could not be ended in the store.
    pub lost: u64,
    /// Batches that were committed.
    pub batches: u64,
    /// Batches that had been committed before, and were processed again or skipped.
    pub duplicate_batches: u64,
    /// Batches whose processing failed, took too long or was cut off.
    pub failed_batches: u64,
    /// Time that handlers took for batches, added up, in microseconds.
    pub processing_micros: u64,
    /// Batches that did not stop where they were cut off, because they do not wait for anything.
    pub stuck_batches: u64,
    /// Heartbeats that the store took.
    pub heartbeats: u64,
    /// Heartbeats that failed.
    pub failed_heartbeats: u64,
    /// The least time that was left of a lease when it was extended, in milliseconds; `None` before the first.
    pub least_lease_margin_ms: Option<u64>,
    /// How long ago the store last took a heartbeat, in milliseconds; `None` before the first.
    pub heartbeat_age_ms: Option<u64>,
    /// Messages that were heard.
    pub messages: u64,
    /// Messages that had been heard before.
    pub repeated_messages: u64,
    /// Messages that could not be understood, and are with the dead letters.
    pub dead_letters: u64,
    /// Posts that the bus did not take: hints, announcements, heartbeats, replies.
    pub unsaid: u64,
    /// Requests that the store refused or could not carry out at once.
    pub store_errors: u64,
    /// Cleanups that failed, panicked or took too long.
    pub failed_cleanups: u64,
    /// Observers that panicked, each time.
    pub observer_panics: u64,
    /// How much memory the process has, in bytes, where the system says it.
    pub memory_bytes: Option<u64>,
}

/// The numbers behind [`WorkerStats`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) claimed: Counter,
    pub(super) resumed: Counter,
    pub(super) finished: Counter,
    pub(super) failed: Counter,
    pub(super) cancelled: Counter,
    pub(super) released: Counter,
    pub(super) lost: Counter,
    pub(super) batches: Counter,
    pub(super) duplicate_batches: Counter,
    pub(super) failed_batches: Counter,
    pub(super) processing_micros: Counter,
    pub(super) stuck_batches: Counter,
    pub(super) heartbeats: Counter,
    pub(super) failed_heartbeats: Counter,
    pub(super) messages: Counter,
    pub(super) repeated_messages: Counter,
    pub(super) dead_letters: Counter,
    pub(super) unsaid: Counter,
    pub(super) store_errors: Counter,
    pub(super) failed_cleanups: Counter,
    pub(super) observer_panics: Counter,
    /// One more than the least margin in milliseconds; 0: none yet.
    least_margin: AtomicU64,
}

/// One number.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(super) fn one(&self) {
        self.add(1);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    /// A lease was extended when so much of it was left.
    pub(super) fn margin(&self, left: Duration) {
        let left = millis(left).saturating_add(1);
        // Whoever loses the race sees the other's margin and tries again.
        let least = |least: u64| (least == 0 || left < least).then_some(left);
        let _ = self
            .least_margin
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, least);
    }

    pub(super) fn snapshot(&self, active: usize, heartbeat_age: Option<Duration>) -> WorkerStats {
        WorkerStats {
            claimed: self.claimed.get(),
            resumed: self.resumed.get(),
            active: active as u64,
            finished: self.finished.get(),
            failed: self.failed.get(),
            cancelled: self.cancelled.get(),
            released: self.released.get(),
            lost: self.lost.get(),
            batches: self.batches.get(),
            duplicate_batches: self.duplicate_batches.get(),
            failed_batches: self.failed_batches.get(),
            processing_micros: self.processing_micros.get(),
            stuck_batches: self.stuck_batches.get(),
            heartbeats: self.heartbeats.get(),
            failed_heartbeats: self.failed_heartbeats.get(),
            least_lease_margin_ms: self.least_margin.load(Ordering::Relaxed).checked_sub(1),
            heartbeat_age_ms: heartbeat_age.map(millis),
            messages: self.messages.get(),
            repeated_messages: self.repeated_messages.get(),
            dead_letters: self.dead_letters.get(),
            unsaid: self.unsaid.get(),
            store_errors: self.store_errors.get(),
            failed_cleanups: self.failed_cleanups.get(),
            observer_panics: self.observer_panics.get(),
            memory_bytes: super::memory_usage(),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
