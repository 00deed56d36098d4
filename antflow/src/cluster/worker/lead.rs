use std::sync::Arc;

use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::WorkerEvent;
use super::attempt::attempt;
use super::control::Control;
use super::hear::Commands;
use super::shared::{Phase, Shared};
use crate::cluster::handler::{CancelCause, pauses};
use crate::cluster::store::{Assignment, ClaimRequest};

/// Takes nodes while there are free slots, runs them, and ends when the worker ends and they have ended.
pub(super) async fn lead(
    shared: &Arc<Shared>,
    resumed: (Vec<Assignment>, Instant),
    mut commands: Commands,
) {
    let mut attempts = JoinSet::new();
    let (resumed, asked) = resumed;
    for assignment in resumed {
        shared.counters.resumed.one();
        begin(shared, &mut attempts, assignment, asked, true);
    }
    let capacity = shared.config.capacity as usize;
    let mut retries = pauses();
    while shared.phase() == Phase::Serving {
        let free = capacity.saturating_sub(attempts.len());
        let taken = take(shared, &mut attempts, free).await;
        let is_answered = taken.is_some();
        let wait = if is_answered {
            retries = pauses();
            shared.config.claim_poll
        } else {
            retries.next().unwrap_or(shared.config.claim_poll)
        };
        let has_room = attempts.len() < capacity;
        tokio::select! {
            biased;
            () = shared.reached(Phase::Draining) => {}
            Some(ended) = attempts.join_next() => report(shared, ended),
            () = commands.hint(shared), if has_room && is_answered => {}
            () = tokio::time::sleep(wait), if has_room => {}
        }
    }
    drop(commands);
    end(shared, &mut attempts).await;
}

/// Claims nodes for free slots. Gives how many there were, unless the store does not answer.
async fn take(shared: &Arc<Shared>, attempts: &mut JoinSet<()>, free: usize) -> Option<usize> {
    if free == 0 {
        return Some(0);
    }
    let asked = Instant::now();
    let request = ClaimRequest {
        worker: shared.key.clone(),
        offers: shared.offers(),
        run: shared.run.clone(),
        slots: u32::try_from(free).unwrap_or(u32::MAX),
        ttl: shared.config.lease_ttl,
    };
    match shared.store.claim(request).await {
        Ok(assignments) => {
            let count = assignments.len();
            shared.counters.claimed.add(count as u64);
            for assignment in assignments {
                begin(shared, attempts, assignment, asked, false);
            }
            Some(count)
        }
        Err(error) => {
            shared.store_error("claiming nodes", &error);
            None
        }
    }
}

fn begin(
    shared: &Arc<Shared>,
    attempts: &mut JoinSet<()>,
    assignment: Assignment,
    asked: Instant,
    is_resumed: bool,
) {
    shared.notify(&WorkerEvent::Claimed {
        role: &assignment.node.role,
        is_resumed,
    });
    let control = Arc::new(Control::new(&assignment, asked + shared.config.lease_ttl));
    if let Some(notice) = &assignment.cancelling {
        control.cancel(CancelCause::Flag, notice.reason.clone(), notice.grace);
    }
    if shared.phase() == Phase::Stopping {
        stop(shared, &control);
    }
    let running = shared.active.enter(control);
    attempts.spawn(attempt(Arc::clone(shared), assignment, running));
}

/// Waits for the attempts, and cancels them when the worker stops.
async fn end(shared: &Shared, attempts: &mut JoinSet<()>) {
    let mut is_stopped = false;
    loop {
        tokio::select! {
            biased;
            () = shared.reached(Phase::Stopping), if !is_stopped => {
                is_stopped = true;
                for control in shared.active.all() {
                    stop(shared, &control);
                }
            }
            ended = attempts.join_next() => match ended {
                Some(ended) => report(shared, ended),
                None => return,
            },
        }
    }
}

fn stop(shared: &Shared, control: &Control) {
    let reason = "the worker shuts down";
    control.cancel(CancelCause::Shutdown, reason, shared.config.cancel_grace);
}

/// An attempt that panicked has told the store nothing: its lease ends by its deadline.
fn report(shared: &Shared, ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        shared.counters.lost.one();
        shared.warn("an attempt", &error);
    }
}
