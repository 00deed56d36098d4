//! What a retry costs: items that fail once, beside items that do not.
//!
//! `cargo bench -p antflow-benches --bench retry`

use std::fmt;
use std::time::Duration;

use antflow::{Launch, Pipeline, TaskContext, pipeline, stage};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::{Builder, Runtime};

const ITEMS: u64 = 20_000;

/// What the first attempt of an odd item ends with.
#[derive(Debug)]
struct Odd;

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("odd items fail once")
    }
}

impl std::error::Error for Odd {}

#[stage(workers = 4)]
async fn once(x: u64) -> Result<u64, Odd> {
    Ok(x)
}

#[stage(workers = 4, retry = "per_task", attempts = 2, wait = "0s")]
async fn per_task(x: u64, context: &TaskContext) -> Result<u64, Odd> {
    even_or_again(x, context)
}

#[stage(workers = 4, retry = "per_stage", attempts = 2, wait = "0s")]
async fn per_stage(x: u64, context: &TaskContext) -> Result<u64, Odd> {
    even_or_again(x, context)
}

fn even_or_again(x: u64, context: &TaskContext) -> Result<u64, Odd> {
    if context.attempt() == 1 && !x.is_multiple_of(2) {
        Err(Odd)
    } else {
        Ok(x)
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a machine that runs benchmarks can start two threads")
}

/// Runs items of which all fail once, or none.
async fn run<C>(pipeline: Pipeline<C>, fail: bool) -> usize
where
    C: Launch<(), Input = u64, Output = u64>,
{
    let items = (0..ITEMS).map(move |x| 2 * x + u64::from(fail));
    let results = pipeline.run(items).await.expect("the pipeline is valid");
    assert!(results.iter().all(antflow::PipelineResult::is_success));
    results.len()
}

fn retry(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("retry");
    group.throughput(Throughput::Elements(ITEMS));
    group.sample_size(20);
    group.measurement_time(Duration::from_secs(2));
    group.bench_function("without retry", |bencher| {
        bencher
            .to_async(&runtime)
            .iter(|| run(pipeline!(once), false));
    });
    for (name, fail) in [("none fails", false), ("all fail once", true)] {
        group.bench_function(format!("per task, {name}"), |bencher| {
            bencher
                .to_async(&runtime)
                .iter(|| run(pipeline!(per_task), fail));
        });
        group.bench_function(format!("per stage, {name}"), |bencher| {
            bencher
                .to_async(&runtime)
                .iter(|| run(pipeline!(per_stage), fail));
        });
    }
    group.finish();
}

criterion_group!(benches, retry);
criterion_main!(benches);
