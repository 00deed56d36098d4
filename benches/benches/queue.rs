//! What a queue costs: items fed through a handle into one stage.
//!
//! `cargo bench -p antflow-benches --bench queue`

use std::convert::Infallible;
use std::time::Duration;

use antflow::{IntoItem, Item, Pipeline, from_fn};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::{Builder, Runtime};

const ITEMS: u64 = 20_000;
/// How many priorities there are.
const PRIORITIES: u64 = 8;

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a machine that runs benchmarks can start two threads")
}

async fn feed<T: IntoItem<u64>>(workers: usize, capacity: usize, item: fn(u64) -> T) -> usize {
    let stage = from_fn("Hop", async |x: u64| Ok::<_, Infallible>(x + 1));
    let run = Pipeline::builder()
        .stage(stage.workers(workers).queue(capacity))
        .start()
        .expect("the pipeline is valid");
    run.feed((0..ITEMS).map(item))
        .await
        .expect("the run accepts items until it is joined");
    run.join().await.len()
}

fn queue(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("queue");
    group.throughput(Throughput::Elements(ITEMS));
    group.sample_size(20);
    group.measurement_time(Duration::from_secs(2));
    for workers in [1, 4] {
        for capacity in [40, 1024] {
            let shape = format!("{workers} workers, room for {capacity}");
            group.bench_function(BenchmarkId::new("plain", &shape), |bencher| {
                bencher
                    .to_async(&runtime)
                    .iter(|| feed(workers, capacity, |x| x));
            });
            group.bench_function(BenchmarkId::new("priorities", &shape), |bencher| {
                bencher.to_async(&runtime).iter(|| {
                    feed(workers, capacity, |x| {
                        Item::new(x).priority((x % PRIORITIES) as i32)
                    })
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, queue);
criterion_main!(benches);
