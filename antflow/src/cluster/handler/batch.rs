use serde::Serialize;
use serde_json::{Map, Value};

use crate::cluster::protocol::{Metrics, dedup_id};
use crate::cluster::store::Payload;
use crate::cluster::vars::VarsOp;
use crate::cluster::{BatchUid, NodeId};

/// One portion of a node's input.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Batch<T> {
    /// Its id: unique in its node, and the same in each attempt. The idempotency key for effects outside the store.
    pub uid: BatchUid,
    /// What is to be processed.
    pub payload: T,
    /// What the artifact says about its data; empty for batches that a handler makes.
    pub meta: Map<String, Value>,
    /// The node whose artifact it was, if an adapter read it.
    pub source: Option<NodeId>,
}

impl<T> Batch<T> {
    /// A batch with its id.
    #[must_use]
    pub fn new(uid: impl Into<BatchUid>, payload: T) -> Self {
        Self {
            uid: uid.into(),
            payload,
            meta: Map::new(),
            source: None,
        }
    }

    /// A batch whose id comes from its payload: of two with the same payload, only one is processed.
    ///
    /// # Errors
    /// The payload has no JSON.
    pub fn of(payload: T) -> Result<Self, serde_json::Error>
    where
        T: Serialize,
    {
        let text = serde_json::to_string(&payload)?;
        Ok(Self::new(dedup_id([text.as_str()]).as_str(), payload))
    }
}

/// What came of a batch.
///
/// ```
/// use antflow::cluster::handler::BatchResult;
///
/// let result = BatchResult::new("a page").metric("items_processed", 1.0);
/// assert_eq!(result.metrics["items_processed"], 1.0);
/// assert!(BatchResult::<String>::nothing().output.is_none());
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct BatchResult<T> {
    /// The payload of the batch's artifact; `None`: it has no artifact beside those that were written by the context.
    pub output: Option<T>,
    /// Numbers, which are added up over the batches of the node. All have to be finite.
    pub metrics: Metrics,
    /// What is stored as checkpoint together with the batch.
    pub checkpoint: Option<Payload>,
}

impl<T> BatchResult<T> {
    /// A batch that gave this, for the nodes behind: one artifact, under the id of the batch.
    pub fn new(output: T) -> Self {
        Self {
            output: Some(output),
            metrics: Metrics::new(),
            checkpoint: None,
        }
    }

    /// A batch that gave nothing to the nodes behind.
    pub fn nothing() -> Self {
        Self {
            output: None,
            metrics: Metrics::new(),
            checkpoint: None,
        }
    }

    /// Reports a number.
    pub fn metric(mut self, name: impl Into<String>, value: f64) -> Self {
        self.metrics.insert(name.into(), value);
        self
    }

    /// Stores a checkpoint in the transaction of the batch: it is there exactly if the batch is, and all before it.
    ///
    /// # Errors
    /// The value has no JSON.
    pub fn checkpoint(
        mut self,
        data: &(impl Serialize + ?Sized),
    ) -> Result<Self, serde_json::Error> {
        self.checkpoint = Some(Payload::of(data)?);
        Ok(self)
    }
}

/// What is said of a node at its end.
///
/// ```
/// use antflow::cluster::handler::Finalization;
///
/// let end = Finalization::default().metric("total_items", 100.0).result(&"done")?;
/// assert_eq!(end.metrics["total_items"], 100.0);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct Finalization {
    /// Numbers, which are added to the sums of the batches: name them differently. All have to be finite.
    pub metrics: Metrics,
    /// The complete artifact of the node.
    pub result: Option<Payload>,
    /// Changes of the run's variables, made once.
    pub vars: Vec<VarsOp>,
}

impl Finalization {
    /// Reports a number.
    pub fn metric(mut self, name: impl Into<String>, value: f64) -> Self {
        self.metrics.insert(name.into(), value);
        self
    }

    /// Sets the complete artifact.
    ///
    /// # Errors
    /// The value has no JSON.
    pub fn result(mut self, result: &(impl Serialize + ?Sized)) -> Result<Self, serde_json::Error> {
        self.result = Some(Payload::of(result)?);
        Ok(self)
    }

    /// Changes variables of the run.
    pub fn vars(mut self, change: VarsOp) -> Self {
        self.vars.push(change);
        self
    }
}
