use super::Lease;
use crate::cluster::state::NodeState;

/// Why a store did not do what it was asked.
///
/// Only [`Unavailable`](Self::Unavailable) may pass by itself: try again, with a growing pause. Every other one stays
/// the same however often one tries.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The lease is held no more: the node was reaped, resumed by another process, or has ended. Nothing was written.
    /// Whoever gets it stops working on the node at once, and writes nothing more.
    #[error(
        "the lease on node `{}` of run `{}` in epoch {} is held no more: stop working on it",
        .lease.node, .lease.run, .lease.epoch
    )]
    Fenced {
        /// The lease that was shown.
        lease: Box<Lease>,
        /// The state that the node is in.
        state: NodeState,
        /// The epoch that the node is in.
        epoch: u64,
    },
    /// There is no such thing.
    #[error("there is no {what} `{id}`")]
    NotFound {
        /// What was looked for: `run`, `node`, `batch`, `event`, `dead letter`.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// There is something else under this id.
    #[error("there is another {what} `{id}`: choose another id")]
    Conflict {
        /// What was to be written: `run`, `artifact`.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// The state does not allow it: input for a node that is closed, the cancellation of a node that nobody cancels.
    #[error("{what} `{id}` is `{state}`: {need}")]
    WrongState {
        /// What it is about: `run`, `node`.
        what: &'static str,
        /// Its id.
        id: String,
        /// The state that it is in.
        state: &'static str,
        /// What would have been needed.
        need: &'static str,
    },
    /// A payload is larger than the store takes.
    #[error(
        "{what} has {bytes} bytes, more than the {limit} that the store takes: make batches smaller"
    )]
    TooLarge {
        /// What it is: ``artifact `b7` ``.
        what: String,
        /// Its size.
        bytes: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// The request contradicts itself or the graph: a cursor on a node that is not read, a metric that is not finite, a
    /// variable that is no number.
    #[error("the request is wrong: {0}")]
    Invalid(String),
    /// The store cannot be reached, is locked or full, or a conflict of transactions persisted. Nothing is known of
    /// whether the request was carried out: asking again is harmless, as every operation says.
    #[error("the store is not available: {reason}")]
    Unavailable {
        /// What was tried.
        reason: String,
        /// What the engine says.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The server of the store refuses it: who asks is not let in or may not do it, or tables are missing. Does not
    /// pass by itself: somebody has to do what it says.
    #[error("the store refuses it: {reason}")]
    Refused {
        /// What was tried, and what to do.
        reason: String,
        /// What the engine says.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// A newer version of antflow has written what is stored. Nothing was written.
    #[error(
        "the store has the schema {found}, and this version of antflow knows those up to {known}: \
         use the version that wrote it, or a newer one"
    )]
    Newer {
        /// The version of the schema that was found.
        found: u64,
        /// The newest one that is known.
        known: u64,
    },
    /// What is stored cannot be understood: damaged, or no store at all. Nothing was written.
    #[error("{what} cannot be read: {reason}; restore it from a copy")]
    Corrupt {
        /// What it is: ``graph of run `r` ``, `schema`.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl StoreError {
    /// May asking again help?
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
