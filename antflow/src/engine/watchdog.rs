use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};

use super::sync::{AtomicBool, Ordering, fence};

/// Looks after what workers hold beside the item in hand, and after workers that were woken and do not come, in case an
/// item blocks its thread.
///
/// While it is awake it looks every millisecond. It falls asleep when there is nothing to look after; whoever begins to
/// hold something wakes it up. It looks from a thread of its own, one for all runs, as a runtime with a blocked thread
/// may neither run a task nor fire a timer.
pub(crate) struct Watchdog {
    nap: Nap,
    look: OnceLock<Box<dyn Fn(Look) -> bool + Send + Sync>>,
}

/// How far the watchdog looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// At what workers hold beside the item in hand.
    AtDesks,
    /// And at workers who were woken.
    Everywhere,
}

const PERIOD: Duration = Duration::from_millis(1);
/// So many looks without anything to look after come before it goes to sleep, as being woken costs more than a look.
const PATIENCE: u32 = 16;
/// One look in so many is at every worker.
const WIDE: u32 = 4;

impl Watchdog {
    pub(crate) fn new() -> Self {
        Self {
            nap: Nap::new(),
            look: OnceLock::new(),
        }
    }

    /// Starts it. `look` says whether there is something to look after.
    ///
    /// Where there is one thread alone it is not needed: nobody could go on if that was blocked.
    pub(crate) fn start(&self, look: impl Fn(Look) -> bool + Send + Sync + 'static) {
        if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
            self.nap.end();
        } else {
            // It is started once.
            let _ = self.look.set(Box::new(look));
        }
    }

    /// Wakes it up, if it sleeps. What it is to look after must be there already.
    #[inline]
    pub(super) fn wake(self: &Arc<Self>) {
        if self.nap.end() {
            PATROL.join(Arc::clone(self));
        }
    }

    /// A panic comes from what a user's value does when it is dropped, and ends nothing but the look.
    fn look(&self, look: Look) -> bool {
        let looked = AssertUnwindSafe(|| self.look.get().is_some_and(|at| at(look)));
        catch_unwind(looked).unwrap_or(true)
    }
}

impl std::fmt::Debug for Watchdog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watchdog")
            .field("nap", &self.nap)
            .finish_non_exhaustive()
    }
}

/// The watchdogs that are awake, and the thread that lets them look.
struct Patrol {
    beats: Mutex<Beats>,
    call: Condvar,
}

#[derive(Default)]
struct Beats {
    is_walking: bool,
    new: Vec<Arc<Watchdog>>,
}

static PATROL: Patrol = Patrol {
    beats: Mutex::new(Beats {
        is_walking: false,
        new: Vec::new(),
    }),
    call: Condvar::new(),
};

impl Patrol {
    fn beats(&self) -> MutexGuard<'_, Beats> {
        self.beats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&'static self, watchdog: Arc<Watchdog>) {
        let mut beats = self.beats();
        beats.new.push(watchdog);
        if !beats.is_walking {
            let thread = std::thread::Builder::new().name("antflow-watchdog".to_owned());
            // If there can be no thread now, the next one who joins tries again.
            beats.is_walking = thread.spawn(|| self.walk()).is_ok();
        }
        drop(beats);
        self.call.notify_one();
    }

    fn walk(&self) {
        let mut awake: Vec<(Arc<Watchdog>, u32)> = Vec::new();
        for look in (0..WIDE).cycle() {
            let look = if look == 0 {
                Look::Everywhere
            } else {
                Look::AtDesks
            };
            let mut beats = self.beats();
            if awake.is_empty() {
                let waited = self.call.wait_while(beats, |beats| beats.new.is_empty());
                beats = waited.unwrap_or_else(PoisonError::into_inner);
            }
            awake.extend(beats.new.drain(..).map(|watchdog| (watchdog, 0)));
            drop(beats);
            std::thread::sleep(PERIOD);
            awake.retain_mut(|(watchdog, quiet)| {
                *quiet = if watchdog.look(look) { 0 } else { *quiet + 1 };
                *quiet < PATIENCE || !watchdog.nap.begin(|| watchdog.look(Look::Everywhere))
            });
        }
    }
}

/// Whether the watchdog sleeps. It does not fall asleep over something that was there before it was asked to wake up.
#[derive(Debug)]
pub(super) struct Nap {
    awake: AtomicBool,
}

impl Nap {
    pub(super) fn new() -> Self {
        Self {
            awake: AtomicBool::new(false),
        }
    }

    /// Ends it. Returns whether there was one to end.
    #[inline]
    pub(super) fn end(&self) -> bool {
        fence(Ordering::SeqCst);
        if self.awake.load(Ordering::Relaxed) {
            return false;
        }
        self.awake.store(true, Ordering::Relaxed);
        true
    }

    /// Begins it, unless there is something to look after. Returns whether it has begun.
    pub(super) fn begin(&self, look: impl FnOnce() -> bool) -> bool {
        self.awake.store(false, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        // Who came before this saw it awake.
        let asleep = !look();
        if !asleep {
            self.awake.store(true, Ordering::Relaxed);
        }
        asleep
    }
}
