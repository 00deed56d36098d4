//! The combinators of `futures`, one per stage.

use futures::stream::{self, BoxStream, StreamExt};

use super::super::measure::Failure;
use super::super::work::Work;
use super::super::workload::Shape;

/// `buffered`: all futures are polled by one task.
pub(crate) async fn buffered<W: Work>(shape: Shape, work: W) -> Result<Vec<u64>, Failure> {
    let mut items: BoxStream<'static, u64> = stream::iter(0..shape.items as u64).boxed();
    for _ in 0..shape.stages {
        items = items
            .map(move |x| work.call(x))
            .buffered(shape.workers)
            .boxed();
    }
    Ok(items.collect().await)
}

/// `buffered` over spawned tasks, which run in parallel.
pub(crate) async fn buffered_spawn<W: Work>(shape: Shape, work: W) -> Result<Vec<u64>, Failure> {
    let mut items: BoxStream<'static, u64> = stream::iter(0..shape.items as u64).boxed();
    for _ in 0..shape.stages {
        items = items
            .map(move |x| tokio::spawn(work.call(x)))
            .buffered(shape.workers)
            .map(|x| x.expect("no stage panics"))
            .boxed();
    }
    Ok(items.collect().await)
}

/// `buffer_unordered` over spawned tasks. The results are put in order at the end.
pub(crate) async fn buffer_unordered<W: Work>(shape: Shape, work: W) -> Result<Vec<u64>, Failure> {
    let mut items: BoxStream<'static, (usize, u64)> =
        stream::iter((0..shape.items as u64).enumerate()).boxed();
    for _ in 0..shape.stages {
        items = items
            .map(move |(index, x)| tokio::spawn(async move { (index, work.call(x).await) }))
            .buffer_unordered(shape.workers)
            .map(|x| x.expect("no stage panics"))
            .boxed();
    }
    let mut results = vec![0; shape.items];
    while let Some((index, x)) = items.next().await {
        results[index] = x;
    }
    Ok(results)
}
