use std::future::poll_fn;
use std::task::{Context, Poll};

use crossbeam_utils::CachePadded;

use super::bell::Caller;
use super::queue::WaitList;
use super::sync::{AtomicU64, Mutex, Ordering, lock};

/// How many items of a run are on their way: up when one is accepted, down at its outcome.
///
/// The run is over when it was closed and nothing is in flight. Whether queues are empty does not matter.
#[derive(Debug)]
pub(crate) struct Accounting {
    /// The count, and [`CLOSED`]: one word, so that accepting and closing see each other in one order.
    state: CachePadded<AtomicU64>,
    /// How many of them wait for others to make up a batch with.
    gathered: CachePadded<AtomicU64>,
    waiting: Mutex<WaitList>,
}

const CLOSED: u64 = 1 << 63;

impl Accounting {
    pub(crate) fn new() -> Self {
        Self {
            state: CachePadded::new(AtomicU64::new(0)),
            gathered: CachePadded::new(AtomicU64::new(0)),
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
        let before = self.state.fetch_sub(count, Ordering::SeqCst) & !CLOSED;
        if before - count <= self.gathered.load(Ordering::SeqCst) {
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
        let gathered = self.gathered.fetch_add(count, Ordering::SeqCst) + count;
        if self.state.load(Ordering::SeqCst) & !CLOSED <= gathered {
            self.call();
        }
    }

    /// Counts items out that make up a batch by now.
    pub(crate) fn send_off(&self, count: u64) {
        self.gathered.fetch_sub(count, Ordering::SeqCst);
    }

    /// Counts items out when the guard is dropped, wherever that is.
    pub(crate) fn settle_later(&self, count: u64) -> SettleLater<'_> {
        SettleLater(self, count)
    }

    /// Accepts nothing from outside any more.
    pub(crate) fn close(&self) {
        self.state.fetch_or(CLOSED, Ordering::AcqRel);
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.state.load(Ordering::SeqCst) & !CLOSED
    }

    /// Waits until nothing is in flight but what waits for others to make up a batch with. Says whether that is
    /// something.
    pub(crate) async fn gathered(&self) -> bool {
        let mut key = None;
        poll_fn(|cx| {
            let gathered = || self.gathered.load(Ordering::SeqCst);
            self.poll_until(|in_flight| in_flight <= gathered(), &mut key, cx)
        })
        .await;
        self.in_flight() > 0
    }

    /// Waits until nothing is in flight.
    ///
    /// A caller that gives up leaves its waker behind until the count next comes to zero.
    pub(crate) async fn idle(&self) {
        let mut key = None;
        poll_fn(|cx| self.poll_until(|in_flight| in_flight == 0, &mut key, cx)).await;
    }

    fn poll_until(
        &self,
        is_so: impl Fn(u64) -> bool,
        key: &mut Option<u64>,
        cx: &Context<'_>,
    ) -> Poll<()> {
        let mut waiting = lock(&self.waiting);
        if is_so(self.in_flight()) {
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
