use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::shared::Shared;
use crate::cluster::handler::pauses;
use crate::item::panic_message;

/// After so long without a panic, a loop counts as healthy.
const HEALTHY: Duration = Duration::from_secs(60);

/// Runs a loop until it ends, and begins it again, after a pause, when it panics: a store, a bus or a detector that
/// others wrote must not end what all runs wait for.
pub(super) async fn supervise<F: Future<Output = ()>>(
    shared: Arc<Shared>,
    name: &'static str,
    begin: impl Fn(Arc<Shared>) -> F,
) {
    let mut waits = pauses();
    loop {
        let begun = Instant::now();
        let ended = AssertUnwindSafe(async { begin(Arc::clone(&shared)).await });
        let Err(panic) = ended.catch_unwind().await else {
            return;
        };
        shared.counters.restarts.one();
        let text = format!(
            "the loop `{name}` panicked and begins again: {}",
            panic_message(&*panic)
        );
        shared.warn("loop_panicked", text);
        if begun.elapsed() > HEALTHY {
            waits = pauses();
        }
        tokio::time::sleep(waits.next().unwrap_or_default()).await;
    }
}
