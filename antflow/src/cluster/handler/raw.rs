use std::any::Any;
use std::fmt;

use serde_json::{Map, Value};

use super::Finalization;
use crate::cluster::protocol::{Failure, Metrics};
use crate::cluster::store::Payload;
use crate::cluster::{BatchUid, NodeId};

/// A batch whose type only its handler knows.
#[derive(Debug)]
pub(crate) struct RawBatch {
    pub(crate) uid: BatchUid,
    pub(crate) body: Body,
    pub(crate) meta: Map<String, Value>,
    pub(crate) source: Option<NodeId>,
}

/// The payload of a batch.
pub(crate) enum Body {
    /// Made by the handler itself.
    Typed(Box<dyn Any + Send>),
    /// Read from an artifact.
    Stored(Payload),
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Typed(_) => f.write_str("Typed"),
            Self::Stored(payload) => payload.fmt(f),
        }
    }
}

/// What came of a batch, written as JSON.
#[derive(Debug)]
pub(crate) struct RawResult {
    pub(crate) output: Option<Payload>,
    pub(crate) metrics: Metrics,
    pub(crate) checkpoint: Option<Payload>,
}

/// What is said at the end of a node.
pub(crate) type RawEnd = Finalization;

/// How a part of an attempt ended that did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The handler gave it up, because it was asked to or not.
    Cancelled(String),
    /// It failed.
    Failed(Failure),
}

impl Ended {
    /// The failure that it is where nobody asked for a cancellation.
    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Self::Failed(failure) => failure,
            Self::Cancelled(error) => Failure::transient(
                "cancelled",
                format!("the handler gave up although nobody cancelled the run: {error}"),
            ),
        }
    }

    /// What happened, as text.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Cancelled(error) => error.clone(),
            Self::Failed(failure) => match &failure.error {
                Some(error) => format!("{}: {error}", failure.code),
                None => failure.code.to_string(),
            },
        }
    }
}
