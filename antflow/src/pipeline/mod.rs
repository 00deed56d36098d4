//! Pipelines: stages wired together, runs of them, and what comes out.

pub mod chain;
mod control;
mod error;
mod feed;
mod feeder;
mod from_fn;
mod graph;
mod handle;
mod registry;
#[cfg(feature = "cluster")]
mod replay;
mod run;
mod showing;
mod stage_handle;
mod stream;
#[cfg(feature = "tracing")]
mod traced;
mod validate;
mod watching;
mod wiring;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chain::Flow;
pub use chain::{Chain, FirstStage, Launch, NextStage};

pub use control::RunControl;
pub use error::{ConfigError, ControlError, FeedError, StartError, UnknownStage};
pub use feed::Feeding;
pub use feeder::Feeder;
pub use from_fn::{FnStage, FnTask, from_fn};
use futures_core::Stream;
pub use graph::{Graph, GraphStage, Setting};
pub use handle::Handle;
#[cfg(feature = "cluster")]
pub(crate) use replay::Replay;
pub use run::Run;
pub use stage_handle::StageHandle;
pub use stream::ResultStream;
#[cfg(feature = "cluster")]
pub(crate) use watching::Watching;
pub use wiring::agreed;

use crate::engine::Collect;
use crate::engine::outlet::Outlet;
use crate::engine::runtime::StageRuntime;
use crate::event::Observer;
use crate::item::{BoxError, IntoItem, PipelineResult};
use crate::stage::{Accepts, IntoStage, StageConfig, WorkerId};
use crate::trace::Trace;

/// Stages wired together, ready to run any number of times.
///
/// Made by [`pipeline!`](crate::pipeline!) or by [`Pipeline::builder`]. It holds no items: each [`run`](Self::run),
/// [`stream`](Self::stream) or [`start`](Self::start) makes queues, workers and counters of its own, so that runs share
/// nothing but the state.
///
/// ```
/// use antflow::{pipeline, stage};
///
/// #[stage(workers = 4)]
/// async fn parse(text: String) -> Result<u32, std::num::ParseIntError> {
///     text.parse()
/// }
///
/// #[stage]
/// async fn double(number: u32) -> u32 {
///     number * 2
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), antflow::StartError> {
/// let results = pipeline!(parse >> double).run(["1", "x", "3"].map(String::from)).await?;
/// assert_eq!(results[0].value.as_ref().ok(), Some(&2));
/// assert_eq!(results[1].error().map(|error| error.stage()), Some("Parse"));
/// assert_eq!(results[2].value.as_ref().ok(), Some(&6));
/// # Ok(())
/// # }
/// ```
#[must_use = "a pipeline does nothing until it is run"]
pub struct Pipeline<C, St = ()> {
    chain: C,
    state: Arc<St>,
    observers: Vec<Arc<dyn Observer>>,
    collect: Collect,
    trace: Trace,
}

/// A pipeline that has no stage yet.
#[derive(Debug, Clone, Copy)]
#[must_use = "a pipeline needs a stage"]
pub struct Builder(());

impl Builder {
    /// Makes `stage` the first one.
    pub fn stage<S: IntoStage>(self, stage: S) -> Pipeline<FirstStage<S::Stage>> {
        Pipeline {
            chain: FirstStage::new(stage.into_stage()),
            state: Arc::new(()),
            observers: Vec::new(),
            collect: Collect::All,
            trace: Trace::none(),
        }
    }
}

impl Pipeline<()> {
    /// Starts a pipeline without the macro.
    ///
    /// ```
    /// use antflow::{Pipeline, from_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antflow::StartError> {
    /// let etl = Pipeline::builder()
    ///     .stage(from_fn("Parse", async |text: &'static str| text.parse::<u32>()).workers(4))
    ///     .stage(from_fn("Double", async |number: u32| Ok::<_, std::convert::Infallible>(number * 2)));
    /// let results = etl.run(["1", "2"]).await?;
    /// assert_eq!(results[1].value.as_ref().ok(), Some(&4));
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> Builder {
        Builder(())
    }

    /// Applies one async function to all items, by ten workers, and returns the results in input order.
    ///
    /// # Errors
    /// [`StartError::NoRuntime`] outside of a Tokio runtime.
    ///
    /// # Cancel safety
    /// Dropped, it cancels what is not done.
    ///
    /// ```
    /// use antflow::Pipeline;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antflow::StartError> {
    /// let results = Pipeline::quick(["1", "2", "x"], async |text: &'static str| text.parse::<u32>()).await?;
    /// assert_eq!(results.iter().filter(|result| result.is_success()).count(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn quick<T, U, E, I, F, Fut>(
        items: I,
        f: F,
    ) -> Result<Vec<PipelineResult<U>>, StartError>
    where
        I: IntoIterator<Item: IntoItem<T>, IntoIter: Send + 'static>,
        T: Send + 'static,
        U: Send + 'static,
        E: Into<BoxError> + Send + 'static,
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<U, E>> + Send + 'static,
    {
        let stage = from_fn("Quick", f).workers(10);
        Self::builder().stage(stage).run(items).await
    }
}

impl<C: Chain, St: Send + Sync + 'static> Pipeline<C, St> {
    /// Gives the pipeline the state from which its stages take their [`State`](crate::State) parameters. It replaces
    /// the one before. All runs share it.
    pub fn with_state<T: Send + Sync + 'static>(self, state: T) -> Pipeline<C, T> {
        Pipeline {
            chain: self.chain,
            state: Arc::new(state),
            observers: self.observers,
            collect: self.collect,
            trace: self.trace,
        }
    }

    /// Adds an observer that gets the events of all runs started from now on.
    pub fn observe(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Sets which results a run keeps for whoever ends it: all by default. Where nobody asks for the values, dropping
    /// them lets a run go on for ever in the same memory. A [`stream`](Self::stream) gives all results in any case.
    ///
    /// ```
    /// use antflow::{Collect, pipeline, stage};
    ///
    /// #[stage]
    /// async fn parse(text: &'static str) -> Result<u32, std::num::ParseIntError> {
    ///     text.parse()
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antflow::StartError> {
    /// let failed = pipeline!(parse).collect(Collect::Failures).run(["1", "x", "3"]).await?;
    /// assert_eq!(failed.len(), 1);
    /// assert_eq!(failed[0].sequence_id, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn collect(mut self, collect: Collect) -> Self {
        self.collect = collect;
        self
    }

    /// The names of the workers of each stage, as every run will have them: `Fetch` with `Fetch-W0`, `Fetch-W1`, ..
    #[must_use]
    pub fn worker_names(&self) -> BTreeMap<String, Vec<String>> {
        let workers = |config: &StageConfig| {
            let name: Arc<str> = config.name.as_ref().into();
            (0..config.workers)
                .map(|index| WorkerId::new(Arc::clone(&name), index).to_string())
                .collect()
        };
        self.descriptions()
            .iter()
            .map(|stage| (stage.config.name.to_string(), workers(&stage.config)))
            .collect()
    }

    /// The names of the stages, in order.
    #[must_use]
    pub fn stage_names(&self) -> Vec<String> {
        self.descriptions()
            .iter()
            .map(|stage| stage.config.name.to_string())
            .collect()
    }

    /// Looks for all that cannot work. Every run does it before it starts.
    ///
    /// # Errors
    /// All mistakes together: zeros where none can be, two stages of one name, retry settings on a stage that does not
    /// retry.
    pub fn validate(&self) -> Result<(), ConfigError>
    where
        C: Launch<St>,
    {
        let mut tasks = Vec::new();
        self.chain.describe_tasks(&mut tasks);
        validate::validate(&self.descriptions(), &tasks)
    }

    /// What a run knows of each stage.
    fn stages(&self) -> Vec<Arc<StageRuntime>>
    where
        C: Launch<St>,
    {
        let mut tasks = Vec::new();
        self.chain.describe_tasks(&mut tasks);
        let stages = self.descriptions().into_iter().zip(tasks).enumerate();
        stages
            .map(|(index, (stage, tasks))| Arc::new(StageRuntime::new(index, stage.config, tasks)))
            .collect()
    }

    fn descriptions(&self) -> Vec<chain::Description> {
        let mut stages = Vec::new();
        self.chain.describe(&mut stages);
        stages
    }

    /// Runs all items through the stages: awaited, it gives one result for each item, in input order, failures in place.
    ///
    /// An item is taken from the iterator when a worker of the first stage has nothing else to do, so the iterator may be
    /// longer than memory; the results are kept. Results that are too many to keep come from [`stream`](Self::stream).
    ///
    /// # Errors
    /// The awaited run gives a [`StartError`] if nothing could be started: no Tokio runtime, or a configuration that
    /// cannot work. What happens to an item is in its result.
    ///
    /// # Panics
    /// The awaited run panics if the iterator does.
    ///
    /// # Cancel safety
    /// Dropped, the run is cut off: tasks are dropped at their next `.await`, and all items end cancelled.
    pub fn run<I>(&self, items: I) -> Run<C::Output>
    where
        C: Launch<St>,
        I: IntoIterator<Item: IntoItem<C::Input>, IntoIter: Send + 'static>,
    {
        Run::new(self.clone(), items.into_iter())
    }

    /// Feeds all items and gives the results as they come: in the order in which items end, or
    /// [`ordered`](ResultStream::ordered).
    ///
    /// Feeding goes on in a task of its own, also while the consumer is busy, as far ahead as
    /// [`window`](ResultStream::window) allows. Memory does not grow with the number of items.
    ///
    /// # Errors
    /// A [`StartError`] if nothing could be started.
    ///
    /// # Panics
    /// The stream panics at its end if the iterator did.
    ///
    /// ```
    /// use antflow::{pipeline, stage};
    ///
    /// #[stage(workers = 2)]
    /// async fn square(number: u64) -> u64 {
    ///     number * number
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antflow::StartError> {
    /// let mut results = pipeline!(square).stream(0..)?.ordered();
    /// while let Some(result) = results.next().await {
    ///     if result.sequence_id == 1000 {
    ///         assert_eq!(result.value.ok(), Some(1_000_000));
    ///         break;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream<I>(&self, items: I) -> Result<ResultStream<C::Output>, StartError>
    where
        C: Launch<St>,
        I: IntoIterator<Item: IntoItem<C::Input>, IntoIter: Send + 'static>,
    {
        self.stream_from(feed::iterate(items.into_iter()))
    }

    /// As [`stream`](Self::stream), fed by an async stream.
    ///
    /// # Errors
    /// A [`StartError`] if nothing could be started.
    pub fn stream_from<I>(&self, items: I) -> Result<ResultStream<C::Output>, StartError>
    where
        C: Launch<St>,
        I: Stream<Item: IntoItem<C::Input>> + Send + 'static,
    {
        ResultStream::start(self, items)
    }

    /// Starts the workers and returns the handle with which the run is fed and ended.
    ///
    /// # Errors
    /// A [`StartError`] if nothing could be started.
    ///
    /// ```
    /// use antflow::{Item, pipeline, stage};
    ///
    /// #[stage(workers = 2)]
    /// async fn shout(text: String) -> String {
    ///     text.to_uppercase()
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let run = pipeline!(shout).start()?;
    /// run.feed([String::from("ant")]).await?;
    /// run.feed([Item::new(String::from("flow")).id("second").priority(10)]).await?;
    /// let results = run.join().await;
    /// assert_eq!(results[1].id, "second");
    /// # Ok(())
    /// # }
    /// ```
    pub fn start(&self) -> Result<Handle<C::Input, C::Output>, StartError>
    where
        C: Launch<St>,
    {
        Handle::start(self, Outlet::collecting(self.collect))
    }

    /// As [`start`](Self::start), with results as they come, for a handle that alone feeds the run; tasks cannot.
    #[cfg(feature = "cluster")]
    pub(crate) fn start_sealed(&self) -> Result<Handle<C::Input, C::Output>, StartError>
    where
        C: Launch<St>,
    {
        Handle::start_sealed(self, Outlet::completing())
    }
}

/// What a cluster makes of a pipeline.
#[cfg(feature = "cluster")]
impl<C, St> Pipeline<C, St> {
    /// The stages and the state.
    pub(crate) fn parts(&self) -> (&C, &Arc<St>) {
        (&self.chain, &self.state)
    }

    /// Which results are kept.
    pub(crate) fn collects(&self) -> Collect {
        self.collect
    }
}

#[cfg(feature = "cluster")]
impl<S: crate::stage::Stage, St> Pipeline<FirstStage<S>, St> {
    /// A pipeline of one stage, with the state of another pipeline.
    pub(crate) fn of_one(stage: crate::stage::Configured<S>, state: Arc<St>) -> Self {
        Self {
            chain: FirstStage::new(stage),
            state,
            observers: Vec::new(),
            collect: Collect::All,
            trace: Trace::none(),
        }
    }
}

impl<C: Flow, St: Send + Sync + 'static> Pipeline<C, St> {
    /// Adds a stage at the end. What comes out of the pipeline so far is what the stage takes.
    pub fn stage<S>(self, stage: S) -> Pipeline<NextStage<C, S::Stage>, St>
    where
        S: IntoStage<Stage: Accepts<C::Next>>,
    {
        self.rewired(Vec::new(), |chain| {
            NextStage::new(chain, stage.into_stage())
        })
    }
}

impl<C: Clone, St> Clone for Pipeline<C, St> {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            state: Arc::clone(&self.state),
            observers: self.observers.clone(),
            collect: self.collect,
            trace: self.trace,
        }
    }
}

impl<C: Chain, St: Send + Sync + 'static> fmt::Debug for Pipeline<C, St> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("stages", &self.stage_names())
            .finish_non_exhaustive()
    }
}
