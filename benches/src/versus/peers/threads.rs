//! Without tasks: the limits of what two threads, or one task, can do.

use rayon::ThreadPool;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::super::measure::{Count, Failure, Taken, on_threads};
use super::super::work::Work;
use super::super::workload::Shape;

const THREADS: usize = 2;

/// One task that awaits one stage after the other.
pub(crate) async fn sequential<W: Work>(shape: Shape, work: W) -> Result<Vec<u64>, Failure> {
    let mut results = Vec::with_capacity(shape.items);
    for mut x in 0..shape.items as u64 {
        for _ in 0..shape.stages {
            x = work.call(x).await;
        }
        results.push(x);
    }
    Ok(results)
}

/// Half of the items for each of two threads.
pub(crate) fn chunked<W: Work>(
    shape: Shape,
    count: Option<Count>,
    work: W,
) -> Result<Taken, Failure> {
    on_threads(shape, count, || {
        let mut results = vec![0; shape.items];
        let chunk = shape.items.div_ceil(THREADS).max(1);
        std::thread::scope(|threads| {
            for (first, part) in results.chunks_mut(chunk).enumerate() {
                threads.spawn(move || {
                    for (offset, result) in part.iter_mut().enumerate() {
                        *result = stages(shape, work, (first * chunk + offset) as u64);
                    }
                });
            }
        });
        results
    })
}

/// A parallel iterator on two threads.
pub(crate) fn rayon<W: Work>(
    shape: Shape,
    count: Option<Count>,
    work: W,
) -> Result<Taken, Failure> {
    let pool: ThreadPool = rayon::ThreadPoolBuilder::new()
        .num_threads(THREADS)
        .build()?;
    // The threads are there before the clock starts, as a runtime's are.
    pool.broadcast(|_| ());
    on_threads(shape, count, || {
        pool.install(|| {
            let mut results = Vec::new();
            (0..shape.items)
                .into_par_iter()
                .map(|x| stages(shape, work, x as u64))
                .collect_into_vec(&mut results);
            results
        })
    })
}

fn stages<W: Work>(shape: Shape, work: W, x: u64) -> u64 {
    (0..shape.stages).fold(x, |x, _| work.compute(x))
}
