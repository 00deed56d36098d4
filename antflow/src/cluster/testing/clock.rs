use tokio::time::Instant;

use crate::cluster::{Clock, Timestamp};

/// A store's clock that goes with the time of tokio, paused or not.
///
/// So a test has one time, and one way to let it pass: `tokio::time::sleep` or `advance`.
///
/// ```
/// use std::time::Duration;
/// use antflow::cluster::{Clock, testing::TokioClock};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # tokio::time::pause();
/// let clock = TokioClock::start();
/// let before = clock.now();
/// tokio::time::sleep(Duration::from_secs(3600)).await;
/// assert!(clock.now().since(before) >= Duration::from_secs(3600));
/// # }
/// ```
#[derive(Debug)]
pub struct TokioClock(Instant);

/// Where it begins: some day, so that nobody takes it for the machine's clock.
const BEGIN: Timestamp = Timestamp::from_millis(1_700_000_000_000);

impl TokioClock {
    /// A clock that begins now, at the same moment each time.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        BEGIN.after(self.0.elapsed())
    }
}
