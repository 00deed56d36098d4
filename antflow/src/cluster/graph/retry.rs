use std::time::Duration;

use crate::cluster::ReasonCode;

/// What happens after an attempt of a node has failed: `retry_policy`.
///
/// Attempts are counted since the last batch that was committed: what a retry achieves gives it new tries.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct RetryPolicy {
    /// `max`: how many retries there are after the first attempt. Default 2.
    pub max: u32,
    /// `backoff_sec`: how long to wait before the next attempt, or before the second one if the wait grows. By the
    /// store's clock. Default 300 s.
    pub backoff: Duration,
    /// `exponential`: does the wait double after each attempt? Default: no.
    pub exponential: bool,
    /// `max_backoff_sec`: to how long the wait may grow. Default 3600 s.
    pub max_backoff: Duration,
    /// `permanent_on`: reasons after which there is no retry. Default `bad_input` and `schema_mismatch`.
    pub permanent_on: Vec<ReasonCode>,
    /// `max_interruptions`: how many workers may be lost on the node, or may have to resume it, since the last
    /// progress, before it fails as what kills its workers. Default 20.
    pub max_interruptions: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max: 2,
            backoff: Duration::from_secs(300),
            exponential: false,
            max_backoff: Duration::from_secs(3600),
            permanent_on: vec!["bad_input".into(), "schema_mismatch".into()],
            max_interruptions: 20,
        }
    }
}

impl RetryPolicy {
    /// No retries: the first failure is the last.
    pub fn never() -> Self {
        Self::default().max(0)
    }

    /// Sets how many retries there are.
    pub fn max(mut self, retries: u32) -> Self {
        self.max = retries;
        self
    }

    /// Sets the wait before a retry.
    pub fn backoff(mut self, wait: Duration) -> Self {
        self.backoff = wait;
        self
    }

    /// Doubles the wait after each attempt, up to `most`.
    pub fn exponential(mut self, most: Duration) -> Self {
        self.exponential = true;
        self.max_backoff = most;
        self
    }

    /// Names the reasons after which there is no retry.
    pub fn permanent_on(mut self, codes: impl IntoIterator<Item = impl Into<ReasonCode>>) -> Self {
        self.permanent_on = codes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how many workers may be lost in a row.
    pub fn max_interruptions(mut self, interruptions: u32) -> Self {
        self.max_interruptions = interruptions;
        self
    }

    /// How long to wait after failure number `failures`, counted from 1.
    #[must_use]
    pub fn wait_after(&self, failures: u32) -> Duration {
        if !self.exponential {
            return self.backoff;
        }
        let doublings = failures.saturating_sub(1).min(31);
        self.backoff
            .saturating_mul(1 << doublings)
            .min(self.max_backoff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_keep_fractions_of_a_second_and_grow_to_their_bound() {
        let fixed = RetryPolicy::default().backoff(Duration::from_millis(50));
        assert_eq!(fixed.wait_after(7), Duration::from_millis(50));
        let growing = fixed.exponential(Duration::from_millis(150));
        assert_eq!(
            [1, 2, 3, u32::MAX].map(|n| growing.wait_after(n).as_millis()),
            [50, 100, 150, 150]
        );
    }
}
