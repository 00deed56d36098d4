use std::sync::Arc;
use std::time::Duration;

use super::shared::Shared;
use crate::cluster::handler::pauses;
use crate::cluster::state::NodeState;
use crate::cluster::store::{Reaped, StoreError};

/// So many leases are ended in one request.
const BATCH: u32 = 100;

/// The shortest rest: what is due may be locked by others.
const SHORTEST: Duration = Duration::from_millis(20);

/// Ends leases that nobody extends, when the store says that one is due.
pub(super) async fn reap(shared: Arc<Shared>) {
    let mut retries = pauses();
    loop {
        let wait = match due(&shared).await {
            Ok(wait) => {
                retries = pauses();
                wait.clamp(SHORTEST, shared.config.scheduler_tick.max(SHORTEST))
            }
            Err(error) => {
                shared.store_error("ending leases that are over", &error);
                retries.next().unwrap_or(shared.config.scheduler_tick)
            }
        };
        tokio::time::sleep(wait).await;
    }
}

/// Ends what is due, and says how long there is nothing to do.
async fn due(shared: &Shared) -> Result<Duration, StoreError> {
    let Some(due) = shared.store.next_due().await? else {
        return Ok(Duration::MAX);
    };
    let now = shared.store.now().await?;
    if due > now {
        return Ok(due.since(now));
    }
    let (reaped, effects) = shared.store.reap(BATCH).await?;
    shared.mouth.say_effects(effects);
    shared.counters.reaped.add(reaped.len() as u64);
    for reaped in reaped {
        tell(shared, &reaped);
    }
    Ok(Duration::ZERO)
}

fn tell(shared: &Shared, reaped: &Reaped) {
    let lease = &reaped.lease;
    let then = match reaped.state {
        NodeState::Cancelled => "and was not ended in its grace: it is cancelled",
        NodeState::Failed => "too often without progress: it failed",
        _ => "and is not heard of: another one may have it",
    };
    let text = format!(
        "worker `{}` has node `{}` of run `{}` in epoch {} {then}",
        lease.worker, lease.node, lease.run, lease.epoch
    );
    shared.warn("lease_expired", text);
}
