use antflow::cluster::{Clock, Timestamp};
use tokio::time::Instant;

/// A store's clock that goes with the time of tokio, paused or not.
#[derive(Debug)]
pub struct TokioClock(Instant);

impl TokioClock {
    /// A clock that begins now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000).after(self.0.elapsed())
    }
}
