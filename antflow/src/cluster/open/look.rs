use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Cluster, ClusterError};
use crate::cluster::bus::{Audience, Inbox};
use crate::cluster::handler::pauses;
use crate::cluster::protocol::Topic;
use crate::cluster::store::{
    ActiveRun, ArtifactPage, DeadLetter, Limits, NodeRecord, OutboxRecord, ReadRequest, RunFilter,
    RunRecord, RunSummary, Starving, StoreCounts, WorkerRecord,
};
use crate::cluster::{NodeId, RunKey, Timestamp};

/// How a run is, with its nodes by place.
///
/// The run is read after the nodes: if it has ended, so have they.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunStatus {
    /// The run.
    pub run: RunRecord,
    /// Its nodes.
    pub nodes: Vec<NodeRecord>,
}

impl RunStatus {
    /// The node of this name.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&NodeRecord> {
        self.nodes.iter().find(|node| node.id == *id)
    }
}

/// How long [`Cluster::wait`] waits from one look to the next, if it hears nothing before.
const LOOK: Duration = Duration::from_millis(500);

/// So many artifacts, and so many bytes of them, are read at once.
const PAGE: u32 = 1000;
const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// Questions, which change nothing.
impl Cluster {
    /// How a run is, with its nodes.
    ///
    /// # Errors
    /// There is no such run, or the store does not answer.
    pub async fn status(&self, run: &RunKey) -> Result<RunStatus, ClusterError> {
        loop {
            let nodes = self.store.nodes(run.clone()).await?;
            let run = self.store.run(run.clone()).await?;
            let have_ended = nodes.iter().all(|node| node.state.is_terminal());
            // It may have ended in between.
            if have_ended || !run.state.is_terminal() {
                return Ok(RunStatus { run, nodes });
            }
        }
    }

    /// Waits until a run has ended, and says how it is then. A store that does not answer is asked again.
    ///
    /// # Errors
    /// There is no such run, or what is stored cannot be read.
    ///
    /// # Cancel safety
    /// Safe to drop.
    pub async fn wait(&self, run: &RunKey) -> Result<RunStatus, ClusterError> {
        let mut inbox = self
            .bus
            .subscribe(vec![Topic::Runs], Audience::Each)
            .await
            .ok();
        let mut retries = pauses();
        loop {
            let wait = match self.store.run(run.clone()).await {
                Ok(record) if record.state.is_terminal() => return self.status(run).await,
                Ok(_) => {
                    retries = pauses();
                    LOOK
                }
                Err(error) if error.is_transient() => retries.next().unwrap_or(LOOK),
                Err(error) => return Err(error.into()),
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = heard(&mut inbox) => {}
            }
        }
    }

    /// Runs, the newest first.
    ///
    /// # Errors
    /// The filter names a run that is not there, or the store does not answer.
    pub async fn runs(&self, filter: RunFilter) -> Result<Vec<RunSummary>, ClusterError> {
        Ok(self.store.runs(filter).await?)
    }

    /// Artifacts of a node behind this sequence number: a page of them. Ask again behind `next_after` until `is_end`.
    ///
    /// # Errors
    /// There is no such run or node, or the store does not answer.
    pub async fn artifacts(
        &self,
        run: &RunKey,
        node: impl Into<NodeId>,
        after: u64,
    ) -> Result<ArtifactPage, ClusterError> {
        let request = ReadRequest {
            run: run.clone(),
            source: node.into(),
            after_seq: after,
            partition: None,
            limit: PAGE,
            max_bytes: PAGE_BYTES,
        };
        Ok(self.store.read_artifacts(request).await?)
    }

    /// What happened to a run, behind the event of this number: `limit` events at most.
    ///
    /// # Errors
    /// There is no such run, or the store does not answer.
    pub async fn events(
        &self,
        run: &RunKey,
        after: i64,
        limit: u32,
    ) -> Result<Vec<OutboxRecord>, ClusterError> {
        Ok(self.store.events(run.clone(), after, limit).await?)
    }

    /// What could not be understood or said, behind the letter of this number: `limit` letters at most.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn dead_letters(
        &self,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, ClusterError> {
        Ok(self.store.dead_letters(after, limit).await?)
    }

    /// All workers that are known, by id.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn workers(&self) -> Result<Vec<WorkerRecord>, ClusterError> {
        Ok(self.store.workers().await?)
    }

    /// What all workers are at work on.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn active_runs(&self) -> Result<Vec<ActiveRun>, ClusterError> {
        Ok(self.store.active_runs(None).await?)
    }

    /// Nodes that no live worker can take.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn starving(&self) -> Result<Vec<Starving>, ClusterError> {
        Ok(self.store.starving().await?)
    }

    /// How many nodes may have a lease at once.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn limits(&self) -> Result<Limits, ClusterError> {
        Ok(self.store.limits().await?)
    }

    /// The time by the store's clock: what moments that are stored are compared with.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn now(&self) -> Result<Timestamp, ClusterError> {
        Ok(self.store.now().await?)
    }

    /// How much of what there is.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn counts(&self) -> Result<StoreCounts, ClusterError> {
        Ok(self.store.counts().await?)
    }
}

/// Waits until something is heard; for ever without a bus.
async fn heard(inbox: &mut Option<Box<dyn Inbox>>) {
    if let Some(open) = inbox
        && !matches!(open.next().await, Some(Ok(_)))
    {
        // Looking into the store is enough.
        *inbox = None;
    }
    if inbox.is_none() {
        std::future::pending::<()>().await;
    }
}
