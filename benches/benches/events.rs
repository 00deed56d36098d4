//! What observers cost: none, one that counts, and callbacks.
//!
//! `cargo bench -p antflow-benches --bench events`

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use antflow::event::{Callbacks, Observer, Status, StatusEvent, TaskEvent};
use antflow::{Launch, Pipeline, from_fn};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::{Builder, Runtime};

const ITEMS: u64 = 5_000;

#[derive(Default)]
struct CountStatus(AtomicU64);

impl Observer for CountStatus {
    fn on_status(&self, _: &StatusEvent) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn wants_tasks(&self) -> bool {
        false
    }
}

#[derive(Default)]
struct CountTasks(AtomicU64);

impl Observer for CountTasks {
    fn on_task(&self, _: &TaskEvent) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn wants_status(&self, _: Status) -> bool {
        false
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a machine that runs benchmarks can start two threads")
}

fn stages() -> Pipeline<impl Launch<(), Input = u64, Output = u64>> {
    let hop = |name| from_fn(name, async |x: u64| Ok::<_, Infallible>(x + 1)).workers(4);
    Pipeline::builder()
        .stage(hop("A"))
        .stage(hop("B"))
        .stage(hop("C"))
}

async fn run<C>(pipeline: Pipeline<C>) -> usize
where
    C: Launch<(), Input = u64, Output = u64>,
{
    let results = pipeline.run(0..ITEMS).await;
    results.expect("the pipeline is valid").len()
}

fn events(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("events");
    group.throughput(Throughput::Elements(ITEMS));
    group.sample_size(20);
    group.measurement_time(Duration::from_secs(2));
    group.bench_function("no observer", |bencher| {
        bencher.to_async(&runtime).iter(|| run(stages()));
    });
    group.bench_function("count status", |bencher| {
        bencher
            .to_async(&runtime)
            .iter(|| run(stages().observe(CountStatus::default())));
    });
    group.bench_function("count tasks", |bencher| {
        bencher
            .to_async(&runtime)
            .iter(|| run(stages().observe(CountTasks::default())));
    });
    group.bench_function("callbacks", |bencher| {
        bencher.to_async(&runtime).iter(|| {
            let callbacks = Callbacks::new()
                .on_status_change(|event: StatusEvent| {
                    std::hint::black_box(event);
                })
                .on_task_event(|event: TaskEvent| {
                    std::hint::black_box(event);
                });
            run(stages().observe(callbacks))
        });
    });
    group.finish();
}

criterion_group!(benches, events);
criterion_main!(benches);
