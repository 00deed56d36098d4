use std::num::NonZeroU32;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit, watch};
use tokio::time::Instant;

use super::Rate;

/// The running limits of one task or stage: how many at once, how often.
#[derive(Debug)]
pub(crate) struct Limits {
    concurrency: Option<Semaphore>,
    pacer: Pacer,
}

impl Limits {
    pub(crate) fn new(concurrency: Option<usize>, rate: Option<Rate>) -> Self {
        Self {
            concurrency: concurrency.map(|limit| Semaphore::new(limit.min(Semaphore::MAX_PERMITS))),
            pacer: Pacer::new(rate),
        }
    }

    /// Waits until another start is within the limits. The permit is held for as long as the work lasts.
    pub(crate) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        let permit = match &self.concurrency {
            // The semaphore is never closed.
            Some(semaphore) => semaphore.acquire().await.ok(),
            None => None,
        };
        self.pacer.wait().await;
        permit
    }

    /// Changes the rate, also for those who wait.
    pub(crate) fn set_rate(&self, rate: Option<Rate>) {
        // The rate that it has already goes on; it does not begin with a new burst.
        self.pacer.rate.send_if_modified(|old| {
            let is_new = *old != rate;
            *old = rate;
            is_new
        });
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<TokioInstant>>;

/// Lets starts through at a rate, first come first served.
#[derive(Debug)]
struct Pacer {
    rate: watch::Sender<Option<Rate>>,
    /// The lock is held across the wait on purpose: one waiter sleeps for its turn, the others queue up behind it in
    /// order.
    paced: Mutex<Paced>,
}

/// The limiter of the rate as it was last seen.
#[derive(Debug)]
struct Paced {
    rate: watch::Receiver<Option<Rate>>,
    limiter: Option<Limiter>,
}

/// Longer periods would not fit into the limiter's nanoseconds: a century.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// None for no rate, and for one of zero, which is refused where it is set.
fn limiter(rate: Option<Rate>) -> Option<Limiter> {
    let rate = rate?;
    let burst = NonZeroU32::new(rate.count)?;
    let quota = Quota::with_period(rate.per.min(LONGEST) / rate.count)?.allow_burst(burst);
    Some(RateLimiter::direct_with_clock(quota, TokioClock))
}

impl Pacer {
    fn new(rate: Option<Rate>) -> Self {
        let (sender, receiver) = watch::channel(rate);
        Self {
            rate: sender,
            paced: Mutex::new(Paced {
                rate: receiver,
                limiter: limiter(rate),
            }),
        }
    }

    async fn wait(&self) {
        if self.rate.borrow().is_none() {
            return;
        }
        let mut paced = self.paced.lock().await;
        let Paced {
            rate,
            limiter: paced,
        } = &mut *paced;
        loop {
            if rate.has_changed().unwrap_or(false) {
                *paced = limiter(*rate.borrow_and_update());
            }
            let Some(Err(early)) = paced.as_ref().map(Limiter::check) else {
                return;
            };
            let turn = tokio::time::sleep(early.wait_time_from(TokioClock.now()));
            let is_changed = matches!(
                select(pin!(turn), pin!(rate.changed())).await,
                Either::Right(_)
            );
            if is_changed {
                *paced = limiter(*rate.borrow_and_update());
            }
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
