//! A worker of `apalis` per stage, over its backend in memory.
//!
//! The worker spawns a task per job, as many at a time as there would be workers. The backend's own sink panics when
//! several tasks push at once, so jobs go in through the channel below it. That channel has no bound, so the feeder
//! holds back as it does for the actors.

use std::sync::Arc;

use apalis::layers::WorkerBuilderExt;
use apalis_core::backend::memory::{MemorySink, MemoryStorage, MemoryStorageError};
use apalis_core::task::Task;
use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::ext::parallelize::ParallelizeExt;
use futures::channel::mpsc::{self, UnboundedSender};
use futures::{Sink, SinkExt, StreamExt};
use tokio::sync::Semaphore;

use super::super::measure::Failure;
use super::super::work::Work;
use super::super::workload::Shape;
use super::channels::Job;
use super::slots::Slots;

type Jobs = UnboundedSender<Task<Job>>;

pub(crate) async fn run<W: Work>(shape: Shape, work: W) -> Result<Vec<u64>, Failure> {
    let window = shape.stages * (shape.workers + shape.capacity);
    let permits = Arc::new(Semaphore::new(window));
    let results = Slots::new(shape.items);
    let mut down: Option<Jobs> = None;
    let mut workers = Vec::with_capacity(shape.stages);
    for stage in 0..shape.stages {
        let (jobs, storage) = storage();
        let target = (down.replace(jobs), results.clone(), Arc::clone(&permits));
        let worker = WorkerBuilder::new(format!("stage-{stage}"))
            .backend(storage)
            .concurrency(shape.workers)
            .parallelize(tokio::spawn)
            .build(move |(index, x): Job| {
                let (down, results, permits) = target.clone();
                async move {
                    let x = work.call(x).await;
                    match down {
                        // The worker behind it ends only when all is done.
                        Some(down) => {
                            let _ = down.unbounded_send(Task::new((index, x)));
                        }
                        None => {
                            results.put(index, x);
                            permits.add_permits(1);
                        }
                    }
                }
            });
        workers.push(tokio::spawn(worker.run()));
    }
    let first = down.ok_or("there is no stage")?;
    for (index, x) in (0..shape.items as u64).enumerate() {
        permits.acquire().await?.forget();
        first.unbounded_send(Task::new((index, x)))?;
    }
    let _all_done = permits.acquire_many(window as u32).await?;
    for worker in workers {
        worker.abort();
    }
    Ok(results.take())
}

/// A backend in memory, and the channel that it reads.
fn storage() -> (Jobs, MemoryStorage<Job>) {
    let (jobs, receiver) = mpsc::unbounded();
    let sink = jobs.clone().sink_map_err(MemoryStorageError::from);
    let sink: Box<dyn Sink<Task<Job>, Error = MemoryStorageError> + Send + Sync + Unpin> =
        Box::new(sink);
    let sink = MemorySink::new(Arc::new(futures::lock::Mutex::new(sink)));
    (jobs, MemoryStorage::new_with(sink, receiver.boxed()))
}
