//! Where SQLite works: it blocks, and the threads of a runtime must not.

use std::thread;

use tokio::runtime::Handle;

/// Does it on a thread that may block: one of the runtime that this is called in, so that a runtime with a paused clock
/// knows of the work and waits for it; or a new one outside of runtimes.
///
/// What cannot be started, as the runtime is being shut down or as there are no threads left, is dropped.
pub(super) fn run(work: impl FnOnce() + Send + 'static) {
    match Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn_blocking(work)),
        Err(_) => {
            let started = thread::Builder::new()
                .name("antflow-sqlite".into())
                .spawn(work);
            // Then the work was dropped, and whoever waits for it is told so.
            drop(started);
        }
    }
}
