//! A task per item, and sleeps without anything around them.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::super::measure::Failure;
use super::super::work::Work;
use super::super::workload::Shape;
use super::slots::{Slots, join};

/// A `JoinSet` of one task per item; a semaphore per stage has as many permits as there would be workers.
pub(crate) async fn joinset<W: Work>(shape: Shape, work: W) -> Result<Vec<u64>, Failure> {
    let stages: Arc<[Semaphore]> = (0..shape.stages)
        .map(|_| Semaphore::new(shape.workers))
        .collect();
    // As many items as the queues and workers of the other implementations hold.
    let window = shape.stages * (shape.workers + shape.capacity);
    let mut tasks = JoinSet::new();
    let mut results = vec![0; shape.items];
    for (index, mut x) in (0..shape.items as u64).enumerate() {
        if tasks.len() >= window
            && let Some(done) = tasks.join_next().await
        {
            let (index, x): (usize, u64) = done?;
            results[index] = x;
        }
        let stages = Arc::clone(&stages);
        tasks.spawn(async move {
            for stage in &*stages {
                let _permit = stage.acquire().await;
                x = work.call(x).await;
            }
            (index, x)
        });
    }
    while let Some(done) = tasks.join_next().await {
        let (index, x) = done?;
        results[index] = x;
    }
    Ok(results)
}

/// As many tasks as there are workers, each with its share of the items: what the sleeps alone take.
pub(crate) async fn alone<W: Work>(shape: Shape, work: W) -> Result<Vec<u64>, Failure> {
    let results = Slots::new(shape.items);
    let count = shape.stages * shape.workers;
    let tasks = (0..count).map(|task| {
        let results = results.clone();
        tokio::spawn(async move {
            for index in (task..shape.items).step_by(count) {
                let mut x = index as u64;
                for _ in 0..shape.stages {
                    x = work.call(x).await;
                }
                results.put(index, x);
            }
        })
    });
    join(tasks.collect()).await?;
    Ok(results.take())
}
