//! What cases hold handlers up with, and hear what is said.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use antflow::cluster::bus::Inbox;
use antflow::cluster::handler::{Batch, BatchResult, RunContext};
use antflow::cluster::protocol::Envelope;
use antflow::cluster::store::{ClaimRequest, Lease, Offer, Store, StoreError};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::worker_bench::{ROLE, Scripted};
use crate::{millis, seconds, within};

/// Gates where handlers wait until the case opens them, by their names. Clones are the same gates.
#[derive(Debug, Clone, Default)]
pub struct Gates(Arc<watch::Sender<BTreeSet<String>>>);

impl Gates {
    /// Opens one, for good.
    pub fn open(&self, name: &str) {
        self.0.send_modify(|open| {
            open.insert(name.to_owned());
        });
    }

    /// Waits until one is open.
    ///
    /// # Panics
    /// If nobody can open it any more: these are the gates, so there is somebody.
    pub async fn pass(&self, name: &str) {
        let mut opened = self.0.subscribe();
        let passed = opened.wait_for(|open| open.contains(name)).await;
        drop(passed.expect("the gates are here"));
    }
}

/// Makes so many batches, each of which waits at the gate `{node}/{number}` and gives its number back.
pub fn gated(batches: u64, gates: &Gates) -> Scripted {
    let gates = gates.clone();
    Scripted::counting(batches).works(move |batch: Batch<Value>, ctx: RunContext| {
        let gates = gates.clone();
        async move {
            gates
                .pass(&format!("{}/{}", ctx.info().node, batch.payload))
                .await;
            Ok(BatchResult::new(batch.payload))
        }
    })
}

/// What so many batches that give their numbers back leave as outputs.
#[must_use]
pub fn counted(batches: u64) -> Vec<String> {
    (0..batches).map(|n| json!(n).to_string()).collect()
}

/// Waits for messages until one is as it should be, and gives all that were heard, this one included.
///
/// # Panics
/// If it does not come, or something else is no message.
pub async fn hear(inbox: &mut dyn Inbox, is_last: impl Fn(&Envelope) -> bool) -> Vec<Envelope> {
    within(async {
        let mut heard = Vec::new();
        loop {
            let said = next(inbox).await;
            let is_last = is_last(&said);
            heard.push(said);
            if is_last {
                return heard;
            }
        }
    })
    .await
}

/// What is heard until nothing was for a while. What a broker has under way may come later: this is for what has to be
/// there already, and for what may come twice.
pub async fn rest(inbox: &mut dyn Inbox) -> Vec<Envelope> {
    let mut heard = Vec::new();
    while let Ok(said) = tokio::time::timeout(millis(300), next(inbox)).await {
        heard.push(said);
    }
    heard
}

async fn next(inbox: &mut dyn Inbox) -> Envelope {
    loop {
        match inbox.next().await.expect("the bus is open") {
            Ok(post) => return Envelope::decode(&post.bytes).expect("it is a message"),
            // An error is no end: the engine connects again.
            Err(_) => tokio::time::sleep(millis(10)).await,
        }
    }
}

/// Asks again until something is so.
pub async fn until(is: impl AsyncFn() -> bool) {
    within(async {
        while !is().await {
            tokio::time::sleep(millis(10)).await;
        }
    })
    .await;
}

/// A request of a worker with [`ROLE`] for one node.
#[must_use]
pub fn request(worker: &str, ttl: Duration) -> ClaimRequest {
    ClaimRequest {
        worker: worker.into(),
        offers: vec![Offer {
            role: ROLE.into(),
            fingerprint: None,
        }],
        run: None,
        slots: 1,
        ttl,
    }
}

/// Takes a node as a worker that then does nothing more.
///
/// # Panics
/// If there is none.
pub async fn taken(store: &dyn Store, worker: &str, ttl: Duration) -> Lease {
    let given = store.claim(request(worker, ttl)).await;
    let mut given = given.expect("it may claim");
    given.pop().expect("there is a node").lease
}

/// Is this a refusal, because the lease is held no more?
pub fn is_fenced<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Fenced { .. }))
}

/// Waits so long: for what must not happen meanwhile.
pub async fn a_while() {
    tokio::time::sleep(seconds(1) / 2).await;
}
