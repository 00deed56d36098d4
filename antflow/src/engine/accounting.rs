use std::future::poll_fn;
use std::task::{Context, Poll};

use crossbeam_utils::CachePadded;

use super::bell::Caller;
use super::queue::WaitList;
use super::sync::{AtomicU64, Mutex, Ordering, lock};

/// How many items of a run are on their way: up when one is accepted, down at its outcome. Of an item that was divided
/// its parts count, and who makes them.
///
/// The run is over when it was closed and nothing is in flight. Whether queues are empty does not matter.
#[derive(Debug)]
pub(crate) struct Accounting {
    /// The count, from [`GATHERED`] on how many of them wait for others to make up a batch with, and [`CLOSED`]: one word,
    /// so that all who change it see each other in one order.
    state: CachePadded<AtomicU64>,
    waiting: Mutex<WaitList>,
}

const CLOSED: u64 = 1 << 63;
/// One that waits for others. There is room for 17 thousand million in flight, and for 500 million that wait: no memory has
/// it for as many.
const GATHERED: u64 = 1 << 34;

const fn in_flight(state: u64) -> u64 {
    state & (GATHERED - 1)
}

/// Whether nothing is in flight but what waits for others to make up a batch with.
const fn is_gathered(state: u64) -> bool {
    in_flight(state) <= (state & !CLOSED) / GATHERED
}

impl Accounting {
    pub(crate) fn new() -> Self {
        Self {
            state: CachePadded::new(AtomicU64::new(0)),
            waiting: Mutex::new(WaitList::default()),
        }
    }

    /// Counts items in, from outside of the run. Refused once the run is closed.
    pub(crate) fn accept(&self, count: u64) -> bool {
        if self.state.fetch_add(count, Ordering::AcqRel) & CLOSED != 0 {
            self.settle(count);
            return false;
        }
        true
    }

    /// Counts items in from within the run, whose own item keeps the count above zero: never refused.
    pub(crate) fn accept_inside(&self, count: u64) {
        self.state.fetch_add(count, Ordering::AcqRel);
    }

    /// Counts items out: each at its outcome, or one that was counted in and never came.
    pub(crate) fn settle(&self, count: u64) {
        let before = self.state.fetch_sub(count, Ordering::AcqRel);
        if is_gathered(before - count) {
            self.call();
        }
    }

    /// Calls those who wait.
    fn call(&self) {
        let callers: Vec<_> = lock(&self.waiting).all().collect();
        for caller in callers {
            caller.wake();
        }
    }

    /// Counts items that wait for others to make up a batch with.
    pub(crate) fn gather(&self, count: u64) {
        let count = count * GATHERED;
        let before = self.state.fetch_add(count, Ordering::AcqRel);
        if is_gathered(before + count) {
            self.call();
        }
    }

    /// Counts items out that make up a batch by now.
    pub(crate) fn send_off(&self, count: u64) {
        self.state.fetch_sub(count * GATHERED, Ordering::AcqRel);
    }

    /// Counts items out when the guard is dropped, wherever that is.
    pub(crate) fn settle_later(&self, count: u64) -> SettleLater<'_> {
        SettleLater(self, count)
    }

    /// Accepts nothing from outside any more.
    pub(crate) fn close(&self) {
        self.state.fetch_or(CLOSED, Ordering::AcqRel);
    }

    /// Waits until nothing is in flight but what waits for others to make up a batch with. Says whether that is
    /// something.
    pub(crate) async fn gathered(&self) -> bool {
        let mut key = None;
        poll_fn(|cx| self.poll_until(is_gathered, &mut key, cx)).await;
        in_flight(self.state.load(Ordering::Acquire)) > 0
    }

    /// Waits until nothing is in flight.
    ///
    /// A caller that gives up leaves its waker behind until the count next comes to zero.
    pub(crate) async fn idle(&self) {
        let mut key = None;
        poll_fn(|cx| self.poll_until(|state| in_flight(state) == 0, &mut key, cx)).await;
    }

    fn poll_until(
        &self,
        is_so: impl Fn(u64) -> bool,
        key: &mut Option<u64>,
        cx: &Context<'_>,
    ) -> Poll<()> {
        let mut waiting = lock(&self.waiting);
        if is_so(self.state.load(Ordering::Acquire)) {
            waiting.leave(key);
            return Poll::Ready(());
        }
        waiting.enter(key, Caller::new(None, cx));
        Poll::Pending
    }
}

/// See [`Accounting::settle_later`].
#[derive(Debug)]
#[must_use]
pub(crate) struct SettleLater<'a>(&'a Accounting, u64);

impl Drop for SettleLater<'_> {
    fn drop(&mut self) {
        self.0.settle(self.1);
    }
}
