use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::function::lead::{keep, lead};
use super::shared::Shared;
use super::supervise::supervise;
use super::{hear, outbox, purge, reap, watch};

/// How long the bus and the store have for the last words.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Runs the loops until the coordinator ends, and its functions have ended.
pub(super) async fn serve(shared: Arc<Shared>) {
    let mut loops = JoinSet::new();
    macro_rules! run {
        ($($name:literal: $begin:expr),* $(,)?) => {
            $(loops.spawn(supervise(Arc::clone(&shared), $name, $begin));)*
        };
    }
    run! {
        "reap": reap::reap,
        "outbox": outbox::dispatch,
        "watch": watch::watch,
        "purge": purge::purge,
        "hear": hear::hear_shared,
        "signals": hear::hear_signals,
        "keep leases": keep,
        "tell": |shared: Arc<Shared>| async move { shared.tell().await },
    }
    let functions = tokio::spawn(supervise(Arc::clone(&shared), "functions", lead));
    let functions = tokio_util::task::AbortOnDropHandle::new(functions);
    // The loops only end with their bus; the functions end with the coordinator. Neither panics: it is supervised.
    if let Err(error) = functions.await {
        shared.log("running coordinator functions", &error);
    }
    loops.shutdown().await;
    let last = async {
        shared.tell_rest().await;
        outbox::say_rest(&shared).await;
    };
    if tokio::time::timeout(LAST_WORDS, last).await.is_err() {
        shared.log("saying the last events", &"it took too long");
    }
}
