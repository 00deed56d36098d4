//! The stages as a pipeline of antflow.

use std::convert::Infallible;

use antflow::{Handle, Launch, Pipeline, PipelineResult, StatusTracker, from_fn};

use super::check::Sum;
use super::fan::Waiting;
use super::latency::RoundTrip;
use super::measure::Failure;
use super::work::Work;
use super::workload::Shape;

/// How many stages a pipeline has, which is part of its type.
pub(crate) trait Length: Send + 'static {
    fn pipeline<W: Work>(
        shape: Shape,
        work: W,
    ) -> Pipeline<impl Launch<(), Input = u64, Output = u64>>;
}

macro_rules! length {
    ($length:ident: $($name:literal)+) => {
        #[derive(Debug)]
        pub(crate) enum $length {}

        impl Length for $length {
            fn pipeline<W: Work>(
                shape: Shape,
                work: W,
            ) -> Pipeline<impl Launch<(), Input = u64, Output = u64>> {
                Pipeline::builder()$(.stage(
                    from_fn($name, move |x: u64| async move {
                        Ok::<_, Infallible>(work.call(x).await)
                    })
                    .workers(shape.workers)
                    .queue(shape.capacity),
                ))+
            }
        }
    };
}

length!(One: "A");
length!(Three: "A" "B" "C");
length!(Eight: "A" "B" "C" "D" "E" "F" "G" "H");

pub(crate) type Results = Vec<PipelineResult<u64>>;

/// All items from an iterator, all results at the end.
pub(crate) async fn run<L: Length, W: Work>(shape: Shape, work: W) -> Result<Results, Failure> {
    Ok(L::pipeline(shape, work).run(0..shape.items as u64).await?)
}

/// Results as they come, none of which is kept.
pub(crate) async fn run_stream<L: Length, W: Work>(
    shape: Shape,
    work: W,
    tracker: Option<StatusTracker>,
) -> Result<Sum, Failure> {
    let mut pipeline = L::pipeline(shape, work);
    if let Some(tracker) = tracker {
        pipeline = pipeline.observe(tracker);
    }
    let mut results = pipeline.stream(0..shape.items as u64)?;
    let mut sum = Sum::default();
    while let Some(result) = results.next().await {
        sum.add(result.value?);
    }
    Ok(sum)
}

/// Through the handle of a run that goes on.
pub(crate) async fn run_fed<L: Length, W: Work>(shape: Shape, work: W) -> Result<Results, Failure> {
    let run = L::pipeline(shape, work).start()?;
    run.feed(0..shape.items as u64).await?;
    Ok(run.join().await)
}

/// Starts a run that is fed later.
pub(crate) async fn start<L: Length, W: Work>(shape: Shape, work: W) -> Result<Started, Failure> {
    Ok(Started(L::pipeline(shape, work).start()?))
}

/// A run that goes on.
#[derive(Debug)]
pub(crate) struct Started(Handle<u64, u64>);

impl RoundTrip for Started {
    async fn trip(&mut self, x: u64) -> Result<u64, Failure> {
        self.0.feed([x]).await?;
        let result = self.0.next_result().await.ok_or("the run has ended")?;
        Ok(result.value?)
    }
}

impl Waiting for Started {
    async fn finish(self, items: usize) -> Result<Vec<u64>, Failure> {
        self.0.feed(0..items as u64).await?;
        let results = self.0.join().await;
        results
            .into_iter()
            .map(|result| Ok(result.value?))
            .collect()
    }
}
