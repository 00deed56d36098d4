use std::time::Duration;

/// When and how often a failed attempt is repeated.
///
/// Without a policy there is one attempt. A panic is never retried; a timeout is, and so is an error unless `retry_if`
/// refuses it.
///
/// ```
/// use std::time::Duration;
/// use antflow::Retry;
///
/// let retry = Retry::per_task()
///     .attempts(5)
///     .wait(Duration::from_millis(200))
///     .exponential()
///     .max_wait(Duration::from_secs(10))
///     .jitter();
/// assert_eq!(retry.max_attempts(), 5);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Retry {
    pub(crate) mode: RetryMode,
    pub(crate) attempts: u32,
    pub(crate) wait: Duration,
    pub(crate) exponential: bool,
    pub(crate) max_wait: Option<Duration>,
    pub(crate) jitter: bool,
    pub(crate) on_wait: OnWait,
}

/// What is repeated after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryMode {
    /// The task that failed; earlier tasks of the stage keep their results.
    PerTask,
    /// All tasks of the stage, from the stage's input. The item goes to the back of the stage's queue and may be
    /// continued by another worker.
    PerStage,
}

/// What the worker does while an item waits for its next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnWait {
    /// It waits with the item, which bounds how much is retried at once.
    #[default]
    Hold,
    /// It takes other items; the waiting one comes back through the stage's queue.
    Release,
}

impl Retry {
    /// Repeats the task that failed: 3 attempts in all, 1 s between them.
    pub fn per_task() -> Self {
        Self::new(RetryMode::PerTask)
    }

    /// Repeats the whole stage: 3 attempts in all, 1 s between them.
    pub fn per_stage() -> Self {
        Self::new(RetryMode::PerStage)
    }

    fn new(mode: RetryMode) -> Self {
        Self {
            mode,
            attempts: 3,
            wait: Duration::from_secs(1),
            exponential: false,
            max_wait: None,
            jitter: false,
            on_wait: OnWait::Hold,
        }
    }

    /// Sets how many attempts there are in all, the first one counted. 0 is refused when a run starts.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets the pause before the next attempt, or before the second one if the pause grows.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Doubles the pause after each attempt.
    pub fn exponential(mut self) -> Self {
        self.exponential = true;
        self
    }

    /// Bounds a growing pause. The default is no bound.
    pub fn max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = Some(max_wait);
        self
    }

    /// Draws each pause at random between half of it and the whole ("equal jitter"), so that items which failed
    /// together do not come back together.
    pub fn jitter(mut self) -> Self {
        self.jitter = true;
        self
    }

    /// Sets what the worker does during the pause.
    pub fn on_wait(mut self, on_wait: OnWait) -> Self {
        self.on_wait = on_wait;
        self
    }

    /// What is repeated.
    #[must_use]
    pub fn mode(&self) -> RetryMode {
        self.mode
    }

    /// How many attempts there are in all.
    #[must_use]
    pub fn max_attempts(&self) -> u32 {
        self.attempts
    }

    /// The pause after attempt number `attempt`, counted from 1.
    pub(crate) fn pause_after(&self, attempt: u32) -> Duration {
        let mut pause = self.wait;
        if self.exponential {
            let doublings = attempt.saturating_sub(1).min(31);
            pause = pause.saturating_mul(1 << doublings);
            pause = self.max_wait.map_or(pause, |max| pause.min(max));
        }
        if self.jitter {
            pause = pause.mul_f64(fastrand::f64().mul_add(0.5, 0.5));
        }
        pause
    }
}

#[cfg(all(test, not(antflow_loom)))]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_fixed_pause_stays_the_same() {
        let retry = Retry::per_task();
        assert_eq!([1, 2, 9].map(|n| retry.pause_after(n)), [SECOND; 3]);
    }

    #[test]
    fn an_exponential_pause_doubles_up_to_its_bound() {
        let retry = Retry::per_task().exponential().max_wait(5 * SECOND);
        assert_eq!(
            [1, 2, 3, 4, 40, u32::MAX].map(|n| retry.pause_after(n)),
            [
                SECOND,
                2 * SECOND,
                4 * SECOND,
                5 * SECOND,
                5 * SECOND,
                5 * SECOND
            ]
        );
        Retry::per_task()
            .wait(Duration::MAX)
            .exponential()
            .pause_after(40);
    }

    #[test]
    fn jitter_stays_between_half_and_whole() {
        let retry = Retry::per_task().jitter();
        for _ in 0..1000 {
            let pause = retry.pause_after(1);
            assert!(pause >= SECOND / 2 && pause <= SECOND, "{pause:?}");
        }
    }
}
