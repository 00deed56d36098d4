//! What it takes to show a run of 10,000 workers: the full view in a terminal of 160 columns and 50 rows, and the page.
//!
//! `cargo bench -p antflow-benches --bench dashboards`

use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use antflow::dashboard::web::{Server, WebDashboard};
use antflow::terminal::Offscreen;
use antflow::{Handle, Pipeline, from_fn};
use antflow_tests::Request;
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::runtime::{Builder, Runtime};

const WORKERS: usize = 10_000;

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a machine that runs benchmarks can start two threads")
}

/// A run in which each worker has an item in hand.
async fn started() -> Handle<u64, u64> {
    let hold = from_fn("Hold", async |_: u64| {
        pending::<Result<u64, Infallible>>().await
    });
    let pipeline = Pipeline::builder().stage(hold.workers(WORKERS));
    let run = pipeline.start().expect("it is started in a runtime");
    run.feed(0..WORKERS as u64).await.expect("it is not closed");
    while run.stats().stage_stats[0].in_progress_items < WORKERS {
        tokio::task::yield_now().await;
    }
    run
}

/// A page that is updated at each request, as one takes longer than the interval.
async fn page(run: &Handle<u64, u64>) -> Server {
    let dashboard = WebDashboard::new(run.view()).update_every(Duration::from_millis(1));
    let server = dashboard.serve(0).await;
    server.expect("there is a port that is free")
}

async fn update(addr: SocketAddr) -> usize {
    let answer = Request::get(addr, "/api/snapshot").send().await;
    answer.expect("the page is served").body.len()
}

fn dashboards(c: &mut Criterion) {
    let runtime = runtime();
    let run = runtime.block_on(started());
    let server = runtime.block_on(page(&run));
    let addr = server.local_addr();
    let mut group = c.benchmark_group("10,000 workers");
    group.bench_function("snapshot", |b| b.iter(|| run.snapshot()));
    let mut screen = Offscreen::new(160, 50);
    let snapshot = run.snapshot();
    group.bench_function("frame of the full view", |b| {
        b.iter(|| screen.draw(&snapshot));
    });
    group.bench_function("update of the page, over HTTP", |b| {
        b.to_async(&runtime).iter(|| update(addr));
    });
    group.finish();
    let bytes = runtime.block_on(update(addr));
    println!("an update of the page has {bytes} bytes");
    runtime.block_on(server.shutdown());
    runtime.block_on(run.shutdown());
}

criterion_group!(benches, dashboards);
criterion_main!(benches);
