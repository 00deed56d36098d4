use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::super::shared::Shared;
use super::attempt::attempt;
use super::control::Control;
use crate::cluster::graph::COORDINATOR_FN;
use crate::cluster::handler::pauses;
use crate::cluster::store::{
    Assignment, CancelNotice, ClaimRequest, ExtendRequest, Offer, ResumeRequest, StoreError,
};

fn offers() -> Vec<Offer> {
    vec![Offer {
        role: COORDINATOR_FN.into(),
        fingerprint: None,
    }]
}

/// Takes functions while there is room, runs them, and ends when the coordinator ends and they have ended.
pub(crate) async fn lead(shared: Arc<Shared>) {
    let mut attempts = JoinSet::new();
    resume(&shared, &mut attempts).await;
    let capacity = shared.config.capacity as usize;
    let mut retries = pauses();
    while !shared.stop.is_cancelled() {
        let free = capacity.saturating_sub(attempts.len());
        let wait = match claim(&shared, free).await {
            Ok(assignments) => {
                retries = pauses();
                for assignment in assignments {
                    begin(&shared, &mut attempts, assignment);
                }
                shared.config.scheduler_tick
            }
            Err(error) => {
                shared.store_error("claiming coordinator functions", &error);
                retries.next().unwrap_or(shared.config.scheduler_tick)
            }
        };
        let has_room = attempts.len() < capacity;
        tokio::select! {
            biased;
            () = shared.stop.cancelled() => {}
            Some(_) = attempts.join_next() => {}
            () = shared.work.notified(), if has_room => {}
            () = tokio::time::sleep(wait), if has_room => {}
        }
    }
    for control in shared.active.all() {
        control.shut_down(shared.config.cancel_grace);
    }
    while attempts.join_next().await.is_some() {}
}

/// Takes up the functions that a coordinator of this id had.
async fn resume(shared: &Arc<Shared>, attempts: &mut JoinSet<()>) {
    let mut retries = pauses();
    while !shared.stop.is_cancelled() {
        let request = ResumeRequest {
            worker: shared.key.clone(),
            offers: offers(),
            ttl: shared.config.lease_ttl,
        };
        match shared.store.resume(request).await {
            Ok((assignments, effects)) => {
                shared.mouth.say_effects(effects);
                for assignment in assignments {
                    begin(shared, attempts, assignment);
                }
                return;
            }
            Err(error) => shared.store_error("resuming coordinator functions", &error),
        }
        tokio::select! {
            () = shared.stop.cancelled() => {}
            () = tokio::time::sleep(retries.next().unwrap_or_default()) => {}
        }
    }
}

async fn claim(shared: &Shared, free: usize) -> Result<Vec<Assignment>, StoreError> {
    if free == 0 {
        return Ok(Vec::new());
    }
    let request = ClaimRequest {
        worker: shared.key.clone(),
        offers: offers(),
        run: None,
        slots: u32::try_from(free).unwrap_or(u32::MAX),
        ttl: shared.config.lease_ttl,
    };
    shared.store.claim(request).await
}

fn begin(shared: &Arc<Shared>, attempts: &mut JoinSet<()>, assignment: Assignment) {
    let control = Control::new(assignment.lease.clone(), shared.mouth.clone());
    let control = Arc::new(control);
    if let Some(notice) = &assignment.cancelling {
        control.cancel(notice.reason.clone(), notice.grace);
    }
    shared.active.enter(&control);
    attempts.spawn(attempt(Arc::clone(shared), assignment, control));
}

/// Extends the leases of functions, and looks for those that have to end.
pub(crate) async fn keep(shared: Arc<Shared>) {
    let between = shared.config.lease_ttl / 3;
    let tick = shared.config.scheduler_tick.min(between);
    let mut extended = Instant::now();
    loop {
        tokio::time::sleep(tick).await;
        let controls = shared.active.all();
        if controls.is_empty() {
            continue;
        }
        let looked = if extended.elapsed() >= between {
            let kept = extend(&shared, &controls).await;
            if kept.is_ok() {
                extended = Instant::now();
            }
            kept
        } else {
            look(&shared).await
        };
        if let Err(error) = looked {
            shared.store_error("keeping the leases of coordinator functions", &error);
        }
    }
}

async fn extend(shared: &Shared, controls: &[Arc<Control>]) -> Result<(), StoreError> {
    let request = ExtendRequest {
        worker: shared.key.clone(),
        leases: controls
            .iter()
            .map(|control| control.lease.clone())
            .collect(),
        ttl: shared.config.lease_ttl,
    };
    let extended = shared.store.extend(request).await?;
    for control in controls {
        if extended.lost.contains(&control.lease) {
            control.lose();
        }
    }
    cancel(shared, extended.cancelling);
    Ok(())
}

/// Looks for functions that have to end.
pub(crate) async fn look(shared: &Shared) -> Result<(), StoreError> {
    let notices = shared.store.cancel_notices(shared.key.clone()).await?;
    cancel(shared, notices);
    Ok(())
}

fn cancel(shared: &Shared, notices: Vec<CancelNotice>) {
    let controls = shared.active.all();
    for notice in notices {
        let meant = controls
            .iter()
            .find(|control| control.lease == notice.lease);
        if let Some(control) = meant {
            control.cancel(notice.reason, notice.grace);
        }
    }
}
