use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::core::Shared;

/// Looks after what workers hold beside the item in hand, in case that item blocks its thread.
///
/// While it is at work it looks every millisecond; while no worker holds anything it sleeps, and a worker that begins
/// to wakes it up.
#[derive(Debug, Default)]
pub(crate) struct Watchdog {
    awake: AtomicBool,
    call: Notify,
    task: OnceLock<AbortHandle>,
}

const PERIOD: Duration = Duration::from_millis(1);

impl Watchdog {
    /// Starts it. `look` says whether there is something to look after.
    ///
    /// Where there is one thread alone it is not needed: nobody could go on if that was blocked.
    pub(crate) fn start(shared: &Arc<Shared>, look: impl FnMut() -> bool + Send + 'static) {
        let runtime = Handle::current();
        if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
            shared.watchdog.awake.store(true, Ordering::Relaxed);
            return;
        }
        let run = Arc::clone(shared);
        let task = runtime.spawn(async move { run.watchdog.run(look).await });
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
        fence(Ordering::SeqCst);
        if self.awake.load(Ordering::Relaxed) {
            return false;
        }
        self.awake.store(true, Ordering::Relaxed);
        self.call.notify_one();
        true
    }

    async fn run(&self, mut look: impl FnMut() -> bool) {
        loop {
            self.call.notified().await;
            loop {
                tokio::time::sleep(PERIOD).await;
                if look() {
                    continue;
                }
                self.awake.store(false, Ordering::Relaxed);
                fence(Ordering::SeqCst);
                // Who came in between saw it awake.
                if !look() {
                    break;
                }
                self.awake.store(true, Ordering::Relaxed);
            }
        }
    }
}
