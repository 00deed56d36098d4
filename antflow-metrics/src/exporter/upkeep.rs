use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::recorder::ExporterRecorder;

const PERIOD: Duration = Duration::from_secs(5);

/// Counts the values of a program's own histograms into their buckets, for as long as the recorder is there.
///
/// Without it they would pile up while nobody renders.
pub(super) fn spawn(recorder: &Arc<ExporterRecorder>) {
    let mut ticks = interval_at(Instant::now() + PERIOD, PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::spawn(run(Arc::downgrade(recorder), ticks));
}

async fn run(recorder: Weak<ExporterRecorder>, mut ticks: Interval) {
    loop {
        ticks.tick().await;
        let Some(recorder) = recorder.upgrade() else {
            return;
        };
        let upkeep = move || recorder.rest().run_upkeep();
        // Millions of values take some ten milliseconds. It fails if the runtime ends, and this task with it.
        let _ = tokio::task::spawn_blocking(upkeep).await;
    }
}
