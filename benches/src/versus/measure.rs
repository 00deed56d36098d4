//! Time, processor time, memory and allocations of this process.

use std::error::Error;
use std::fs;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use tokio::runtime::{Builder, Runtime};

use super::check::Check;
use super::workload::Shape;

/// Whatever went wrong, in words.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Counts the allocations of the process so far; there where an allocator counts.
pub(crate) type Count = fn() -> usize;

/// What one run took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    pub(crate) peak_rss: u64,
    pub(crate) allocations: Option<usize>,
}

/// The clocks at the beginning of a run.
#[derive(Debug)]
pub(crate) struct Clocks {
    count: Option<Count>,
    allocations: Option<usize>,
    cpu: ProcessTime,
    wall: Instant,
}

impl Clocks {
    pub(crate) fn start(count: Option<Count>) -> Result<Self, Failure> {
        Ok(Self {
            count,
            allocations: count.map(|count| count()),
            cpu: ProcessTime::try_now()?,
            wall: Instant::now(),
        })
    }

    pub(crate) fn stop(&self) -> Result<Taken, Failure> {
        let wall = self.wall.elapsed();
        let cpu = self.cpu.try_elapsed()?;
        let now = self.count.map(|count| count());
        Ok(Taken {
            wall,
            cpu,
            allocations: now.zip(self.allocations).map(|(now, then)| now - then),
            peak_rss: status("VmHWM:")?,
        })
    }
}

/// The memory that the process holds now.
pub(crate) fn rss() -> Result<u64, Failure> {
    status("VmRSS:")
}

/// A line of what the kernel says of this process, in bytes.
fn status(name: &str) -> Result<u64, Failure> {
    let path = "/proc/self/status";
    let text = fs::read_to_string(path)
        .map_err(|error| format!("cannot read the memory of the process from {path}: {error}"))?;
    parse_status(&text, name).ok_or_else(|| format!("{path} has no `{name}` in kB").into())
}

fn parse_status(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// The runtime of every implementation that needs one.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    Ok(Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?)
}

/// Times a run in a task of a runtime of its own, and checks what came out of it.
pub(crate) fn on_runtime<F, R>(shape: Shape, count: Option<Count>, run: F) -> Result<Taken, Failure>
where
    F: Future<Output = Result<R, Failure>> + Send + 'static,
    R: Check + Send + 'static,
{
    let runtime = runtime()?;
    let clocks = Clocks::start(count)?;
    let results = runtime.block_on(async { tokio::spawn(run).await })??;
    let taken = clocks.stop()?;
    results.check(shape)?;
    Ok(taken)
}

/// Times a run on threads that are there already, and checks what came out of it.
pub(crate) fn on_threads(
    shape: Shape,
    count: Option<Count>,
    run: impl FnOnce() -> Vec<u64>,
) -> Result<Taken, Failure> {
    let clocks = Clocks::start(count)?;
    let results = run();
    let taken = clocks.stop()?;
    results.check(shape)?;
    Ok(taken)
}

/// The middle of the values, or of the two next to it. None of no values.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        Some(f64::midpoint(
            *values.get(middle.checked_sub(1)?)?,
            values[middle],
        ))
    } else {
        values.get(middle).copied()
    }
}

/// The value below which this share of the sorted values lies.
pub(crate) fn percentile(sorted: &[u64], share: f64) -> Option<u64> {
    let index = (sorted.len() as f64 * share) as usize;
    sorted.get(index.min(sorted.len().checked_sub(1)?)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_odd_even_and_none() {
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median([]), None);
    }

    #[test]
    fn percentiles_stay_within_the_values() {
        let values: Vec<_> = (0..100).collect();
        assert_eq!(percentile(&values, 0.5), Some(50));
        assert_eq!(percentile(&values, 0.99), Some(99));
        assert_eq!(percentile(&values, 1.0), Some(99));
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn status_lines_are_kilobytes() {
        let text = "Name:\tversus\nVmHWM:\t    2048 kB\nThreads:\t1\n";
        assert_eq!(parse_status(text, "VmHWM:"), Some(2 << 20));
        assert_eq!(parse_status(text, "VmRSS:"), None);
        assert_eq!(parse_status(text, "Threads:"), None);
    }
}
