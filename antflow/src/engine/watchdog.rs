use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::core::Shared;
use super::sync::{AtomicBool, Ordering, fence};

/// Looks after what workers hold beside the item in hand, in case that item blocks its thread.
///
/// While it is at work it looks every millisecond; while no worker holds anything it sleeps, and a worker that begins
/// to wakes it up.
#[derive(Debug)]
pub(crate) struct Watchdog {
    nap: Nap,
    call: Notify,
    task: OnceLock<AbortHandle>,
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
            call: Notify::new(),
            task: OnceLock::new(),
        }
    }

    /// Starts it. `look` says whether there is something to look after.
    ///
    /// Where there is one thread alone it is not needed: nobody could go on if that was blocked.
    pub(crate) fn start(shared: &Arc<Shared>, look: impl FnMut(Look) -> bool + Send + 'static) {
        let runtime = Handle::current();
        if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
            shared.watchdog.nap.end();
            return;
        }
        let watchdog = Arc::clone(&shared.watchdog);
        let task = runtime.spawn(async move { watchdog.run(look).await });
        // It is started once.
        let _ = shared.watchdog.task.set(task.abort_handle());
    }

    /// Ends it.
    pub(crate) fn stop(&self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }

    /// Wakes it up, if it sleeps. What it is to look after must be there already. Returns whether it slept.
    pub(super) fn wake(&self) -> bool {
        let slept = self.nap.end();
        if slept {
            self.call.notify_one();
        }
        slept
    }

    async fn run(&self, mut look: impl FnMut(Look) -> bool) {
        loop {
            self.call.notified().await;
            let (mut looks, mut quiet) = (0, 0);
            while quiet < PATIENCE || !self.nap.begin(|| look(Look::Everywhere)) {
                tokio::time::sleep(PERIOD).await;
                looks += 1;
                let busy = look(if looks % WIDE == 0 {
                    Look::Everywhere
                } else {
                    Look::AtDesks
                });
                quiet = if busy { 0 } else { quiet + 1 };
            }
        }
    }
}

/// How far the watchdog looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// At what workers hold beside the item in hand, and at those whose tasks poll others.
    AtDesks,
    /// And at every worker.
    Everywhere,
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
