use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::FunctionError;
use super::control::Control;
use crate::Cancelled;
use crate::cluster::store::{
    ArtifactPage, Assignment, BatchCommit, Checkpoint, CommitRequest, Committed, NodeRecord,
    Payload, ReadRequest, Store,
};
use crate::cluster::{NodeId, RunKey};

/// A call of a coordinator function: what it was called with, and what it may do.
#[derive(Clone)]
pub struct FunctionCall {
    assignment: Arc<Assignment>,
    store: Arc<dyn Store>,
    control: Arc<Control>,
}

/// So many artifacts are read at once, and so many bytes of them.
const PAGE: u32 = 256;
const PAGE_BYTES: usize = 1024 * 1024;

impl FunctionCall {
    pub(super) fn new(
        assignment: Arc<Assignment>,
        store: Arc<dyn Store>,
        control: Arc<Control>,
    ) -> Self {
        Self {
            assignment,
            store,
            control,
        }
    }

    /// The run.
    #[must_use]
    pub fn run(&self) -> &RunKey {
        &self.assignment.lease.run
    }

    /// The node of the function.
    #[must_use]
    pub fn node(&self) -> &NodeId {
        &self.assignment.lease.node
    }

    /// How often the node was claimed, this time included.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.assignment.lease.epoch
    }

    /// Its arguments, as values: those of `io.fn_args`.
    #[must_use]
    pub fn raw_args(&self) -> Map<String, Value> {
        let function = self.assignment.node.function.as_ref();
        function.map_or_else(Map::new, |function| function.args.clone())
    }

    /// Its arguments, as a type.
    ///
    /// # Errors
    /// They are not what the type asks for: a permanent `bad_input`.
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, FunctionError> {
        serde_json::from_value(Value::Object(self.raw_args()))
            .map_err(|error| FunctionError::bad_input(format!("`io.fn_args`: {error}")))
    }

    /// The parameters of the run.
    #[must_use]
    pub fn params(&self) -> &Map<String, Value> {
        &self.assignment.params
    }

    /// The variables of the run, as they were when the node was claimed.
    #[must_use]
    pub fn vars(&self) -> &Map<String, Value> {
        &self.assignment.vars
    }

    /// The parents of the node.
    #[must_use]
    pub fn parents(&self) -> &[NodeId] {
        self.assignment.node.parents()
    }

    /// What was stored with [`commit`](Self::commit) last, in whatever epoch.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.assignment.checkpoint.as_ref()
    }

    /// The store, for questions.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// A node of the run.
    ///
    /// # Errors
    /// The graph has no such node, or the store does not answer.
    pub async fn node_of(&self, node: &NodeId) -> Result<NodeRecord, FunctionError> {
        Ok(self.store.node(self.run().clone(), node.clone()).await?)
    }

    /// The artifacts of a node of the run behind this one: a page of them.
    ///
    /// # Errors
    /// The graph has no such node, or the store does not answer.
    pub async fn read(&self, node: &NodeId, after: u64) -> Result<ArtifactPage, FunctionError> {
        let request = ReadRequest {
            run: self.run().clone(),
            source: node.clone(),
            after_seq: after,
            partition: None,
            limit: PAGE,
            max_bytes: PAGE_BYTES,
        };
        Ok(self.store.read_artifacts(request).await?)
    }

    /// Stores batches of the function, and how far it has come, once each: see
    /// [`WorkStore::commit`](crate::cluster::store::WorkStore::commit).
    ///
    /// # Errors
    /// The lease was lost, the store refuses it or does not answer, or `checkpoint` has no JSON.
    pub async fn commit<T: Serialize + ?Sized>(
        &self,
        batches: Vec<BatchCommit>,
        checkpoint: &T,
    ) -> Result<Committed, FunctionError> {
        let checkpoint = Payload::of(checkpoint).map_err(|error| {
            FunctionError::permanent("bad_output", format!("the checkpoint has no JSON: {error}"))
        })?;
        let request = CommitRequest {
            lease: self.assignment.lease.clone(),
            batches,
            cursors: Vec::new(),
            checkpoint: Some(checkpoint),
        };
        let mut committed = self.store.commit(request).await?;
        if let Some(notice) = committed.cancelling.take() {
            self.control.cancel(notice.reason, notice.grace);
        }
        self.control.say(std::mem::take(&mut committed.effects));
        Ok(committed)
    }

    /// Fails once the function has to end, for use with `?`.
    ///
    /// # Errors
    /// The function has to end.
    pub fn check_cancelled(&self) -> Result<(), Cancelled> {
        if self.control.is_ending() {
            Err(Cancelled)
        } else {
            Ok(())
        }
    }

    /// Waits until the function has to end: it is dropped when its grace is over.
    ///
    /// # Cancel safety
    /// Safe to drop.
    pub async fn cancelled(&self) {
        self.control.ending().await;
    }
}

impl fmt::Debug for FunctionCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionCall")
            .field("run", self.run())
            .field("node", self.node())
            .field("epoch", &self.epoch())
            .finish_non_exhaustive()
    }
}
