use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::control::{Control, Running, STOP_GRACE};
use super::crew::Crew;
use super::feed::{Feed, Reading};
use super::halt::{Halt, Outcome};
use super::observe::{AttemptOutcome, WorkerEvent};
use super::persist::{Stop, persist};
use super::shared::Shared;
use crate::cluster::handler::{
    CancelCause, CommittedTo, Ended, ErasedHandler, RunContext, RunInfo, Scope, Written, panicked,
};
use crate::cluster::protocol::Failure;
use crate::cluster::state::NodeState;
use crate::cluster::store::{Assignment, Effects, Finish, StoreError};

/// Runs a node that was assigned to this worker, from the handler's `init` to what the store is told about its end.
pub(super) async fn attempt(shared: Arc<Shared>, assignment: Assignment, running: Running) {
    let assignment = Arc::new(assignment);
    let control = running.control();
    let outcome = tokio::select! {
        outcome = run(&shared, &assignment, control) => outcome,
        never = watch_over(control, &assignment) => match never {},
    };
    control.begin_to_end();
    tell_end(&shared, control, outcome).await;
}

/// Cancels the attempt when its lease or its time is over.
async fn watch_over(control: &Control, assignment: &Assignment) -> std::convert::Infallible {
    let expired = async {
        control.expired().await;
        let reason = "the lease could not be extended in time";
        control.cancel(CancelCause::LeaseExpired, reason, STOP_GRACE);
    };
    let over_time = async {
        if let Some(limit) = assignment.node.timeout {
            tokio::time::sleep(limit).await;
            let reason = format!("the attempt took longer than {limit:?}");
            control.cancel(CancelCause::Timeout, reason, STOP_GRACE);
        }
    };
    futures_util::future::join(expired, over_time).await;
    std::future::pending().await
}

async fn run(
    shared: &Arc<Shared>,
    assignment: &Arc<Assignment>,
    control: &Arc<Control>,
) -> Outcome {
    if control.cancellation.is_cancelled() {
        return Halt::Cancelled(None).outcome(control);
    }
    let mut handler = match make(shared, assignment) {
        Ok(handler) => handler,
        Err(failure) => return Outcome::Failed(failure),
    };
    let info = RunInfo::of(assignment);
    let inited = within(control, handler.init_run(&info)).await;
    let handler: Arc<dyn ErasedHandler> = Arc::from(handler);
    let result = match inited {
        Ok(()) => process(shared, assignment, control, &handler, info).await,
        Err(halt) => Err(halt),
    };
    clean(shared, &handler).await;
    match result {
        Ok(finish) => Outcome::Finished(Box::new(finish)),
        Err(halt) => halt.outcome(control),
    }
}

/// A handler of its own for this attempt.
fn make(shared: &Shared, assignment: &Assignment) -> Result<Box<dyn ErasedHandler>, Failure> {
    let role = &assignment.node.role;
    let entry = shared.roles.get(role).ok_or_else(|| {
        let error = format!("this worker has no handler for the role `{role}`");
        Failure::permanent("no_handler", error)
    })?;
    std::panic::catch_unwind(AssertUnwindSafe(|| (entry.factory)()))
        .map_err(|panic| panicked(&*panic).into_failure())
}

/// Waits for a part of the attempt, until the grace after a cancellation is over.
async fn within<T>(
    control: &Control,
    part: impl Future<Output = Result<T, Ended>>,
) -> Result<T, Halt> {
    tokio::select! {
        biased;
        () = control.cancellation.cut_off() => Err(Halt::Cancelled(None)),
        result = part => result.map_err(|ended| Halt::of(ended, control)),
    }
}

/// Processes the batches, and asks the handler for the end of the node.
async fn process(
    shared: &Arc<Shared>,
    assignment: &Arc<Assignment>,
    control: &Arc<Control>,
    handler: &Arc<dyn ErasedHandler>,
    info: RunInfo,
) -> Result<Finish, Halt> {
    let saved = assignment.checkpoint.as_ref();
    let scope = Arc::new(Scope {
        lease: control.lease.clone(),
        cancellation: Arc::clone(&control.cancellation),
        store: Arc::clone(&shared.store),
        checkpoint: Mutex::new(saved.map(|saved| saved.data.clone())),
        committed: watch::Sender::new(CommittedTo {
            ordinal: 0,
            processed: info.batches_done,
        }),
        info,
    });
    let feed = Feed::open(Reading {
        shared: Arc::clone(shared),
        control: Arc::clone(control),
        assignment: Arc::clone(assignment),
        handler: Arc::clone(handler),
        ctx: RunContext::new(Arc::clone(&scope), Written::closed(), None),
    });
    let crew = Crew::new(shared, control, &scope, handler, &assignment.node);
    crew.run(feed).await?;
    if control.cancellation.is_cancelled() {
        return Err(Halt::Cancelled(None));
    }
    let written = Written::open();
    let ctx = RunContext::new(scope, written.clone(), None);
    let end = within(control, handler.end(&ctx)).await?;
    Ok(Finish {
        metrics: end.metrics,
        artifacts: written.take(None),
        result: end.result,
        vars: end.vars,
    })
}

/// Lets the handler clean up, whatever came before.
async fn clean(shared: &Shared, handler: &Arc<dyn ErasedHandler>) {
    let limit = shared.config.cancel_grace;
    let error = match tokio::time::timeout(limit, handler.clean()).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error,
        Err(_) => format!("it took longer than {limit:?}"),
    };
    shared.counters.failed_cleanups.one();
    shared.warn("the cleanup of a handler", &error);
}

/// Tells the store how the attempt ended, and others what follows for them.
async fn tell_end(shared: &Shared, control: &Control, outcome: Outcome) {
    let (outcome, failure) = match tell(shared, control, outcome).await {
        Ok(told) => {
            shared.say_effects(told.effects);
            (told.outcome, told.failure)
        }
        // What the store refuses, it has said; the lease ends by its deadline.
        Err(Stop::Lost | Stop::Refused(_)) => (AttemptOutcome::Lost, None),
    };
    let counters = &shared.counters;
    match outcome {
        AttemptOutcome::Finished => counters.finished.one(),
        AttemptOutcome::Failed => counters.failed.one(),
        AttemptOutcome::Cancelled => counters.cancelled.one(),
        AttemptOutcome::Released => counters.released.one(),
        AttemptOutcome::Lost => counters.lost.one(),
    }
    shared.notify(&WorkerEvent::Attempt {
        role: &control.role,
        outcome,
        failure: failure.as_ref(),
    });
}

/// What the store made of the end of an attempt.
struct Told {
    outcome: AttemptOutcome,
    failure: Option<Failure>,
    effects: Effects,
}

impl Told {
    fn new(outcome: AttemptOutcome, effects: Effects) -> Self {
        Self {
            outcome,
            failure: None,
            effects,
        }
    }
}

async fn tell(shared: &Shared, control: &Control, outcome: Outcome) -> Result<Told, Stop> {
    let (store, lease) = (&shared.store, &control.lease);
    match outcome {
        Outcome::Lost => Err(Stop::Lost),
        Outcome::Finished(finish) => {
            let result = persist(shared, control, "finishing", control.given_up(), || {
                store.finish(lease.clone(), (*finish).clone())
            });
            match result.await {
                Ok(effects) => {
                    // Whoever reads this node waits for its end.
                    shared.say_artifacts(lease, 0);
                    Ok(Told::new(AttemptOutcome::Finished, effects))
                }
                Err(Stop::Refused(error)) => {
                    let error = format!("the store refuses the end of the node: {error}");
                    fail(shared, control, Failure::permanent("bad_output", error)).await
                }
                Err(Stop::Lost) => Err(Stop::Lost),
            }
        }
        Outcome::Failed(failure) => fail(shared, control, failure).await,
        Outcome::Cancelled => {
            let result = persist(shared, control, "cancelling", control.given_up(), || {
                store.cancelled(lease.clone())
            });
            match result.await {
                Err(Stop::Refused(StoreError::WrongState { .. })) => {
                    let reason = "it was cancelled on the worker alone".to_owned();
                    release(shared, control, reason).await
                }
                result => Ok(Told::new(AttemptOutcome::Cancelled, result?)),
            }
        }
        Outcome::Released(reason) => release(shared, control, reason).await,
    }
}

async fn fail(shared: &Shared, control: &Control, failure: Failure) -> Result<Told, Stop> {
    let result = persist(shared, control, "failing", control.given_up(), || {
        shared.store.fail(control.lease.clone(), failure.clone())
    });
    let failed = result.await?;
    if failed.state == NodeState::Cancelled {
        return Ok(Told::new(AttemptOutcome::Cancelled, failed.effects));
    }
    Ok(Told {
        outcome: AttemptOutcome::Failed,
        failure: Some(failure),
        effects: failed.effects,
    })
}

async fn release(shared: &Shared, control: &Control, reason: String) -> Result<Told, Stop> {
    let result = persist(shared, control, "giving back", control.given_up(), || {
        shared.store.release(control.lease.clone(), reason.clone())
    });
    Ok(Told::new(AttemptOutcome::Released, result.await?))
}
