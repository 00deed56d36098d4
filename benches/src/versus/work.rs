//! What a stage does with an item.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};

/// The work of one stage on one item.
///
/// All implementations are generic over it, so that none of them pays for a call through a table.
pub(crate) trait Work: Copy + Send + Sync + 'static {
    /// Does it within a task.
    fn call(self, x: u64) -> impl Future<Output = u64> + Send;

    /// Does it on a thread. Only work that never waits can.
    fn compute(self, x: u64) -> u64 {
        hop(x)
    }
}

/// What every stage computes, whatever else it does.
pub(crate) fn hop(x: u64) -> u64 {
    x.wrapping_mul(31).wrapping_add(1)
}

/// What comes out of `stages` stages.
pub(crate) fn expected(x: u64, stages: usize) -> u64 {
    (0..stages).fold(x, |x, _| hop(x))
}

/// Next to nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hop;

impl Work for Hop {
    async fn call(self, x: u64) -> u64 {
        hop(x)
    }
}

/// Lets others run once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Yield;

impl Work for Yield {
    async fn call(self, x: u64) -> u64 {
        tokio::task::yield_now().await;
        hop(x)
    }
}

/// Arithmetic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spin(pub(crate) u64);

impl Work for Spin {
    async fn call(self, x: u64) -> u64 {
        self.compute(x)
    }

    fn compute(self, x: u64) -> u64 {
        // The outcome is thrown away, so that the results can be checked without doing the work again.
        black_box(spin(black_box(x), self.0));
        hop(x)
    }
}

/// Each step needs the one before, so neither the compiler nor the processor can shorten it.
pub(crate) fn spin(seed: u64, iterations: u64) -> u64 {
    let mut state = seed | 1;
    for _ in 0..iterations {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    state
}

/// Waits, as for an answer from elsewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sleep(pub(crate) Duration);

impl Work for Sleep {
    async fn call(self, x: u64) -> u64 {
        tokio::time::sleep(self.0).await;
        hop(x)
    }
}

static ARRIVED: AtomicUsize = AtomicUsize::new(0);
static EXPECTED: AtomicUsize = AtomicUsize::new(0);
static ALL_THERE: Notify = Notify::const_new();
static GATE: Semaphore = Semaphore::const_new(0);

/// Waits until the gate is opened for all. A process has one gate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gate;

impl Gate {
    /// Ends when so many items wait at the gate. To be called before the first of them is fed.
    pub(crate) fn expect(items: usize) -> impl Future<Output = ()> {
        EXPECTED.store(items, Ordering::Release);
        ALL_THERE.notified()
    }

    pub(crate) fn open() {
        GATE.close();
    }
}

impl Work for Gate {
    async fn call(self, x: u64) -> u64 {
        let arrived = ARRIVED.fetch_add(1, Ordering::AcqRel) + 1;
        if arrived == EXPECTED.load(Ordering::Acquire) {
            ALL_THERE.notify_one();
        }
        // A closed semaphore gives an error, and here that is the signal.
        let _ = GATE.acquire().await;
        hop(x)
    }
}
