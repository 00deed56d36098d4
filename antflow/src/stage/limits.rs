use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::Rate;

/// The running limits of one task or stage: how many at once, how often.
#[derive(Debug)]
pub(crate) struct Limits {
    concurrency: Option<Semaphore>,
    rate: Option<Pacer>,
}

impl Limits {
    pub(crate) fn new(concurrency: Option<usize>, rate: Option<Rate>) -> Self {
        Self {
            concurrency: concurrency.map(|limit| Semaphore::new(limit.min(Semaphore::MAX_PERMITS))),
            rate: rate.and_then(Pacer::new),
        }
    }

    /// Waits until another start is within the limits. The permit is held for as long as the work lasts.
    pub(crate) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        let permit = match &self.concurrency {
            // The semaphore is never closed.
            Some(semaphore) => semaphore.acquire().await.ok(),
            None => None,
        };
        if let Some(pacer) = &self.rate {
            pacer.wait().await;
        }
        permit
    }
}

/// Lets starts through at a rate, first come first served.
///
/// The lock is held across the wait on purpose: one waiter sleeps for its turn, the others queue up behind it in order.
#[derive(Debug)]
struct Pacer(Mutex<RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<TokioInstant>>>);

/// Longer periods would not fit into the limiter's nanoseconds: a century.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

impl Pacer {
    /// None for a rate of zero, which is refused before a run starts.
    fn new(rate: Rate) -> Option<Self> {
        let burst = NonZeroU32::new(rate.count)?;
        let quota = Quota::with_period(rate.per.min(LONGEST) / rate.count)?.allow_burst(burst);
        let limiter = RateLimiter::direct_with_clock(quota, TokioClock);
        Some(Self(Mutex::new(limiter)))
    }

    async fn wait(&self) {
        let limiter = self.0.lock().await;
        while let Err(early) = limiter.check() {
            tokio::time::sleep(early.wait_time_from(TokioClock.now())).await;
        }
    }
}

/// The runtime's clock, so that paused time paces too.
#[derive(Debug, Clone, Copy)]
struct TokioClock;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct TokioInstant(Instant);

impl Clock for TokioClock {
    type Instant = TokioInstant;

    fn now(&self) -> TokioInstant {
        TokioInstant(Instant::now())
    }
}

impl std::ops::Add<Nanos> for TokioInstant {
    type Output = Self;

    fn add(self, nanos: Nanos) -> Self {
        Self(self.0 + nanos.into())
    }
}

impl Reference for TokioInstant {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_duration_since(earlier.0).into()
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.checked_sub(duration.into()).unwrap_or(self.0))
    }
}
