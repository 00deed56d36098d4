//! The stages as a pipeline of antflow.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use antflow::event::{Callbacks, Observer, StatusEvent, TaskEvent};
use antflow::{Handle, History, Launch, Pipeline, PipelineResult, StatusTracker, from_fn};

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

type Results = Vec<PipelineResult<u64>>;

/// All items from an iterator, all results at the end.
pub(crate) async fn run<L: Length, W: Work>(shape: Shape, work: W) -> Result<Results, Failure> {
    Ok(L::pipeline(shape, work).run(0..shape.items as u64).await?)
}

/// The same with an observer that counts all events.
pub(crate) async fn run_observed<L: Length, W: Work>(
    shape: Shape,
    work: W,
) -> Result<Results, Failure> {
    let counter = Arc::new(Counts::default());
    let pipeline = L::pipeline(shape, work).observe(Counter(Arc::clone(&counter)));
    let results = pipeline.run(0..shape.items as u64).await?;
    counter.check(shape)?;
    Ok(results)
}

/// The same with callbacks that count all events.
pub(crate) async fn run_called<L: Length, W: Work>(
    shape: Shape,
    work: W,
) -> Result<Results, Failure> {
    let counter = Arc::new(Counts::default());
    let (status, tasks) = (Arc::clone(&counter), Arc::clone(&counter));
    let callbacks = Callbacks::new()
        .on_status_change(move |_: StatusEvent| status.count_status())
        .on_task_event(move |_: TaskEvent| tasks.count_task());
    let pipeline = L::pipeline(shape, work).observe(callbacks);
    let results = pipeline.run(0..shape.items as u64).await?;
    counter.check(shape)?;
    Ok(results)
}

/// The same with a tracker that calls nobody.
pub(crate) async fn run_tracked<L: Length, W: Work>(
    shape: Shape,
    work: W,
    history: History,
) -> Result<Results, Failure> {
    let tracker = StatusTracker::new().with_history(history);
    let pipeline = L::pipeline(shape, work).observe(tracker.clone());
    let results = pipeline.run(0..shape.items as u64).await?;
    let completed = tracker.stats().completed;
    // The last item is kept in any case; queued, in progress, completed in each stage.
    let events = tracker.history(shape.items as u64 - 1).len();
    let expected = if history == History::Off {
        0
    } else {
        3 * shape.stages
    };
    let first = tracker.history(0).len();
    let first_is_there = (history == History::Full) == (first == 3 * shape.stages);
    if (completed, events) == (shape.items as u64, expected) && first_is_there {
        Ok(results)
    } else {
        Err(format!("the tracker has {completed} items, {first} and {events} events").into())
    }
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

#[derive(Debug, Default)]
struct Counts {
    status: AtomicU64,
    tasks: AtomicU64,
}

impl Counts {
    fn count_status(&self) {
        self.status.fetch_add(1, Ordering::Relaxed);
    }

    fn count_task(&self) {
        self.tasks.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether there was an event for each step: queued, in progress, completed; start and end.
    fn check(&self, shape: Shape) -> Result<(), Failure> {
        let hops = (shape.items * shape.stages) as u64;
        let (status, tasks) = (
            self.status.load(Ordering::Relaxed),
            self.tasks.load(Ordering::Relaxed),
        );
        if (status, tasks) == (3 * hops, 2 * hops) {
            Ok(())
        } else {
            Err(format!("{hops} hops made {status} status events and {tasks} task events").into())
        }
    }
}

struct Counter(Arc<Counts>);

impl Observer for Counter {
    fn on_status(&self, _: &StatusEvent) {
        self.0.count_status();
    }

    fn on_task(&self, _: &TaskEvent) {
        self.0.count_task();
    }
}
