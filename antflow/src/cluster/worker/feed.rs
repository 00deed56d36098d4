use std::sync::Arc;

use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::WorkerEvent;
use super::control::Control;
use super::persist::{Stop, persist};
use super::pull::{PullReader, check_strict};
use super::shared::Shared;
use crate::cluster::graph::Input;
use crate::cluster::handler::{Body, Ended, ErasedHandler, RawBatch, RunContext};
use crate::cluster::protocol::Failure;
use crate::cluster::store::{Assignment, Cursor, Payload};

/// One step of the input: a batch, or something that is done already.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) batch: Option<RawBatch>,
    /// Where reading goes on behind it.
    pub(super) mark: Option<Cursor>,
}

/// Where the batches of an attempt come from: read ahead by a task of its own, one page at most.
#[derive(Debug)]
pub(super) struct Feed {
    steps: mpsc::Receiver<Result<Option<Vec<Step>>, Ended>>,
    _task: AbortOnDropHandle<()>,
}

/// How many batches of a stream are looked at together, to skip those that are committed.
const LOOK_AHEAD: usize = 32;

/// Everything that reading needs.
pub(super) struct Reading {
    pub(super) shared: Arc<Shared>,
    pub(super) control: Arc<Control>,
    pub(super) assignment: Arc<Assignment>,
    pub(super) handler: Arc<dyn ErasedHandler>,
    pub(super) ctx: RunContext,
}

/// Steps, and `None` at the end: a task that ends without it has panicked.
type Steps = mpsc::Sender<Result<Option<Vec<Step>>, Ended>>;

impl Feed {
    pub(super) fn open(reading: Reading) -> Self {
        let (sender, steps) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            let ended = match reading.assignment.node.input {
                Input::Pull(_) => reading.pull(&sender).await,
                Input::Handler | Input::Custom { .. } => reading.stream(&sender).await,
            };
            // Nobody listens if the attempt has ended for another reason.
            let _ = sender.send(ended.map(|()| None)).await;
        });
        Self {
            steps,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// The next steps; `None` at the end.
    ///
    /// # Cancel safety
    /// Safe to drop.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Step>>, Ended> {
        self.steps.recv().await.unwrap_or_else(|| {
            let error = "what reads the input panicked";
            Err(Ended::Failed(Failure::transient("panicked", error)))
        })
    }
}

impl Reading {
    /// Was anything committed before, which has to be skipped?
    fn goes_on(&self) -> bool {
        self.assignment.record.totals.batches > 0
    }

    async fn pull(&self, to: &Steps) -> Result<(), Ended> {
        let Input::Pull(pull) = &self.assignment.node.input else {
            return Ok(());
        };
        if self.shared.config.strict_input_adapters {
            check_strict(pull)?;
        }
        let mut reader = PullReader::new(&self.shared, &self.control, &self.assignment, pull);
        while let Some(steps) = reader.next().await? {
            let steps = self.skip_committed(steps).await?;
            if to.send(Ok(Some(steps))).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    async fn stream(&self, to: &Steps) -> Result<(), Ended> {
        let stream = match &self.assignment.node.input {
            Input::Custom { adapter, args } => {
                let found = self.shared.adapters.get(adapter).ok_or_else(|| {
                    let error = format!(
                        "this worker has no input adapter `{adapter}`: register it, or correct the graph"
                    );
                    Ended::Failed(Failure::permanent("bad_input_adapter", error))
                })?;
                let batches = found.batches(args, &self.ctx).map_err(Ended::Failed)?;
                let raw = batches.map(|batch| {
                    let batch = batch.map_err(Ended::Failed)?;
                    Ok(RawBatch {
                        body: Body::Stored(Payload::from(&batch.payload)),
                        uid: batch.uid,
                        meta: batch.meta,
                        source: batch.source,
                    })
                });
                Box::pin(raw)
            }
            Input::Handler | Input::Pull(_) => {
                let input = self.assignment.node.input_inline.clone();
                self.handler.raw_batches(input, &self.ctx)?
            }
        };
        let at_once = if self.goes_on() { LOOK_AHEAD } else { 1 };
        let mut batches = stream.ready_chunks(at_once);
        while let Some(some) = batches.next().await {
            let mut steps = Vec::with_capacity(some.len());
            let mut ended = Ok(());
            for batch in some {
                match batch {
                    Ok(batch) => steps.push(Step {
                        batch: Some(batch),
                        mark: None,
                    }),
                    Err(error) => {
                        ended = Err(error);
                        break;
                    }
                }
            }
            let steps = self.skip_committed(steps).await?;
            if to.send(Ok(Some(steps))).await.is_err() {
                break;
            }
            ended?;
        }
        Ok(())
    }

    /// Takes out the batches that were committed by earlier attempts.
    async fn skip_committed(&self, mut steps: Vec<Step>) -> Result<Vec<Step>, Ended> {
        if !self.goes_on() {
            return Ok(steps);
        }
        let batches = steps.iter().filter_map(|step| step.batch.as_ref());
        let uids: Vec<_> = batches.map(|batch| batch.uid.clone()).collect();
        if uids.is_empty() {
            return Ok(steps);
        }
        let lease = &self.control.lease;
        let committed = persist(
            &self.shared,
            &self.control,
            "asking for committed batches",
            self.control.cancellation.lost(),
            || {
                let (run, node) = (lease.run.clone(), lease.node.clone());
                self.shared.store.committed(run, node, uids.clone())
            },
        );
        let committed: std::collections::HashSet<_> =
            committed.await.map_err(not_read)?.into_iter().collect();
        let mut batches = 0;
        for step in &mut steps {
            let is_known = |batch: &mut RawBatch| committed.contains(&batch.uid);
            batches += u64::from(step.batch.take_if(is_known).is_some());
        }
        if batches > 0 {
            self.shared.counters.duplicate_batches.add(batches);
            let role = &self.control.role;
            self.shared.notify(&WorkerEvent::Skipped { role, batches });
        }
        Ok(steps)
    }
}

/// What it means that the store did not give what has to be read.
pub(super) fn not_read(stop: Stop) -> Ended {
    match stop {
        Stop::Lost => Ended::Cancelled("the lease is lost".to_owned()),
        Stop::Refused(error) => {
            let error = format!("the input cannot be read: {error}");
            Ended::Failed(Failure::transient("unreadable_input", error))
        }
    }
}
