//! How long one item takes through stages that have nothing else to do.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::measure::{Clocks, Count, Failure, Taken, percentile, runtime};
use super::work::expected;
use super::workload::Shape;

/// Stages that wait for items.
pub(crate) trait RoundTrip: Send + 'static {
    /// Feeds one item and waits for its result.
    fn trip(&mut self, x: u64) -> impl Future<Output = Result<u64, Failure>> + Send;
}

/// Half of the items, and all but one in a hundred, took no longer than this.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Latency {
    /// One item after the other.
    pub(crate) p50_ns: u64,
    pub(crate) p99_ns: u64,
    /// After a pause, in which the threads went to sleep.
    pub(crate) idle_p50_ns: u64,
    pub(crate) idle_p99_ns: u64,
}

const PAUSE: Duration = Duration::from_millis(1);
/// Of so many items one is fed after a pause as well.
const IDLE_SHARE: usize = 20;

/// Measures from within a task, as a feeder that is part of a program would.
pub(crate) fn measure<S, R>(
    shape: Shape,
    count: Option<Count>,
    start: S,
) -> Result<(Taken, Latency), Failure>
where
    S: Future<Output = Result<R, Failure>> + Send + 'static,
    R: RoundTrip,
{
    let runtime = runtime()?;
    let whole = async move {
        let mut stages = start.await?;
        trips(&mut stages, shape, shape.items / 10, None).await?;
        let clocks = Clocks::start(count)?;
        let busy = trips(&mut stages, shape, shape.items, None).await?;
        let taken = clocks.stop()?;
        let idle = match count {
            Some(_) => vec![0],
            None => trips(&mut stages, shape, shape.items / IDLE_SHARE, Some(PAUSE)).await?,
        };
        Ok::<_, Failure>((taken, summary(busy, idle)?))
    };
    runtime.block_on(async { tokio::spawn(whole).await })?
}

async fn trips<R: RoundTrip>(
    stages: &mut R,
    shape: Shape,
    items: usize,
    pause: Option<Duration>,
) -> Result<Vec<u64>, Failure> {
    let mut nanoseconds = Vec::with_capacity(items);
    for x in 0..items as u64 {
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
        let start = Instant::now();
        let result = stages.trip(x).await?;
        nanoseconds.push(start.elapsed().as_nanos() as u64);
        let right = expected(x, shape.stages);
        if result != right {
            return Err(format!("item {x} gave {result}, not {right}").into());
        }
    }
    Ok(nanoseconds)
}

fn summary(mut busy: Vec<u64>, mut idle: Vec<u64>) -> Result<Latency, Failure> {
    busy.sort_unstable();
    idle.sort_unstable();
    let of = |sorted: &[u64], share| percentile(sorted, share).ok_or("too few items were measured");
    Ok(Latency {
        p50_ns: of(&busy, 0.5)?,
        p99_ns: of(&busy, 0.99)?,
        idle_p50_ns: of(&idle, 0.5)?,
        idle_p99_ns: of(&idle, 0.99)?,
    })
}
