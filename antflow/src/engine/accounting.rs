use std::future::poll_fn;
use std::task::{Context, Poll};

use super::sync::{AtomicBool, AtomicU64, Mutex, Ordering, lock};
use super::wait_list::WaitList;

/// How many items of a run are on their way: up when one is accepted, down at its outcome.
///
/// The run is over when it was closed and nothing is in flight. Whether queues are empty does not matter.
#[derive(Debug)]
pub(crate) struct Accounting {
    in_flight: AtomicU64,
    closed: AtomicBool,
    waiting: Mutex<WaitList>,
}

impl Accounting {
    pub(crate) fn new() -> Self {
        Self {
            in_flight: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            waiting: Mutex::new(WaitList::default()),
        }
    }

    /// Counts items in, from outside of the run. Refused once the run is closed.
    pub(crate) fn accept(&self, count: u64) -> bool {
        // First up, then the look: `close` does it the other way round, so one of the two sees the other.
        self.in_flight.fetch_add(count, Ordering::SeqCst);
        if self.closed.load(Ordering::SeqCst) {
            self.settle(count);
            return false;
        }
        true
    }

    /// Counts items in from within the run, whose own item keeps the count above zero: never refused.
    pub(crate) fn accept_inside(&self, count: u64) {
        self.in_flight.fetch_add(count, Ordering::SeqCst);
    }

    /// Counts items out: each at its outcome, or one that was counted in and never came.
    pub(crate) fn settle(&self, count: u64) {
        if count > 0 && self.in_flight.fetch_sub(count, Ordering::SeqCst) == count {
            let wakers: Vec<_> = lock(&self.waiting).all().collect();
            for waker in wakers {
                waker.wake();
            }
        }
    }

    /// Accepts nothing from outside any more.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// Waits until nothing is in flight.
    ///
    /// A caller that gives up leaves its waker behind until the count next comes to zero.
    pub(crate) async fn idle(&self) {
        let mut key = None;
        poll_fn(|cx| self.poll_idle(&mut key, cx)).await;
    }

    fn poll_idle(&self, key: &mut Option<u64>, cx: &Context<'_>) -> Poll<()> {
        let mut waiting = lock(&self.waiting);
        if self.in_flight() == 0 {
            waiting.leave(key);
            return Poll::Ready(());
        }
        waiting.enter(key, cx);
        Poll::Pending
    }
}
