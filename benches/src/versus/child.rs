//! One run of one implementation, in a process of its own.

use std::time::Duration;

use antflow::{History, StatusTracker};
use serde::{Deserialize, Serialize};

use super::fan::{self, Fan};
use super::implementation::Implementation as I;
use super::latency::{self, Latency};
use super::measure::{Count, Failure, Taken, on_runtime};
use super::observed;
use super::ours::{self, Eight, Length, One, Three};
use super::peers::channels::{AsyncChannel, Crossfire, Flume, Kanal, TokioMpsc};
use super::peers::{actors, channels, experts, jobs, streams, tasks, threads};
use super::work::{Gate, Hop, Sleep, Spin, Work, Yield};
use super::workload::{Shape, Workload as W};

/// What the parent asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) workload: W,
    /// The implementation's key.
    pub(crate) implementation: String,
    pub(crate) items: usize,
    /// How many steps of arithmetic a stage takes, where it takes any.
    pub(crate) spin: u64,
    /// Whether to count allocations rather than to take the time.
    pub(crate) count: bool,
}

/// What the child answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_rss_bytes: u64,
    pub(crate) allocations_per_item: Option<f64>,
    pub(crate) latency: Option<Latency>,
    pub(crate) fan: Option<Fan>,
}

/// Does what was ordered.
pub(crate) fn obey(order: &Order, count: Option<Count>) -> Result<Sample, Failure> {
    if !order.count {
        return run(order, order.items, None);
    }
    let count = count.ok_or("this program does not count allocations")?;
    let allocations = |items| {
        let sample = run(order, items, Some(count))?;
        let total = sample.allocations_per_item.ok_or("nothing was counted")?;
        Ok::<_, Failure>((sample, total))
    };
    // What is made once per process, and what is made once per run, is not counted.
    allocations(order.items)?;
    let (_, once) = allocations(order.items)?;
    let (sample, twice) = allocations(2 * order.items)?;
    Ok(Sample {
        allocations_per_item: Some((twice - once).max(0.0) / order.items as f64),
        ..sample
    })
}

fn run(order: &Order, items: usize, count: Option<Count>) -> Result<Sample, Failure> {
    let implementation = I::from_key(&order.implementation)?;
    let shape = Shape {
        items,
        ..order.workload.shape()
    };
    let (mut latency, mut fan) = (None, None);
    let taken = match order.workload {
        W::Hop => match implementation {
            I::AntflowStream => {
                on_runtime(shape, count, ours::run_stream::<Three, _>(shape, Hop, None))
            }
            I::AntflowStreamTracker => {
                let tracker = StatusTracker::new().with_history(History::Last(4));
                let stream = ours::run_stream::<Three, _>(shape, Hop, Some(tracker));
                on_runtime(shape, count, stream)
            }
            I::AntflowFeed => on_runtime(shape, count, ours::run_fed::<Three, _>(shape, Hop)),
            other => throughput::<Three, _>(other, shape, count, Hop),
        },
        W::HopWide => throughput::<Eight, _>(implementation, shape, count, Hop),
        W::Yield => throughput::<Three, _>(implementation, shape, count, Yield),
        W::Cpu1us | W::Cpu10us => {
            throughput::<Three, _>(implementation, shape, count, Spin(order.spin))
        }
        W::IoWide => {
            let work = Sleep(Duration::from_millis(10));
            throughput::<One, _>(implementation, shape, count, work)
        }
        W::IoStages => {
            let work = Sleep(Duration::from_millis(1));
            throughput::<Three, _>(implementation, shape, count, work)
        }
        W::Latency => latency_of(implementation, shape, count).map(|(taken, found)| {
            latency = Some(found);
            taken
        }),
        W::Fan => fan_of(implementation, shape).map(|(taken, found)| {
            fan = Some(found);
            taken
        }),
    }?;
    Ok(Sample {
        seconds: taken.wall.as_secs_f64(),
        cpu_seconds: taken.cpu.as_secs_f64(),
        peak_rss_bytes: taken.peak_rss,
        allocations_per_item: taken.allocations.map(|total| total as f64),
        latency,
        fan,
    })
}

fn throughput<L: Length, K: Work>(
    implementation: I,
    shape: Shape,
    count: Option<Count>,
    work: K,
) -> Result<Taken, Failure> {
    match implementation {
        I::Antflow => on_runtime(shape, count, ours::run::<L, K>(shape, work)),
        I::AntflowEvents => on_runtime(shape, count, observed::counted::<L, K>(shape, work)),
        I::AntflowCallbacks => on_runtime(shape, count, observed::called::<L, K>(shape, work)),
        I::AntflowCallbacksOwned => {
            on_runtime(shape, count, observed::called_in_turn::<L, K>(shape, work))
        }
        I::AntflowTracker => {
            let history = History::Full;
            on_runtime(
                shape,
                count,
                observed::tracked::<L, K>(shape, work, history),
            )
        }
        I::AntflowTrackerLast => {
            let history = History::Last(1000);
            on_runtime(
                shape,
                count,
                observed::tracked::<L, K>(shape, work, history),
            )
        }
        I::AntflowTrackerOff => {
            let history = History::Off;
            on_runtime(
                shape,
                count,
                observed::tracked::<L, K>(shape, work, history),
            )
        }
        I::AntflowMetrics => on_runtime(shape, count, observed::measured::<L, K>(shape, work)),
        I::AntflowAll => on_runtime(shape, count, observed::watched::<L, K>(shape, work)),
        I::AntflowStream | I::AntflowStreamTracker | I::AntflowFeed => {
            Err(format!("`{}` has no answer but to hop", implementation.name()).into())
        }
        I::Sequential => on_runtime(shape, count, threads::sequential(shape, work)),
        I::Chunked => threads::chunked(shape, count, work),
        I::Rayon => threads::rayon(shape, count, work),
        I::TokioMpsc => on_runtime(shape, count, channels::run::<TokioMpsc, K>(shape, work)),
        I::AsyncChannel => on_runtime(shape, count, channels::run::<AsyncChannel, K>(shape, work)),
        I::Flume => on_runtime(shape, count, channels::run::<Flume, K>(shape, work)),
        I::Kanal => on_runtime(shape, count, channels::run::<Kanal, K>(shape, work)),
        I::Crossfire => on_runtime(shape, count, channels::run::<Crossfire, K>(shape, work)),
        I::KanalExpert => on_runtime(shape, count, experts::run::<Kanal, K>(shape, work)),
        I::CrossfireExpert => on_runtime(shape, count, experts::run::<Crossfire, K>(shape, work)),
        I::Buffered => on_runtime(shape, count, streams::buffered(shape, work)),
        I::BufferedSpawn => on_runtime(shape, count, streams::buffered_spawn(shape, work)),
        I::BufferUnordered => on_runtime(shape, count, streams::buffer_unordered(shape, work)),
        I::JoinSet => on_runtime(shape, count, tasks::joinset(shape, work)),
        I::Ractor => on_runtime(shape, count, actors::run(shape, work)),
        I::Apalis => on_runtime(shape, count, jobs::run(shape, work)),
        I::SleepsAlone => on_runtime(shape, count, tasks::alone(shape, work)),
    }
}

fn latency_of(
    implementation: I,
    shape: Shape,
    count: Option<Count>,
) -> Result<(Taken, Latency), Failure> {
    match implementation {
        I::Antflow => latency::measure(shape, count, ours::start::<Three, _>(shape, Hop)),
        I::TokioMpsc => latency::measure(shape, count, channels::start::<TokioMpsc, _>(shape, Hop)),
        I::AsyncChannel => {
            latency::measure(shape, count, channels::start::<AsyncChannel, _>(shape, Hop))
        }
        I::Flume => latency::measure(shape, count, channels::start::<Flume, _>(shape, Hop)),
        I::Kanal => latency::measure(shape, count, channels::start::<Kanal, _>(shape, Hop)),
        I::Crossfire => latency::measure(shape, count, channels::start::<Crossfire, _>(shape, Hop)),
        I::Ractor => latency::measure(shape, count, actors::start(shape, Hop)),
        other => Err(format!("`{}` has no answer to latency", other.name()).into()),
    }
}

fn fan_of(implementation: I, shape: Shape) -> Result<(Taken, Fan), Failure> {
    match implementation {
        I::Antflow => fan::measure(shape, ours::start::<One, _>(shape, Gate)),
        I::TokioMpsc => fan::measure(shape, channels::start::<TokioMpsc, _>(shape, Gate)),
        I::AsyncChannel => fan::measure(shape, channels::start::<AsyncChannel, _>(shape, Gate)),
        I::Kanal => fan::measure(shape, channels::start::<Kanal, _>(shape, Gate)),
        other => Err(format!("`{}` has no answer to fan", other.name()).into()),
    }
}
