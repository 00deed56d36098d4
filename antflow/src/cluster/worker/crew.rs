use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::control::{Control, STOP_GRACE};
use super::feed::{Feed, Step};
use super::halt::Halt;
use super::observe::{BatchOutcome, WorkerEvent};
use super::persist::{Stop, persist};
use super::progress::Progress;
use super::shared::Shared;
use crate::cluster::BatchUid;
use crate::cluster::graph::Node;
use crate::cluster::handler::{
    CancelCause, CommittedTo, Ended, ErasedHandler, RawBatch, RawResult, RunContext, Scope, Written,
};
use crate::cluster::protocol::Failure;
use crate::cluster::store::{BatchCommit, CommitRequest, Committed, NewArtifact};

/// Processes the batches of one attempt, so many at once, and commits what is done while others are processed.
pub(super) struct Crew<'a> {
    shared: &'a Arc<Shared>,
    control: &'a Arc<Control>,
    scope: &'a Arc<Scope>,
    handler: &'a Arc<dyn ErasedHandler>,
    at_once: usize,
    batch_timeout: Option<Duration>,
    waiting: VecDeque<Step>,
    running: JoinSet<Done>,
    ready: Vec<Ready>,
    progress: Progress,
    /// How many batches were begun.
    begun: u64,
}

/// A batch whose processing has ended.
struct Done {
    ordinal: u64,
    uid: BatchUid,
    result: Result<(RawResult, Vec<NewArtifact>), Ended>,
    took: Duration,
}

/// A batch that waits to be committed.
struct Ready {
    ordinal: u64,
    commit: BatchCommit,
}

/// So many batches are committed together at most.
const TOGETHER: usize = 256;

type Committing<'a> = BoxFuture<'a, Commit>;

/// A commit that the store has answered.
struct Commit {
    request: CommitRequest,
    to: CommittedTo,
    result: Result<Committed, Stop>,
    took: Duration,
}

impl<'a> Crew<'a> {
    pub(super) fn new(
        shared: &'a Arc<Shared>,
        control: &'a Arc<Control>,
        scope: &'a Arc<Scope>,
        handler: &'a Arc<dyn ErasedHandler>,
        node: &Node,
    ) -> Self {
        Self {
            shared,
            control,
            scope,
            handler,
            at_once: usize::try_from(node.concurrency.max(1)).unwrap_or(usize::MAX),
            batch_timeout: node.batch_timeout,
            waiting: VecDeque::new(),
            running: JoinSet::new(),
            ready: Vec::new(),
            progress: Progress::default(),
            begun: 0,
        }
    }

    /// Processes and commits all batches.
    pub(super) async fn run(mut self, mut feed: Feed) -> Result<(), Halt> {
        let cancellation = Arc::clone(&self.control.cancellation);
        let mut cancelled = std::pin::pin!(cancellation.cancelled());
        let mut cut_off = std::pin::pin!(cancellation.cut_off());
        let mut halt: Option<Halt> = None;
        let mut committing: Option<Committing<'a>> = None;
        let mut is_end = false;
        loop {
            if cancellation.is_lost() {
                // Nothing more is written.
                self.ready.clear();
            }
            if halt.is_none() {
                self.dispatch();
            }
            if committing.is_none() {
                if !self.ready.is_empty() {
                    committing = Some(self.commit());
                } else if halt.is_none() {
                    self.pass_over();
                }
            }
            let is_idle =
                committing.is_none() && self.running.is_empty() && self.waiting.is_empty();
            if let Some(halt) = halt.take_if(|_| committing.is_none() && self.running.is_empty()) {
                return Err(halt);
            }
            if is_end && is_idle {
                return Ok(());
            }
            let wants_more =
                halt.is_none() && !is_end && self.waiting.is_empty() && self.has_room();
            tokio::select! {
                biased;
                () = &mut cut_off => {
                    self.abort().await;
                    return Err(halt.unwrap_or(Halt::Cancelled(None)));
                }
                () = &mut cancelled, if halt.is_none() => halt = Some(Halt::Cancelled(None)),
                commit = ended(&mut committing) => {
                    committing = None;
                    if let Err(failure) = self.committed(commit) {
                        self.fail(&mut halt, Halt::Failed(failure));
                    }
                }
                Some(done) = self.running.join_next() => {
                    if let Err(stopped) = self.done(done) {
                        self.fail(&mut halt, stopped);
                    }
                }
                steps = feed.next(), if wants_more => match steps {
                    Ok(Some(steps)) => self.waiting.extend(steps),
                    Ok(None) => is_end = true,
                    Err(ended) => self.fail(&mut halt, Halt::of(ended, self.control)),
                },
            }
        }
    }

    fn has_room(&self) -> bool {
        self.running.len() < self.at_once && self.ready.len() < TOGETHER
    }

    /// Begins with as many batches as there is room for.
    fn dispatch(&mut self) {
        while self.has_room()
            && let Some(step) = self.waiting.pop_front()
        {
            match step.batch {
                None => self.progress.pass(step.mark),
                Some(batch) => {
                    let ordinal = self.progress.enter(step.mark);
                    self.begin(ordinal, batch);
                }
            }
        }
    }

    fn begin(&mut self, ordinal: u64, batch: RawBatch) {
        let uid = batch.uid.clone();
        let written = Written::open();
        let ctx = RunContext::new(Arc::clone(self.scope), written.clone(), Some(ordinal));
        let ctx = ctx.behind(self.begun);
        self.begun += 1;
        let handler = Arc::clone(self.handler);
        let limit = self.batch_timeout;
        self.running.spawn(async move {
            let start = Instant::now();
            let work = handler.process(batch, &ctx);
            let result = match limit {
                None => work.await,
                Some(limit) => tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
                    let error = format!("the batch took longer than {limit:?}");
                    Err(Ended::Failed(Failure::transient("batch_timeout", error)))
                }),
            };
            let result = result.map(|result| {
                let output = result.output.clone();
                let artifacts = written.take(output.map(|output| (uid.clone(), output)));
                (result, artifacts)
            });
            Done {
                ordinal,
                uid,
                result,
                took: start.elapsed(),
            }
        });
    }

    /// Takes what came of a batch.
    fn done(&mut self, done: Result<Done, tokio::task::JoinError>) -> Result<(), Halt> {
        let counters = &self.shared.counters;
        let done = done.map_err(|error| {
            counters.failed_batches.one();
            self.notify_batch(BatchOutcome::Failed, None);
            let failure = Failure::transient("panicked", error.to_string());
            Halt::Failed(failure)
        })?;
        counters
            .processing_micros
            .add(u64::try_from(done.took.as_micros()).unwrap_or(u64::MAX));
        match done.result {
            Ok((result, artifacts)) => {
                self.notify_batch(BatchOutcome::Processed, Some(done.took));
                self.progress.done(done.ordinal, result.checkpoint);
                self.ready.push(Ready {
                    ordinal: done.ordinal,
                    commit: BatchCommit {
                        uid: done.uid,
                        artifacts,
                        metrics: result.metrics,
                    },
                });
                Ok(())
            }
            Err(ended) => {
                counters.failed_batches.one();
                let (outcome, halt) = match Halt::of(ended, self.control) {
                    Halt::Failed(failure) => {
                        let failure = failure.in_batch(done.uid);
                        (BatchOutcome::Failed, Halt::Failed(failure))
                    }
                    cancelled @ Halt::Cancelled(_) => (BatchOutcome::Cancelled, cancelled),
                };
                self.notify_batch(outcome, Some(done.took));
                Err(halt)
            }
        }
    }

    fn notify_batch(&self, outcome: BatchOutcome, took: Option<Duration>) {
        self.shared.notify(&WorkerEvent::Batch {
            role: &self.control.role,
            outcome,
            took,
        });
    }

    /// Something ends the attempt. The first failure stays; it cancels the other batches.
    fn fail(&self, halt: &mut Option<Halt>, stopped: Halt) {
        if let Halt::Failed(failure) = &stopped {
            let reason = format!("another batch failed: {}", failure.code);
            self.control
                .cancel(CancelCause::Failure, reason, STOP_GRACE);
        }
        match (&*halt, stopped) {
            (None | Some(Halt::Cancelled(None)), stopped) => *halt = Some(stopped),
            (Some(_), Halt::Failed(failure)) => {
                let error = failure.error.unwrap_or_default();
                self.shared.warn("another batch", &error);
            }
            (Some(_), Halt::Cancelled(_)) => {}
        }
    }

    /// Goes over what was committed by earlier attempts: nothing that is done waits for a commit.
    fn pass_over(&mut self) {
        self.progress.advance();
        let first = self.progress.first();
        self.scope.committed.send_if_modified(|to| {
            let has_moved = to.ordinal != first;
            to.ordinal = first;
            has_moved
        });
    }

    /// Commits what is ready, with cursors and checkpoint as far as nothing is missing before them.
    fn commit(&mut self) -> Committing<'a> {
        let mut ready = std::mem::take(&mut self.ready);
        ready.sort_unstable_by_key(|ready| ready.ordinal);
        let advance = self.progress.take();
        let request = CommitRequest {
            lease: self.control.lease.clone(),
            batches: ready.into_iter().map(|ready| ready.commit).collect(),
            cursors: advance.cursors,
            checkpoint: advance.checkpoint,
        };
        let to = CommittedTo {
            ordinal: self.progress.first(),
            processed: self.scope.committed.borrow().processed,
        };
        let (shared, control) = (self.shared, self.control);
        Box::pin(async move {
            let start = Instant::now();
            let given_up = control.cancellation.lost();
            let result = persist(shared, control, "committing batches", given_up, || {
                shared.store.commit(request.clone())
            });
            let result = result.await;
            Commit {
                request,
                to,
                result,
                took: start.elapsed(),
            }
        })
    }

    /// Takes what came of a commit.
    fn committed(&self, commit: Commit) -> Result<(), Failure> {
        let Commit {
            request,
            mut to,
            result,
            took,
        } = commit;
        let committed = match result {
            Ok(committed) => committed,
            // The cancellation says it.
            Err(Stop::Lost) => return Ok(()),
            Err(Stop::Refused(error)) => {
                let error = format!("the store refuses what came of the batches: {error}");
                return Err(Failure::permanent("bad_output", error));
            }
        };
        let counters = &self.shared.counters;
        counters.batches.add(committed.new);
        counters
            .duplicate_batches
            .add(committed.duplicates.len() as u64);
        self.shared.notify(&WorkerEvent::Commit {
            role: &self.control.role,
            batches: &request.batches,
            duplicates: &committed.duplicates,
            took,
        });
        to.processed += committed.new;
        if let Some(checkpoint) = request.checkpoint {
            self.scope.set_checkpoint(checkpoint);
        }
        self.scope.committed.send_replace(to);
        if request
            .batches
            .iter()
            .any(|batch| !batch.artifacts.is_empty())
        {
            self.shared
                .say_artifacts(&self.control.lease, committed.last_seq);
        }
        self.shared.say_effects(committed.effects);
        if let Some(notice) = committed.cancelling {
            self.control
                .cancel(CancelCause::Flag, notice.reason, notice.grace);
        }
        Ok(())
    }

    /// Drops the batches that are being processed, and waits until they are gone.
    async fn abort(&mut self) {
        self.running.abort_all();
        let counters = &self.shared.counters;
        let gone = async {
            while let Some(done) = self.running.join_next().await {
                if done.is_err() {
                    counters.failed_batches.one();
                    self.shared.notify(&WorkerEvent::Batch {
                        role: &self.control.role,
                        outcome: BatchOutcome::Cancelled,
                        took: None,
                    });
                }
            }
        };
        // What never waits for anything cannot be dropped: it goes on, and nothing of it is kept.
        if tokio::time::timeout(STOP_GRACE, gone).await.is_err() {
            counters.stuck_batches.add(self.running.len() as u64);
        }
    }
}

/// Waits for the commit that is under way, if one is.
async fn ended<'a>(committing: &mut Option<Committing<'a>>) -> Commit {
    match committing {
        Some(committing) => committing.await,
        None => std::future::pending().await,
    }
}
