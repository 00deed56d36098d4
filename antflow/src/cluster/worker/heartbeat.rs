use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::WorkerEvent;
use super::control::Control;
use super::shared::{Phase, Shared};
use crate::cluster::Timestamp;
use crate::cluster::handler::CancelCause;
use crate::cluster::protocol::{Envelope, Message, Topic};
use crate::cluster::store::{CancelNotice, ExtendRequest, Extended, StoreError};

/// Extends all leases of the worker by one call, again and again, until its last attempt has ended.
pub(super) async fn beat(shared: &Shared) {
    let interval = shared.config.hb_interval;
    // A heartbeat that fails is tried again soon, so that a lease outlives a short failure of the store.
    let soon = (interval / 4).min(Duration::from_secs(1));
    loop {
        let controls = shared.active.all();
        let asked = Instant::now();
        let request = ExtendRequest {
            worker: shared.key.clone(),
            leases: controls
                .iter()
                .map(|control| control.lease.clone())
                .collect(),
            ttl: shared.config.lease_ttl,
        };
        let answer = tokio::time::timeout(interval, shared.store.extend(request)).await;
        let pause = match answer {
            Ok(Ok(extended)) => {
                shared.counters.heartbeats.one();
                heard(shared, &controls, extended, asked);
                interval
            }
            Ok(Err(error)) => {
                shared.counters.failed_heartbeats.one();
                shared.store_error("extending leases", &error);
                soon
            }
            Err(_) => {
                shared.counters.failed_heartbeats.one();
                shared.warn("extending leases", &"the store does not answer");
                soon
            }
        };
        tokio::time::sleep(pause).await;
    }
}

fn heard(shared: &Shared, controls: &[Arc<Control>], extended: Extended, asked: Instant) {
    let deadline = extended.deadline;
    shared.set_heartbeat(deadline_start(deadline, shared.config.lease_ttl));
    for control in controls {
        if extended.lost.contains(&control.lease) {
            control.lose("the lease is held no more: the node was taken over or has ended");
        } else {
            let left = control.extend(asked + shared.config.lease_ttl);
            shared.counters.margin(left);
            shared.notify(&WorkerEvent::Extended {
                role: &control.role,
                left,
            });
            say_heartbeat(shared, control, deadline);
        }
    }
    cancel(shared, extended.cancelling, CancelCause::Flag);
}

/// When the store extended leases that hold until `deadline`.
fn deadline_start(deadline: Timestamp, ttl: Duration) -> Timestamp {
    let ttl = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(deadline.as_millis().saturating_sub(ttl))
}

fn say_heartbeat(shared: &Shared, control: &Control, lease_deadline: Timestamp) {
    // What has ended meanwhile has no heartbeat.
    if control.is_ending() {
        return;
    }
    let lease = &control.lease;
    let message = Message::TaskHeartbeat {
        lease_id: lease.id.clone(),
        lease_deadline,
    };
    let envelope = Envelope::new(message)
        .about(lease.run.clone(), lease.node.clone())
        .role(control.role.clone())
        .epoch(lease.epoch);
    shared.say(Topic::Status(control.role.clone()), envelope);
}

/// Looks for cancellations in the store while something runs.
pub(super) async fn watch_cancellations(shared: &Shared) {
    loop {
        tokio::time::sleep(shared.config.cancel_poll).await;
        if shared.active.count() > 0
            && let Err(error) = look_for_cancellations(shared, CancelCause::Flag).await
        {
            shared.store_error("looking for cancellations", &error);
        }
    }
}

/// Cancels the attempts that the store wants to be ended.
pub(super) async fn look_for_cancellations(
    shared: &Shared,
    cause: CancelCause,
) -> Result<(), StoreError> {
    let notices = shared.store.cancel_notices(shared.key.clone()).await?;
    cancel(shared, notices, cause);
    Ok(())
}

pub(super) fn cancel(shared: &Shared, notices: Vec<CancelNotice>, cause: CancelCause) {
    for notice in notices {
        if let Some(control) = shared.active.find(&notice.lease) {
            control.cancel(cause, notice.reason, notice.grace);
        }
    }
}

/// Announces the worker, again and again and when it begins to drain, until `end`: nobody else announces it meanwhile,
/// so nothing is said behind its goodbye.
pub(super) async fn announce(shared: &Shared, end: &CancellationToken) {
    let mut announced = Phase::Serving;
    loop {
        tokio::select! {
            biased;
            () = end.cancelled() => return,
            () = shared.reached(Phase::Draining), if announced == Phase::Serving => {}
            () = tokio::time::sleep(shared.config.announce_interval) => {}
        }
        announced = shared.phase();
        announce_once(shared).await;
    }
}

pub(super) async fn announce_once(shared: &Shared) {
    let announcement = shared.announcement(shared.status());
    if let Err(error) = shared.store.announce(announcement.clone()).await {
        shared.store_error("registering the worker", &error);
    }
    let envelope = Envelope::new(Message::WorkerOnline(announcement));
    shared.say(Topic::Announce, envelope);
}

/// Says goodbye.
pub(super) async fn leave(shared: &Shared) {
    debug_assert!(
        shared.phase() > Phase::Serving,
        "whoever leaves takes nothing more"
    );
    if let Err(error) = shared.store.goodbye(shared.key.clone()).await {
        shared.store_error("saying goodbye", &error);
    }
    let announcement = shared.announcement("offline");
    let envelope = Envelope::new(Message::WorkerOffline(announcement));
    shared.say(Topic::Announce, envelope);
}
