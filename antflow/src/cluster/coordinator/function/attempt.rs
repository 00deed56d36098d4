use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

use super::super::shared::Shared;
use super::control::{Control, End};
use super::{FunctionCall, FunctionError, vars::BLOCK};
use crate::cluster::handler::pauses;
use crate::cluster::protocol::Failure;
use crate::cluster::store::{Assignment, Effects, Finish, StoreError, StoreFuture};
use crate::cluster::vars::check;
use crate::item::panic_message;

/// How an attempt ends.
enum Outcome {
    Finished(Finish),
    Failed(Failure),
    /// The function gave up or was dropped, because it had to end.
    Ended(End),
    /// Somebody else has the node.
    Lost,
}

/// Leaves the list of what runs, however an attempt ends.
struct Leaving(Arc<Shared>, Arc<Control>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.active.leave(&self.1);
    }
}

/// Runs a function, and tells the store what came of it.
pub(crate) async fn attempt(shared: Arc<Shared>, assignment: Assignment, control: Arc<Control>) {
    let _leaving = Leaving(Arc::clone(&shared), Arc::clone(&control));
    let outcome = run(&shared, Arc::new(assignment), &control).await;
    settle(&shared, &control, outcome).await;
}

async fn run(shared: &Arc<Shared>, assignment: Arc<Assignment>, control: &Arc<Control>) -> Outcome {
    let timeout = assignment.node.timeout;
    let work = work(shared, assignment, control);
    tokio::pin!(work);
    let late = async {
        match timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    let end = tokio::select! {
        biased;
        () = control.lost() => return Outcome::Lost,
        result = &mut work => return of(result, control),
        end = control.end() => end,
        () = late => {
            let text = format!("the function took longer than {:?}", timeout.unwrap_or_default());
            return Outcome::Failed(Failure::transient("timeout", text));
        }
    };
    // It may end well, or give up, as long as its grace lasts.
    tokio::select! {
        biased;
        () = control.lost() => Outcome::Lost,
        result = &mut work => of(result, control),
        () = tokio::time::sleep(end.grace) => Outcome::Ended(end),
    }
}

/// Calls the function, and checks what it gives.
async fn work(
    shared: &Arc<Shared>,
    assignment: Arc<Assignment>,
    control: &Arc<Control>,
) -> Result<Finish, FunctionError> {
    let name = assignment.node.function.as_ref();
    let name = name.map_or("", |function| function.name.as_str());
    let Some(function) = shared.functions.get(name) else {
        let text = format!("this coordinator has no function `{name}`: add it to the coordinators");
        return Err(FunctionError::transient("unknown_function", text));
    };
    let call = FunctionCall::new(assignment, Arc::clone(&shared.store), Arc::clone(control));
    let args = call.raw_args();
    let block = shared.config.block_sensitive || args.get(BLOCK) == Some(&true.into());
    // Calling it may panic as well as what it gives, and the detector of secrets.
    let called = AssertUnwindSafe(async {
        let finish = function(call).await?;
        let hits = check(&finish.vars, &shared.vars_limits, &*shared.detector, block)
            .map_err(|error| FunctionError::permanent("bad_vars", error.to_string()))?;
        Ok::<_, FunctionError>((finish, hits))
    });
    let (mut finish, hits) = match called.catch_unwind().await {
        Ok(result) => result?,
        Err(panic) => return Err(FunctionError::transient("panicked", panic_message(&*panic))),
    };
    if hits > 0 {
        #[expect(clippy::cast_precision_loss, reason = "there are few")]
        finish
            .metrics
            .insert("sensitive_hits".to_owned(), hits as f64);
    }
    Ok(finish)
}

fn of(result: Result<Finish, FunctionError>, control: &Control) -> Outcome {
    match result {
        Ok(finish) => Outcome::Finished(finish),
        Err(FunctionError::Store(StoreError::Fenced { .. })) => Outcome::Lost,
        Err(FunctionError::Cancelled(error)) => match control.end().now_or_never() {
            Some(end) => Outcome::Ended(end),
            None => Outcome::Failed(FunctionError::Cancelled(error).into_failure()),
        },
        Err(error) => Outcome::Failed(error.into_failure()),
    }
}

/// Tells the store what came of it, until the store has it or the lease is lost.
async fn settle(shared: &Arc<Shared>, control: &Control, outcome: Outcome) {
    let store = &shared.store;
    let lease = &control.lease;
    let told = match outcome {
        Outcome::Lost => return shared.counters.functions_lost.one(),
        Outcome::Finished(finish) => {
            let finished = persist(shared, control, || {
                store.finish(lease.clone(), finish.clone())
            })
            .await;
            match finished {
                Err(
                    error @ (StoreError::Invalid(_)
                    | StoreError::TooLarge { .. }
                    | StoreError::Conflict { .. }),
                ) => fail(shared, control, FunctionError::Store(error).into_failure()).await,
                finished => {
                    shared.counters.functions_finished.one();
                    finished
                }
            }
        }
        Outcome::Failed(failure) => fail(shared, control, failure).await,
        Outcome::Ended(end) if end.is_shutdown => {
            persist(shared, control, || {
                store.release(lease.clone(), end.reason.clone())
            })
            .await
        }
        Outcome::Ended(_) => persist(shared, control, || store.cancelled(lease.clone())).await,
    };
    match told {
        Ok(effects) => shared.mouth.say_effects(effects),
        Err(StoreError::Fenced { .. }) => shared.counters.functions_lost.one(),
        // Its lease ends by its deadline, and it is run again.
        Err(error) => shared.store_error("ending a coordinator function", &error),
    }
}

async fn fail(
    shared: &Arc<Shared>,
    control: &Control,
    failure: Failure,
) -> Result<Effects, StoreError> {
    shared.counters.functions_failed.one();
    let lease = &control.lease;
    let failed = persist(shared, control, || {
        shared.store.fail(lease.clone(), failure.clone())
    });
    failed.await.map(|failed| failed.effects)
}

/// How long the store is asked again while a lease may still be held.
const LONGEST: Duration = Duration::from_secs(600);

/// Asks the store again while it is not available.
async fn persist<'s, T>(
    shared: &Arc<Shared>,
    control: &Control,
    ask: impl Fn() -> StoreFuture<'s, T>,
) -> Result<T, StoreError> {
    let until = tokio::time::Instant::now() + LONGEST;
    let mut pauses = pauses();
    loop {
        let error = match ask().await {
            Err(error) if error.is_transient() => error,
            answer => return answer,
        };
        shared.store_error("ending a coordinator function", &error);
        let pause = pauses.next().unwrap_or_default();
        let is_over = tokio::time::Instant::now() + pause >= until;
        tokio::select! {
            biased;
            () = control.lost() => return Err(error),
            () = tokio::time::sleep(pause), if !is_over => {}
            () = std::future::ready(()), if is_over => return Err(error),
        }
    }
}
