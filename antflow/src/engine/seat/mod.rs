use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Wake, Waker};

use super::core::Shared;
use super::sync::{AtomicUsize, Mutex, Ordering, lock};
use super::watchdog::Watchdog;

mod drive;
mod turns;

pub(crate) use drive::{Drive, leave_to_task, note_wake};
use turns::Lateness;
pub(crate) use turns::{After, Claim, Turns};

/// Where a worker sits: its future, and whose turn it is to poll it.
///
/// A worker is not bound to a task. It has one of its own, the driver, which a wake-up calls; but a task whose worker
/// has come to wait may poll another one in its place, as far as that one gets. So an item goes on to the next stage
/// without a task in between being scheduled.
pub struct Seat {
    run: Weak<Shared>,
    watchdog: Arc<Watchdog>,
    /// The index of the stage that the worker belongs to.
    stage: usize,
    turns: Turns,
    worker: usize,
    /// How many items the worker takes at once. 0 if one takes it so long that no other task should poll it.
    reach: AtomicUsize,
    /// Taken by whoever has the turn.
    sitter: Mutex<Option<Worker>>,
    driver: Mutex<Driver>,
}

/// The task of a worker. Those before the last one are to end.
#[derive(Default)]
struct Driver {
    /// How many there were before it.
    number: usize,
    waker: Option<Waker>,
}

struct Worker {
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// The seat itself.
    waker: Waker,
}

thread_local! {
    /// The run, by its address, and the stage of the worker that this thread polls.
    static CURRENT: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
}

/// The index of the stage whose worker is running, if that is one of this run.
pub(crate) fn current_stage(shared: &Shared) -> Option<usize> {
    let (run, stage) = CURRENT.get()?;
    (run == std::ptr::from_ref(shared).addr()).then_some(stage)
}

impl Seat {
    /// A seat for the worker that `work` makes.
    pub(crate) fn new<F>(
        shared: &Arc<Shared>,
        stage: usize,
        worker: usize,
        work: impl FnOnce(&Arc<Self>) -> F,
    ) -> Arc<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let seat = Arc::new(Self {
            run: Arc::downgrade(shared),
            watchdog: Arc::clone(&shared.watchdog),
            stage,
            turns: Turns::new(),
            worker,
            reach: AtomicUsize::new(1),
            sitter: Mutex::new(None),
            driver: Mutex::default(),
        });
        let worker = Worker {
            future: Box::pin(work(&seat)),
            waker: Waker::from(Arc::clone(&seat)),
        };
        *lock(&seat.sitter) = Some(worker);
        seat
    }

    pub(super) fn stage(&self) -> usize {
        self.stage
    }

    /// The index of the worker in its stage.
    pub(super) fn worker(&self) -> usize {
        self.worker
    }

    /// Notes how many items the worker takes at once; 0 if one takes it long.
    #[inline]
    pub(super) fn set_reach(&self, reach: usize) {
        if self.reach.load(Ordering::Relaxed) != reach {
            self.reach.store(reach, Ordering::Relaxed);
        }
    }

    pub(super) fn reach(&self) -> usize {
        self.reach.load(Ordering::Relaxed)
    }

    /// Lets the worker go on. If somebody else is at it, it is polled once more after that. Returns whether the worker
    /// has ended.
    pub(super) fn poll(&self) -> bool {
        match self.turns.claim() {
            Claim::Mine => {}
            Claim::Later => return false,
            Claim::Over => return true,
        }
        let mut polling = Polling {
            seat: self,
            pending: false,
        };
        let mut sitter = lock(&self.sitter);
        polling.pending = sitter.as_mut().is_some_and(|worker| {
            let before = CURRENT.replace(Some((self.run.as_ptr().addr(), self.stage)));
            let _restore = Restore(before);
            let poll = worker
                .future
                .as_mut()
                .poll(&mut Context::from_waker(&worker.waker));
            poll.is_pending()
        });
        drop(sitter);
        let pending = polling.pending;
        drop(polling);
        !pending
    }

    /// Ends the worker where it waits, as its driver is gone.
    pub(super) fn vacate(&self) {
        if self.turns.vacate() {
            self.clear();
        }
    }

    /// Drops the worker, and lets its driver end.
    fn clear(&self) {
        let sitter = lock(&self.sitter).take();
        drop(sitter);
        let driver = lock(&self.driver).waker.take();
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    fn call_driver(&self) {
        note_wake();
        if let Some(driver) = &lock(&self.driver).waker {
            driver.wake_by_ref();
        }
    }

    /// Seats the driver of this number. False: another one has taken over.
    fn seat_driver(&self, number: usize, waker: &Waker) -> bool {
        let mut driver = lock(&self.driver);
        let is_last = driver.number == number;
        if is_last {
            driver.waker = Some(waker.clone());
        }
        is_last
    }

    fn is_driver(&self, number: usize) -> bool {
        lock(&self.driver).number == number
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.turns.is_woken()
    }

    /// Gives the worker a new task, as its own is held up.
    fn replace_driver(self: &Arc<Self>) {
        let (number, before) = {
            let mut driver = lock(&self.driver);
            driver.number += 1;
            (driver.number, driver.waker.take())
        };
        if let Some(run) = self.run.upgrade() {
            run.drive_anew(Drive::new(Arc::clone(self), number));
        }
        // It may have come in between, and would not be woken any more to end.
        if let Some(before) = before {
            before.wake();
        }
    }

    /// Sees whether the worker's task comes when it is called; gives the worker another one if it was seen before that
    /// it does not, be it because the thread that is to run it is blocked. Says whether it is to be seen again.
    pub(crate) fn look_after(self: &Arc<Self>) -> bool {
        let lateness = self.turns.lateness();
        if lateness == Lateness::Late {
            self.replace_driver();
        }
        lateness != Lateness::NotCalled
    }
}

impl Wake for Seat {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.turns.wake() {
            self.call_driver();
            self.watchdog.wake();
        }
    }
}

/// What follows a poll, also one that has panicked.
struct Polling<'a> {
    seat: &'a Seat,
    pending: bool,
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        let Self { seat, pending } = *self;
        match seat.turns.end(pending) {
            After::Nothing => {}
            After::CallDriver => seat.call_driver(),
            After::Clear => seat.clear(),
        }
    }
}

struct Restore(Option<(usize, usize)>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seat")
            .field("stage", &self.stage)
            .field("turns", &self.turns)
            .finish_non_exhaustive()
    }
}
