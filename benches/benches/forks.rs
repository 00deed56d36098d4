//! What it costs to be more than a line: filters, parts, copies, routes and batches, beside a line of the same two stages.
//!
//! `cargo bench -p antflow-benches --bench forks`

use std::time::Duration;

use antflow::{Launch, Pipeline, Route, pipeline, stage};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::{Builder, Runtime};

const ITEMS: u64 = 20_000;

#[stage(workers = 2, queue = 128)]
async fn first(x: u64) -> u64 {
    x
}

#[stage(workers = 2, queue = 128)]
async fn second(x: u64) -> u64 {
    x
}

#[stage(workers = 2, queue = 128)]
async fn third(x: u64) -> u64 {
    x
}

#[stage(workers = 2, queue = 128)]
async fn many(batch: Vec<u64>) -> Vec<u64> {
    batch
}

/// Two ways, taken in turn.
#[derive(Route)]
enum Parity {
    Even(u64),
    Odd(u64),
}

#[stage(workers = 2, queue = 128)]
async fn parity(x: u64) -> Parity {
    if x.is_multiple_of(2) {
        Parity::Even(x)
    } else {
        Parity::Odd(x)
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a machine that runs benchmarks can start two threads")
}

/// Runs so many items, and drops their results.
async fn run<C: Launch<(), Input = u64>>(pipeline: Pipeline<C>, items: u64) -> usize {
    let results = pipeline.run(0..items).await;
    let results = results.expect("the pipeline is valid");
    assert!(results.iter().all(antflow::PipelineResult::is_success));
    results.len()
}

fn forks(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("forks");
    group.throughput(Throughput::Elements(ITEMS));
    group.sample_size(20);
    group.measurement_time(Duration::from_secs(2));
    macro_rules! measure {
        ($name:literal, $items:expr, $($pipeline:tt)+) => {
            group.bench_function($name, |bencher| {
                bencher.to_async(&runtime).iter(|| run($($pipeline)+, $items));
            });
        };
    }
    measure!("line", ITEMS, pipeline!(first >> second));
    measure!(
        "filter",
        ITEMS,
        pipeline!(first >> filter(|_| true) >> second)
    );
    measure!("tee", ITEMS, pipeline!(first >> (second & third)));
    measure!(
        "route",
        ITEMS,
        pipeline!(parity >> { Even => second, Odd => third })
    );
    measure!(
        "batch of 100",
        ITEMS,
        pipeline!(first >> batch(100, "1s") >> many)
    );
    // As many parts as the others have items.
    measure!(
        "100 parts of each",
        ITEMS / 100,
        pipeline!(first >> flat_map(|x| x..x + 100) >> second)
    );
    group.finish();
}

criterion_group!(benches, forks);
criterion_main!(benches);
