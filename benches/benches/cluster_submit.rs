//! What the embedded cluster makes of a pipeline: two stages, each item stored behind each of them, with the disk asked
//! to keep it.
//!
//! `cargo bench -p antflow-benches --bench cluster_submit`

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use antflow::cluster::Cluster;
use antflow::{pipeline, stage};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;

const ITEMS: u64 = 5_000;

#[stage(workers = 8)]
async fn next(number: u64) -> u64 {
    number + 1
}

#[stage(workers = 8)]
async fn double(number: u64) -> u64 {
    number * 2
}

/// Takes all items through a cluster in a directory of its own.
async fn submit(directory: &Path) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let file = directory.join(format!("{number}.db"));
    let cluster = Cluster::embedded(file).await.expect("the disk has room");
    let results = cluster.submit(&pipeline!(next >> double), 0..ITEMS).await;
    let results = results.expect("nothing fails");
    assert_eq!(results.len() as u64, ITEMS);
}

fn submitted(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("threads can be started");
    let name = format!("cluster-submit-{}", std::process::id());
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let mut group = criterion.benchmark_group("cluster_submit");
    group.sample_size(10);
    // Two batches for each item.
    group.throughput(Throughput::Elements(ITEMS * 2));
    group.bench_function("two_stages", |bencher| {
        bencher.to_async(&runtime).iter(|| submit(&directory));
    });
    group.finish();
    // What is left is thrown away with the target directory.
    drop(std::fs::remove_dir_all(directory));
}

criterion_group!(benches, submitted);
criterion_main!(benches);
