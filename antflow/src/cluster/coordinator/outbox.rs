use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::time::Instant;

use super::shared::Shared;
use crate::cluster::bus::Post;
use crate::cluster::handler::pauses;
use crate::cluster::store::{OutboxRecord, StoreError};

/// So many events are taken at once.
const BATCH: u32 = 200;

/// How often the store is told that events were said, before they are said again.
const TRIES: usize = 6;

/// Says the events of the store.
pub(super) async fn dispatch(shared: Arc<Shared>) {
    let mut retries = pauses();
    loop {
        let wait = match say_some(&shared).await {
            Ok(taken) => {
                retries = pauses();
                if taken == BATCH as usize {
                    continue;
                }
                shared.config.outbox_tick
            }
            Err(error) => {
                shared.store_error("saying events", &error);
                retries.next().unwrap_or(shared.config.outbox_tick)
            }
        };
        tokio::time::sleep(wait).await;
    }
}

/// Says all events that are due, once: the last words of a coordinator.
pub(super) async fn say_rest(shared: &Shared) {
    loop {
        match say_some(shared).await {
            Ok(taken) if taken == BATCH as usize => {}
            Ok(_) => return,
            Err(error) => return shared.store_error("saying the last events", &error),
        }
    }
}

/// Takes events and says them. Gives how many there were.
async fn say_some(shared: &Shared) -> Result<usize, StoreError> {
    let begun = Instant::now();
    let hold = shared.config.outbox_hold;
    let events = shared.store.outbox_take(BATCH, hold).await?;
    let taken = events.len();
    let mut said = Vec::with_capacity(taken);
    let mut failed = Vec::new();
    // What comes behind an event that could not be said waits for it: it comes back after the hold.
    let mut stuck = BTreeSet::new();
    for event in events {
        let id = event.id;
        let post = Post::new(event.topic.clone(), &event.envelope);
        if stuck.contains(&post.key) {
            continue;
        }
        // Beyond the hold others say them.
        let left = hold.saturating_sub(begun.elapsed());
        if left.is_zero() {
            break;
        }
        let key = post.key.clone();
        let error = match tokio::time::timeout(left, shared.bus.publish(post)).await {
            Ok(Ok(())) => {
                said.push(id);
                continue;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the bus did not answer in time".to_owned(),
        };
        stuck.insert(key);
        failed.push((event, error));
    }
    shared.counters.said.add(said.len() as u64);
    persist_said(shared, said).await?;
    for (event, error) in failed {
        give_back(shared, event, error).await?;
    }
    Ok(taken)
}

/// Tells the store what was said. If it never hears of it, the events are said twice.
async fn persist_said(shared: &Shared, said: Vec<i64>) -> Result<(), StoreError> {
    if said.is_empty() {
        return Ok(());
    }
    let mut tries = pauses().take(TRIES);
    loop {
        let Err(error) = shared.store.outbox_sent(said.clone()).await else {
            return Ok(());
        };
        match tries.next().filter(|_| error.is_transient()) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(error),
        }
    }
}

/// Tells the store that an event could not be said.
async fn give_back(shared: &Shared, event: OutboxRecord, error: String) -> Result<(), StoreError> {
    shared.counters.unsaid.one();
    let retry = shared.config.outbox_retry;
    let tries = event.attempts + 1;
    if tries >= retry.max {
        let text = format!(
            "event {} could not be said in {tries} tries, and is in the dead letters: {error}",
            event.id
        );
        shared.warn("event_unsaid", text);
    }
    shared.store.outbox_failed(event.id, error, retry).await
}
