#[cfg(not(antflow_loom))]
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(antflow_loom)]
use loom::sync::atomic::{AtomicU64, Ordering, fence};

use crate::clock::Moment;

/// A counter with one writer, which costs it no more than a load and a store.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    #[inline]
    pub(crate) fn add_one(&self) {
        self.add(1);
    }

    #[inline]
    pub(crate) fn add(&self, count: u64) {
        self.set(self.get().wrapping_add(count));
    }

    #[inline]
    pub(crate) fn set(&self, count: u64) {
        self.0.store(count, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Items that passed a point: how many, and the sum of the moments at which they did.
///
/// The difference of two such sums is the time that all items together spent between the two points, to the tick and
/// without a word being kept for each item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    pub(crate) count: u64,
    /// In ticks. It wraps around, and so do the differences.
    pub(crate) moments: u64,
}

impl Passed {
    #[inline]
    fn add(self, items: usize, at: Moment) -> Self {
        let items = items as u64;
        Self {
            count: self.count.wrapping_add(items),
            moments: self.moments.wrapping_add(at.ticks().wrapping_mul(items)),
        }
    }
}

impl std::iter::Sum for Passed {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, passed| Self {
            count: sum.count.wrapping_add(passed.count),
            moments: sum.moments.wrapping_add(passed.moments),
        })
    }
}

/// What has [`Passed`], counted by one writer. Who reads it sees both numbers as they were at one time.
///
/// The writer never waits: it says before the change what the count will be, and after it that it is so, and who reads
/// both the same has read nothing half done.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    coming: AtomicU64,
    moments: AtomicU64,
    count: AtomicU64,
}

impl Flow {
    /// Counts items. To be called by the only writer.
    #[inline]
    pub(crate) fn pass(&self, items: usize, at: Moment) {
        let passed = Passed {
            count: self.count.load(Ordering::Relaxed),
            moments: self.moments.load(Ordering::Relaxed),
        }
        .add(items, at);
        self.coming.store(passed.count, Ordering::Relaxed);
        fence(Ordering::Release);
        self.moments.store(passed.moments, Ordering::Relaxed);
        self.count.store(passed.count, Ordering::Release);
    }

    pub(crate) fn read(&self) -> Passed {
        loop {
            let count = self.count.load(Ordering::Acquire);
            let moments = self.moments.load(Ordering::Relaxed);
            fence(Ordering::Acquire);
            if self.coming.load(Ordering::Relaxed) == count {
                return Passed { count, moments };
            }
            // The writer has three stores to make, unless it has lost its core.
            pause();
        }
    }
}

#[cfg(not(antflow_loom))]
fn pause() {
    std::thread::yield_now();
}

#[cfg(antflow_loom)]
fn pause() {
    loom::thread::yield_now();
}

/// What has [`Passed`], counted by several.
#[derive(Debug, Default)]
pub(crate) struct SharedFlow(Mutex<Passed>);

impl SharedFlow {
    pub(crate) fn pass(&self, items: usize, at: Moment) {
        let mut passed = self.passed();
        *passed = passed.add(items, at);
    }

    pub(crate) fn read(&self) -> Passed {
        *self.passed()
    }

    fn passed(&self) -> MutexGuard<'_, Passed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, antflow_loom))]
mod loom_tests {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    #[test]
    fn loom_a_flow_is_never_read_half_counted() {
        loom::model(|| {
            let flow = Arc::new(Flow::default());
            let writer = {
                let flow = Arc::clone(&flow);
                thread::spawn(move || {
                    flow.pass(1, Moment::from_ticks(10));
                    flow.pass(2, Moment::from_ticks(20));
                })
            };
            let (first, second) = (flow.read(), flow.read());
            let all = [(0, 0), (1, 10), (3, 50)];
            for seen in [first, second] {
                assert!(all.contains(&(seen.count, seen.moments)), "{seen:?}");
            }
            assert!(first.count <= second.count);
            writer.join().unwrap();
            assert_eq!(flow.read().count, 3);
        });
    }
}
