use std::time::Duration;

use super::{Cluster, ClusterError};
use crate::cluster::bus::Post;
use crate::cluster::graph::Graph;
use crate::cluster::protocol::Topic;
use crate::cluster::state::RunState;
use crate::cluster::store::{
    Appended, CancelRequest, DeadLetter, DeadLetterSource, Effects, Limits, NewArtifact, NewRun,
};
use crate::cluster::{NodeId, RunKey, hints};

/// What users ask for. What it says on the bus of it may be lost: whoever misses it finds the work in the store.
impl Cluster {
    /// Submits a run of a graph, under a new id and with the defaults of [`NewRun::new`].
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn submit_graph(&self, graph: Graph) -> Result<RunKey, ClusterError> {
        self.submit_run(NewRun::new(graph)).await
    }

    /// Submits a run. Submitting the same again, under the same id, does nothing.
    ///
    /// # Errors
    /// There is another run of this id, or the store does not answer.
    pub async fn submit_run(&self, run: NewRun) -> Result<RunKey, ClusterError> {
        let submitted = self.store.submit(run).await?;
        self.hint(submitted.effects).await;
        Ok(submitted.run)
    }

    /// Appends artifacts to an input node of a run. Those whose ids are there are left out.
    ///
    /// # Errors
    /// The node is closed or no input node, an artifact is too large, or the store does not answer.
    pub async fn append_input(
        &self,
        run: &RunKey,
        node: impl Into<NodeId>,
        artifacts: Vec<NewArtifact>,
    ) -> Result<Appended, ClusterError> {
        let node = node.into();
        let mut appended = self
            .store
            .append_input(run.clone(), node, artifacts)
            .await?;
        self.hint(std::mem::take(&mut appended.effects)).await;
        Ok(appended)
    }

    /// Says that an input node of a run has all of its input.
    ///
    /// # Errors
    /// It is no input node or was cancelled, or the store does not answer.
    pub async fn close_input(
        &self,
        run: &RunKey,
        node: impl Into<NodeId>,
    ) -> Result<(), ClusterError> {
        let effects = self.store.close_input(run.clone(), node.into()).await?;
        self.hint(effects).await;
        Ok(())
    }

    /// Cancels a run: nodes that wait are cancelled at once, those that run have the run's grace to end.
    ///
    /// Gives the state of the run after it; one that has ended stays as it is.
    ///
    /// # Errors
    /// There is no such run, or the store does not answer.
    pub async fn cancel(
        &self,
        run: &RunKey,
        reason: impl Into<String>,
    ) -> Result<RunState, ClusterError> {
        self.cancel_by(run, reason.into(), None).await
    }

    /// As [`cancel`](Self::cancel), with another grace than the run's.
    ///
    /// # Errors
    /// There is no such run, or the store does not answer.
    pub async fn cancel_within(
        &self,
        run: &RunKey,
        reason: impl Into<String>,
        grace: Duration,
    ) -> Result<RunState, ClusterError> {
        self.cancel_by(run, reason.into(), Some(grace)).await
    }

    async fn cancel_by(
        &self,
        run: &RunKey,
        reason: String,
        grace: Option<Duration>,
    ) -> Result<RunState, ClusterError> {
        let request = CancelRequest {
            run: run.clone(),
            reason,
            grace,
        };
        let (state, effects) = self.store.cancel(request).await?;
        self.hint(effects).await;
        Ok(state)
    }

    /// Sets how many nodes may have a lease at once, over all workers and coordinators.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn set_limits(&self, limits: Limits) -> Result<(), ClusterError> {
        Ok(self.store.set_limits(limits).await?)
    }

    /// Tries a dead letter again: an event of the outbox becomes due again, a message of the bus is said again.
    ///
    /// Said on a bus [within this process](crate::cluster::bus::Bus::is_in_process), nobody elsewhere hears it.
    ///
    /// # Errors
    /// There is no such letter, it was cut or its topic is gone, or store or bus do not answer.
    pub async fn retry_dead_letter(&self, id: i64) -> Result<DeadLetter, ClusterError> {
        let letter = self.store.retry_dead_letter(id).await?;
        let DeadLetterSource::Bus(topic) = &letter.source else {
            return Ok(letter);
        };
        let refused = |reason| ClusterError::DeadLetter { id, reason };
        if letter.is_cut {
            return Err(refused("it was longer than the store takes, and was cut"));
        }
        let topic =
            Topic::from_name(topic).ok_or_else(|| refused("there is no such topic any more"))?;
        let post = Post {
            topic,
            key: String::new(),
            bytes: letter.raw.as_slice().into(),
        };
        self.bus.publish(post).await?;
        Ok(letter)
    }

    /// Says on the bus what follows for others. What the bus does not take, they find in the store.
    async fn hint(&self, effects: Effects) {
        for post in hints::posts(effects) {
            let said = tokio::time::timeout(LONGEST, self.bus.publish(post)).await;
            if !matches!(said, Ok(Ok(()))) {
                return;
            }
        }
    }
}

/// How long the bus may take for a hint, on which nobody depends.
const LONGEST: Duration = Duration::from_secs(1);
