//! What input order costs: between stages, and at the end of a stream.
//!
//! `cargo bench -p antflow-benches --bench reorder`

use std::convert::Infallible;
use std::time::Duration;

use antflow::{Pipeline, from_fn};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::{Builder, Runtime};

const ITEMS: u64 = 20_000;

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a machine that runs benchmarks can start two threads")
}

/// Every eighth item is overtaken by some of those behind it.
async fn shuffle(x: u64) -> Result<u64, Infallible> {
    if x.is_multiple_of(8) {
        tokio::task::yield_now().await;
    }
    Ok(x)
}

async fn through(ordered: bool) -> usize {
    let first = from_fn("Shuffle", shuffle).workers(4);
    let second = from_fn("Hop", async |x: u64| Ok::<_, Infallible>(x + 1)).workers(4);
    let first = if ordered { first.ordered() } else { first };
    let pipeline = Pipeline::builder().stage(first).stage(second);
    let results = pipeline.run(0..ITEMS).await;
    results.expect("the pipeline is valid").len()
}

async fn stream(ordered: bool) -> usize {
    let pipeline = Pipeline::builder().stage(from_fn("Shuffle", shuffle).workers(4));
    let mut results = pipeline.stream(0..ITEMS).expect("the pipeline is valid");
    if ordered {
        results = results.ordered();
    }
    let mut count = 0;
    while results.next().await.is_some() {
        count += 1;
    }
    count
}

fn reorder(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("reorder");
    group.throughput(Throughput::Elements(ITEMS));
    group.sample_size(20);
    group.measurement_time(Duration::from_secs(2));
    for (name, ordered) in [("as they end", false), ("ordered", true)] {
        group.bench_function(format!("stage, {name}"), |bencher| {
            bencher.to_async(&runtime).iter(|| through(ordered));
        });
        group.bench_function(format!("stream, {name}"), |bencher| {
            bencher.to_async(&runtime).iter(|| stream(ordered));
        });
    }
    group.finish();
}

criterion_group!(benches, reorder);
criterion_main!(benches);
