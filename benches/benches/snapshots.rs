//! What it costs to look at a run: 3 stages of 100 workers, and a tracker that has all events of 1,000,000 items.
//!
//! `cargo bench -p antflow-benches --bench snapshots`

use std::convert::Infallible;

use antflow::{Collect, Handle, Pipeline, StatusTracker, from_fn};
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::runtime::{Builder, Runtime};

const ITEMS: u64 = 1_000_000;

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a machine that runs benchmarks can start two threads")
}

/// A run that goes on: the items have ended, and each worker of the last stage has one more in hand.
async fn started(tracker: &StatusTracker) -> Handle<u64, u64> {
    let hop = |name| from_fn(name, async |x: u64| Ok::<_, Infallible>(x + 1)).workers(100);
    let wait = |x: u64| async move {
        if x >= ITEMS {
            std::future::pending::<()>().await;
        }
        Ok::<_, Infallible>(x)
    };
    let pipeline = Pipeline::builder()
        .stage(hop("A"))
        .stage(hop("B"))
        .stage(from_fn("C", wait).workers(100))
        .collect(Collect::Nothing)
        .observe(tracker.clone());
    let run = pipeline.start().expect("it is started in a runtime");
    let items = 0..ITEMS + 100;
    run.feed(items).await.expect("it is not closed");
    while run.stats().stage_stats[2].in_progress_items < 100 {
        tokio::task::yield_now().await;
    }
    run
}

fn snapshots(c: &mut Criterion) {
    let runtime = runtime();
    let tracker = StatusTracker::new();
    let run = runtime.block_on(started(&tracker));
    let mut group = c.benchmark_group("snapshots");
    group.bench_function("dashboard snapshot", |b| b.iter(|| run.snapshot()));
    group.bench_function("stats of the run", |b| b.iter(|| run.stats()));
    group.bench_function("stats of the tracker", |b| b.iter(|| tracker.stats()));
    group.bench_function("error summary", |b| b.iter(|| tracker.error_summary()));
    group.bench_function("status of an item", |b| {
        b.iter(|| tracker.status(ITEMS / 2));
    });
    group.bench_function("history of an item", |b| {
        b.iter(|| tracker.history(ITEMS / 2));
    });
    group.finish();
    runtime.block_on(run.shutdown());
}

criterion_group!(benches, snapshots);
criterion_main!(benches);
