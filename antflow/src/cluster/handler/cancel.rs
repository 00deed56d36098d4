use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

/// Who or what cancels a run on a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CancelCause {
    /// A coordinator said so on the bus, and the store agreed.
    Signal,
    /// The node is marked in the store: the guide's database flag.
    Flag,
    /// The lease could not be extended in time.
    LeaseExpired,
    /// The lease is held no more: another one has the node, or it has ended. Nothing more is written.
    LeaseLost,
    /// The worker shuts down.
    Shutdown,
    /// The attempt took longer than `timeout_sec`.
    Timeout,
    /// Another batch of the attempt failed.
    Failure,
}

/// Why a run is cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CancelReason {
    /// Who or what.
    pub cause: CancelCause,
    /// Why, as whoever cancelled it said.
    pub reason: String,
}

impl CancelReason {
    pub(crate) fn new(cause: CancelCause, reason: impl Into<String>) -> Self {
        Self {
            cause,
            reason: reason.into(),
        }
    }
}

/// Whether one attempt is cancelled, why, and when it is cut off.
#[derive(Debug)]
pub(crate) struct Cancellation(watch::Sender<Option<Asked>>);

#[derive(Debug, Clone)]
struct Asked {
    reason: CancelReason,
    until: Instant,
    is_lost: bool,
}

impl Cancellation {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Asks the attempt to end within `grace`. The first reason stays; of the times, the earliest counts; and once the
    /// lease is lost it stays lost. Says whether it was the first.
    pub(crate) fn cancel(&self, reason: CancelReason, grace: Duration) -> bool {
        // What is too far away to be reckoned is never.
        let until = Instant::now()
            .checked_add(grace)
            .unwrap_or_else(|| Instant::now() + Duration::from_secs(86_400 * 365));
        let mut is_first = false;
        self.0.send_if_modified(|asked| {
            let is_lost = reason.cause == CancelCause::LeaseLost;
            if let Some(asked) = asked {
                let is_news = until < asked.until || is_lost && !asked.is_lost;
                asked.until = asked.until.min(until);
                asked.is_lost |= is_lost;
                is_news
            } else {
                is_first = true;
                *asked = Some(Asked {
                    reason,
                    until,
                    is_lost,
                });
                true
            }
        });
        is_first
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// May nothing more be written?
    pub(crate) fn is_lost(&self) -> bool {
        self.0.borrow().as_ref().is_some_and(|asked| asked.is_lost)
    }

    pub(crate) fn reason(&self) -> Option<CancelReason> {
        self.0.borrow().as_ref().map(|asked| asked.reason.clone())
    }

    /// How long is left until the attempt is cut off.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        let asked = self.0.borrow();
        let until = asked.as_ref()?.until;
        Some(until.saturating_duration_since(Instant::now()))
    }

    /// Waits until it is cancelled.
    pub(crate) async fn cancelled(&self) {
        let mut asked = self.0.subscribe();
        // The sender is `self`, so it is there as long as this waits.
        let _ = asked.wait_for(Option::is_some).await;
    }

    /// Waits until nothing more may be written.
    pub(crate) async fn lost(&self) {
        let mut asked = self.0.subscribe();
        // As in `cancelled`.
        let _ = asked
            .wait_for(|asked| asked.as_ref().is_some_and(|asked| asked.is_lost))
            .await;
    }

    /// Waits until the grace after a cancellation is over.
    pub(crate) async fn cut_off(&self) {
        let mut asked = self.0.subscribe();
        loop {
            let until = asked.borrow_and_update().as_ref().map(|asked| asked.until);
            let Some(until) = until else {
                // As in `cancelled`.
                let _ = asked.changed().await;
                continue;
            };
            tokio::select! {
                () = tokio::time::sleep_until(until) => return,
                _ = asked.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(cause: CancelCause) -> CancelReason {
        CancelReason::new(cause, "why")
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_reason_stays_and_the_earliest_end_counts() {
        let cancellation = Cancellation::new();
        assert!(cancellation.cancel(reason(CancelCause::Shutdown), Duration::from_secs(30)));
        assert!(!cancellation.cancel(reason(CancelCause::LeaseLost), Duration::from_secs(1)));
        assert!(!cancellation.cancel(reason(CancelCause::Flag), Duration::from_secs(60)));
        let said = cancellation.reason().map(|reason| reason.cause);
        assert_eq!(said, Some(CancelCause::Shutdown));
        assert!(cancellation.is_lost());
        let start = Instant::now();
        cancellation.cut_off().await;
        assert_eq!(start.elapsed(), Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_hears_of_it_and_of_an_earlier_end() {
        let cancellation = std::sync::Arc::new(Cancellation::new());
        let waiting = std::sync::Arc::clone(&cancellation);
        let task = tokio::spawn(async move {
            let start = Instant::now();
            waiting.cut_off().await;
            start.elapsed()
        });
        tokio::task::yield_now().await;
        cancellation.cancel(reason(CancelCause::Flag), Duration::MAX);
        tokio::task::yield_now().await;
        cancellation.cancel(reason(CancelCause::Shutdown), Duration::from_secs(3));
        assert_eq!(task.await.unwrap(), Duration::from_secs(3));
        cancellation.cancelled().await;
    }
}
