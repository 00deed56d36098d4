//! What ten thousand workers weigh, and what they do while there is nothing to do.

use std::time::Duration;

use cpu_time::ProcessTime;
use serde::{Deserialize, Serialize};

use super::check::Check;
use super::measure::{Clocks, Failure, Taken, rss, runtime};
use super::work::{Gate, Work};
use super::workload::Shape;

/// A stage whose workers were started and wait.
pub(crate) trait Waiting: Send + 'static {
    /// Feeds the items, and returns the results in their order.
    fn finish(self, items: usize) -> impl Future<Output = Result<Vec<u64>, Failure>> + Send;
}

/// The weight of one worker.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Fan {
    /// What each worker added to the memory of the process, while it has no item.
    pub(crate) bytes_per_worker: u64,
    /// The same, while each worker has an item.
    pub(crate) busy_bytes_per_worker: u64,
    /// What the future of the call takes of it.
    pub(crate) future_bytes_per_worker: u64,
    /// The processor time of a second without items.
    pub(crate) idle_cpu_seconds: f64,
}

const SETTLE: Duration = Duration::from_millis(300);
const IDLE: Duration = Duration::from_secs(1);

pub(crate) fn measure<S, R>(shape: Shape, start: S) -> Result<(Taken, Fan), Failure>
where
    S: Future<Output = Result<R, Failure>> + Send + 'static,
    R: Waiting,
{
    runtime()?.block_on(async {
        // The threads and the timer are there before memory is measured.
        tokio::spawn(tokio::time::sleep(SETTLE)).await?;
        let before = rss()?;
        let stage = tokio::spawn(start).await??;
        tokio::time::sleep(SETTLE).await;
        let started = rss()?;

        let idle = ProcessTime::try_now()?;
        tokio::time::sleep(IDLE).await;
        let idle_cpu = idle.try_elapsed()?;

        let gate = Gate::expect(shape.items);
        let clocks = Clocks::start(None)?;
        let run = tokio::spawn(stage.finish(shape.items));
        gate.await;
        let busy = rss()?;
        Gate::open();
        let results = run.await??;
        let taken = clocks.stop()?;
        results.check(shape)?;

        let per_worker = |now: u64| now.saturating_sub(before) / shape.workers as u64;
        let fan = Fan {
            bytes_per_worker: per_worker(started),
            busy_bytes_per_worker: per_worker(busy),
            future_bytes_per_worker: size_of_val(&Gate.call(0)) as u64,
            idle_cpu_seconds: idle_cpu.as_secs_f64(),
        };
        Ok((taken, fan))
    })
}
