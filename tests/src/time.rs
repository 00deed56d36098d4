use std::future::IntoFuture;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};

/// Runs a future, and fails instead of hanging.
///
/// On a paused clock the bound is two hours, beyond any pause that a test asks for; on a real one half a minute.
/// A runtime that spins never gets to its timers, so a thread outside of it watches too and ends the process.
///
/// # Panics
/// If the future does not come to its end.
pub async fn within<T>(future: impl IntoFuture<Output = T>) -> T {
    let bound = match Handle::current().runtime_flavor() {
        RuntimeFlavor::CurrentThread => seconds(2 * 3600),
        _ => seconds(30),
    };
    let _watch = Watch::start();
    match tokio::time::timeout(bound, Box::pin(future.into_future())).await {
        Ok(value) => value,
        Err(_) => panic!("this hangs: nothing happened within {bound:?}"),
    }
}

/// Lets everything that can go on do so, on a paused clock: one millisecond of it.
pub async fn quiet() {
    tokio::time::sleep(millis(1)).await;
}

/// A duration in seconds.
#[must_use]
pub const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A duration in milliseconds.
#[must_use]
pub const fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Ends the process after two minutes unless it is dropped before.
struct Watch {
    /// The watching thread ends when this does.
    _sender: mpsc::Sender<()>,
}

impl Watch {
    fn start() -> Self {
        let (sender, receiver) = mpsc::channel::<()>();
        let test = thread::current().name().unwrap_or("a test").to_owned();
        thread::spawn(move || {
            let ended = receiver.recv_timeout(seconds(120));
            if ended == Err(mpsc::RecvTimeoutError::Timeout) {
                eprintln!("{test} spins: it neither ended nor let the clock go on");
                std::process::abort();
            }
        });
        Self { _sender: sender }
    }
}
