use std::sync::Arc;
use std::time::Duration;

use super::shared::Shared;

/// So many rows of each kind are removed at once.
const BATCH: u32 = 1000;

/// The rest between two removals, so that others can write meanwhile.
const REST: Duration = Duration::from_millis(50);

/// Removes what need not be kept.
pub(super) async fn purge(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(shared.config.purge_tick).await;
        loop {
            let is_more = match shared.store.purge(shared.config.retention, BATCH).await {
                Ok(purged) => {
                    let all = [
                        purged.runs,
                        purged.events,
                        purged.dead_letters,
                        purged.workers,
                    ];
                    shared.counters.purged.add(all.iter().sum());
                    purged.is_more
                }
                Err(error) => {
                    shared.store_error("removing what is old", &error);
                    false
                }
            };
            if !is_more {
                break;
            }
            tokio::time::sleep(REST).await;
        }
    }
}
