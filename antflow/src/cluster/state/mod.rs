//! The states of runs and nodes, and every rule by which they change: pure functions, which all stores call.
//!
//! # Nodes
//! ```text
//!            parents came so far           claim: epoch + 1
//!  Queued ───────────────────────► Ready ──────────────────► Running ───────► Finished
//!                                    ▲ ▲                      │ │ │  finish
//!                     lease expired, │ └──────────────────────┘ │ └──────────► Failed
//!                     given back     │                          │    permanent failure, or no tries left
//!                                    │ claim, from `retry_at`   │
//!                                    └─ Deferred ◄──────────────┘
//!                                                transient failure
//!  Open ──► Finished                             closed by the submitter
//!  Running ──► Cancelling ──► Cancelled | Finished | Failed     the run is being ended
//!  Open, Queued, Ready, Deferred ──► Cancelled                  the run is being ended
//! ```
//! [`Deferred`](NodeState::Deferred) nodes are claimed as they are once their time has come: nobody has to move them.
//! Only `Running` and `Cancelling` nodes have a lease. Finished, failed and cancelled are terminal.
//!
//! # Runs
//! ```text
//!  Running ──► Finished                      all nodes finished
//!  Running ──► Cancelling ──► Cancelled      asked for; ends when all nodes are terminal
//!  Running ──► Failing ─────► Failed         a node failed; ends when all nodes are terminal
//! ```
//! The first cause wins: a run that fails while it is being cancelled ends cancelled, and the other way round.
//!
//! # Settling
//! [`settle`] says what follows from the states of a run and its nodes: which nodes become ready or are cancelled, and
//! whether the run ends. A store calls it, under the lock of the run, in each transaction that
//! - changes the state of a node, except from ready or deferred to running,
//! - commits the first artifact of a node,
//! - begins to cancel the run,
//!
//! and writes what it says in the same transaction. Then nothing is left to do: a run whose nodes are settled is
//! settled again without a change, so anybody may do it at any time.

mod failure;
mod settle;
#[cfg(test)]
mod tests;

pub use failure::{AfterFailure, AfterLoss, after_failure, after_loss};
pub use settle::{NodeView, Settled, initial_state, settle};

use serde::{Deserialize, Serialize};

/// The state of a node; see the [module](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// An input node that takes what the submitter appends.
    Open,
    /// Waits for its parents.
    Queued,
    /// May be claimed.
    Ready,
    /// An attempt failed; may be claimed from `retry_at` on.
    Deferred,
    /// A worker has it, by a lease.
    Running,
    /// A worker has it, and has to end it.
    Cancelling,
    /// Ended: all batches are committed.
    Finished,
    /// Ended by a failure.
    Failed,
    /// Ended because the run was cancelled or failed elsewhere.
    Cancelled,
}

/// The state of a run; see the [module](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Its nodes wait or work.
    Running,
    /// It was cancelled, and nodes are still being ended.
    Cancelling,
    /// A node failed, and others are still being ended.
    Failing,
    /// Ended: all nodes finished.
    Finished,
    /// Ended: a node failed.
    Failed,
    /// Ended: it was cancelled.
    Cancelled,
}

impl NodeState {
    /// All states.
    pub const ALL: [Self; 9] = [
        Self::Open,
        Self::Queued,
        Self::Ready,
        Self::Deferred,
        Self::Running,
        Self::Cancelling,
        Self::Finished,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The name as it is stored and written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Queued => "queued",
            Self::Ready => "ready",
            Self::Deferred => "deferred",
            Self::Running => "running",
            Self::Cancelling => "cancelling",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Nothing follows.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Cancelled)
    }

    /// A worker has it.
    #[must_use]
    pub const fn is_leased(self) -> bool {
        matches!(self, Self::Running | Self::Cancelling)
    }

    /// May a node go from this state to that one?
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use NodeState as S;
        match self {
            S::Open => matches!(next, S::Finished | S::Cancelled),
            S::Queued => matches!(next, S::Ready | S::Cancelled),
            S::Ready | S::Deferred => matches!(next, S::Running | S::Cancelled),
            S::Running => matches!(
                next,
                S::Ready | S::Deferred | S::Cancelling | S::Finished | S::Failed
            ),
            S::Cancelling => matches!(next, S::Finished | S::Failed | S::Cancelled),
            S::Finished | S::Failed | S::Cancelled => false,
        }
    }

    /// What becomes of a node in this state when its run is being ended; `None`: it stays.
    #[must_use]
    pub const fn when_run_ends(self) -> Option<Self> {
        match self {
            Self::Open | Self::Queued | Self::Ready | Self::Deferred => Some(Self::Cancelled),
            Self::Running => Some(Self::Cancelling),
            Self::Cancelling | Self::Finished | Self::Failed | Self::Cancelled => None,
        }
    }
}

impl RunState {
    /// All states.
    pub const ALL: [Self; 6] = [
        Self::Running,
        Self::Cancelling,
        Self::Failing,
        Self::Finished,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The name as it is stored and written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Cancelling => "cancelling",
            Self::Failing => "failing",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Nothing follows.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Cancelled)
    }
}
