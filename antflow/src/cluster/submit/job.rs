use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::SubmitError;
use super::feed::Fed;
use super::follow::{Follower, looks};
use super::persist::persist;
use crate::cluster::RunKey;
use crate::cluster::coordinator::CoordinatorHandle;
use crate::cluster::open::Cluster;
use crate::cluster::staged::Stored;
use crate::cluster::state::RunState;
use crate::cluster::store::RunRecord;
use crate::cluster::worker::WorkerHandle;
use crate::item::PipelineResult;
use crate::pipeline::Replay;

/// A pipeline that was submitted, from its first item to its last outcome.
pub(super) struct Job<Out: Send + 'static> {
    pub(super) cluster: Cluster,
    pub(super) run: RunKey,
    pub(super) replay: Arc<Replay<Out>>,
    pub(super) follower: Follower<Out>,
    pub(super) feeding: Feeding,
    pub(super) helpers: Option<Helpers>,
    pub(super) cancel_on: CancellationToken,
    /// Ends feeding.
    pub(super) stop: CancellationToken,
    pub(super) is_cancelled: bool,
}

/// Feeding, which goes on beside everything else.
pub(super) enum Feeding {
    Going(AbortOnDropHandle<Result<Fed, SubmitError>>),
    Ended(Fed),
}

/// What works on the run in this process.
pub(super) struct Helpers {
    pub(super) coordinator: CoordinatorHandle,
    pub(super) worker: WorkerHandle,
}

impl Feeding {
    pub(super) fn new(task: JoinHandle<Result<Fed, SubmitError>>) -> Self {
        Self::Going(AbortOnDropHandle::new(task))
    }

    /// What came of it, if it has ended.
    async fn look(&mut self) -> Result<Option<Fed>, SubmitError> {
        let fed = match self {
            Self::Ended(fed) => return Ok(Some(fed.clone())),
            Self::Going(task) if !task.is_finished() => return Ok(None),
            Self::Going(task) => match task.await {
                Ok(fed) => fed?,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    // Its runtime is gone, and this with it.
                    Err(_) => return Ok(None),
                },
            },
        };
        *self = Self::Ended(fed.clone());
        Ok(Some(fed))
    }
}

impl<Out: Stored> Job<Out> {
    /// Waits for news. False: everything has its outcome.
    pub(super) async fn step(&mut self) -> Result<bool, SubmitError> {
        let mut waits = looks();
        loop {
            if self.cancel_on.is_cancelled() {
                self.cancel().await?;
            }
            if self.follower.step().await? {
                return Ok(true);
            }
            let fed = self.feeding.look().await?;
            self.refuse_others(fed.as_ref())?;
            let run = self.look().await?;
            if run.state.is_terminal() {
                if run.state != RunState::Finished {
                    // A source may have no end, and nothing to give.
                    self.stop.cancel();
                }
                // Everything that it has come to was there before it ended.
                if self.follower.step().await? {
                    return Ok(true);
                }
                if let Some(fed) = fed {
                    return self.end(&run, fed).await;
                }
            }
            self.wait(waits.next().unwrap_or(Duration::ZERO)).await;
        }
    }

    async fn look(&self) -> Result<RunRecord, SubmitError> {
        let run = persist(async || Ok(self.cluster.store().run(self.run.clone()).await?));
        Ok(run.await?)
    }

    /// Waits so long at most, or until the run is to be cancelled.
    async fn wait(&self, wait: Duration) {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.cancel_on.cancelled(), if !self.is_cancelled => {}
        }
    }

    async fn cancel(&mut self) -> Result<(), SubmitError> {
        if !self.is_cancelled {
            self.is_cancelled = true;
            persist(|| {
                self.cluster
                    .cancel(&self.run, "who submitted it cancels it")
            })
            .await?;
        }
        Ok(())
    }

    /// An error, if the run was submitted before with other items.
    fn refuse_others(&self, fed: Option<&Fed>) -> Result<(), SubmitError> {
        match fed {
            Some(Fed::Others(there)) => Err(self.others(*there)),
            Some(Fed::Another(number)) => Err(SubmitError::AnotherItem {
                run: self.run.clone(),
                number: *number,
            }),
            Some(Fed::All | Fed::Refused(_)) | None => Ok(()),
        }
    }

    fn others(&self, there: u64) -> SubmitError {
        SubmitError::OtherItems {
            run: self.run.clone(),
            there,
            given: self.replay.accepted(),
        }
    }

    /// Ends the run, all of which was read.
    async fn end(&mut self, run: &RunRecord, fed: Fed) -> Result<bool, SubmitError> {
        match (run.state, fed) {
            (RunState::Finished, _) if self.follower.ended() < self.replay.accepted() => {
                return Err(self.others(self.follower.ended()));
            }
            (RunState::Failed, _) => {
                return Err(SubmitError::Failed {
                    run: self.run.clone(),
                    node: run.failed_node.clone(),
                    reason: self.reason(run).await?,
                });
            }
            (_, Fed::Refused(rest)) => self.follower.cancel_rest(rest).await?,
            _ => self.follower.cancel_rest(Vec::new()).await?,
        }
        self.replay.finish().await;
        if let Some(helpers) = self.helpers.take() {
            helpers.worker.shutdown().await;
            helpers.coordinator.shutdown().await;
        }
        Ok(false)
    }

    /// What went wrong, in the words of the node that failed.
    async fn reason(&self, run: &RunRecord) -> Result<String, SubmitError> {
        let said = run.reason.clone().unwrap_or_default();
        let Some(node) = &run.failed_node else {
            return Ok(said);
        };
        let node = persist(async || {
            let node = self.cluster.store().node(self.run.clone(), node.clone());
            Ok(node.await?)
        });
        let failure = node.await?.last_failure;
        Ok(match failure.and_then(|failure| failure.error) {
            Some(error) => format!("{said}: {error}"),
            None => said,
        })
    }

    /// Takes the results that have come.
    pub(super) fn take(&self) -> Vec<PipelineResult<Out>> {
        self.replay.take()
    }
}
