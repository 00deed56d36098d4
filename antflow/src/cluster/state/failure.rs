use std::time::Duration;

use crate::cluster::ReasonCode;
use crate::cluster::graph::RetryPolicy;

/// What follows a failed attempt of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// The node is deferred for so long, by the store's clock.
    Retry(Duration),
    /// The node failed: the reason is one without a retry.
    Permanent,
    /// The node failed: there are no tries left.
    Exhausted,
}

/// What follows the loss of the worker that had a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterLoss {
    /// The node goes on, from what was committed.
    GoOn,
    /// The node failed: it was lost too often without progress, so it may be what kills its workers.
    GiveUp,
}

/// What follows failure number `failures` since the last progress, counted from 1, this one included.
#[must_use]
pub fn after_failure(
    policy: &RetryPolicy,
    failures: u32,
    code: &ReasonCode,
    permanent: bool,
) -> AfterFailure {
    if permanent || policy.permanent_on.contains(code) {
        AfterFailure::Permanent
    } else if failures > policy.max {
        AfterFailure::Exhausted
    } else {
        AfterFailure::Retry(policy.wait_after(failures))
    }
}

/// What follows interruption number `interruptions` since the last progress, counted from 1, this one included.
#[must_use]
pub fn after_loss(policy: &RetryPolicy, interruptions: u32) -> AfterLoss {
    if interruptions > policy.max_interruptions {
        AfterLoss::GiveUp
    } else {
        AfterLoss::GoOn
    }
}
