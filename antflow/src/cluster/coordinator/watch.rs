use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::shared::Shared;
use crate::cluster::handler::pauses;
use crate::cluster::store::{Starving, StoreError};
use crate::cluster::{Role, Timestamp};

/// What nodes ask for.
type Kind = (Role, Option<String>);

/// Marks workers that are not heard of, and warns of nodes that no live worker can take: once, until that has changed.
pub(super) async fn watch(shared: Arc<Shared>) {
    let mut warned = BTreeSet::new();
    let mut retries = pauses();
    loop {
        let wait = match look(&shared, &mut warned).await {
            Ok(()) => {
                retries = pauses();
                shared.config.monitor_tick
            }
            Err(error) => {
                shared.store_error("watching workers", &error);
                retries.next().unwrap_or(shared.config.monitor_tick)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = shared.workers.notified() => {}
        }
    }
}

async fn look(shared: &Shared, warned: &mut BTreeSet<Kind>) -> Result<(), StoreError> {
    let silence = shared.config.heartbeat_soft;
    for worker in shared.store.mark_silent(silence).await? {
        let text =
            format!("worker `{worker}` was not heard of for {silence:?}: it counts as offline");
        shared.warn("worker_silent", text);
    }
    let starving = shared.store.starving().await?;
    let now = shared.store.now().await?;
    let found: BTreeMap<Kind, Starving> = starving
        .into_iter()
        .map(|starving| {
            (
                (starving.role.clone(), starving.fingerprint.clone()),
                starving,
            )
        })
        .collect();
    warned.retain(|kind| found.contains_key(kind));
    for (kind, starving) in found {
        let is_late = now.since(starving.since) >= shared.config.no_worker_after;
        if is_late && warned.insert(kind) {
            warn(shared, &starving, now);
        }
    }
    Ok(())
}

fn warn(shared: &Shared, starving: &Starving, now: Timestamp) {
    let Starving {
        role,
        fingerprint,
        nodes,
        since,
        offered,
    } = starving;
    let waited = now.since(*since);
    let what = format!("{nodes} nodes wait for the role `{role}`, the oldest for {waited:?}");
    match fingerprint {
        Some(asked) if !offered.is_empty() => {
            let has = offered.join("`, `");
            let text = format!(
                "{what}: they ask for the types `{asked}`, and live workers have the role with `{has}`: start \
                 workers of the version that submitted the runs"
            );
            shared.warn("other_fingerprint", text);
        }
        _ => {
            let text = format!(
                "{what}, and no live worker has it: start one, or look whether its roles are those of the graph"
            );
            shared.warn("no_worker", text);
        }
    }
}
