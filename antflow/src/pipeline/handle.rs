use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use futures_core::Stream;

use super::Pipeline;
use super::chain::{Chain, Launch};
use super::control::RunControl;
use super::error::{FeedError, StartError, UnknownStage};
use super::feed::{feed, iterate};
use super::feeder::Feeder;
use super::registry::{Launching, Registry};
use super::stage_handle::StageHandle;
#[cfg(feature = "terminal")]
use crate::dashboard::UPDATE_EVERY;
#[cfg(feature = "terminal")]
use crate::dashboard::terminal::{Detail, TerminalDashboard};
use crate::dashboard::{Dashboard, Watcher};
use crate::engine::core::Core;
use crate::engine::inlet::Inlet;
use crate::engine::outlet::Outlet;
use crate::engine::sink::Exit;
use crate::engine::source::Items;
use crate::event::Observers;
use crate::item::{IntoItem, PipelineResult};
use crate::stage::Stage;
use crate::stats::{
    DashboardSnapshot, ErrorSummary, PipelineStats, RunCounters, RunView, WorkerMetrics,
    WorkerState,
};
use crate::trace::RunTrace;

/// A run that is going on: feed it, watch it, end it.
///
/// The results are kept until one of the methods that end the run returns them. Dropped before that, the run is cut off
/// and all items end cancelled.
#[must_use = "a run that is dropped is cut off"]
pub struct Handle<In, Out: Send + 'static> {
    pub(super) registry: Arc<Registry>,
    pub(super) core: Arc<Core<Out>>,
    head: Arc<dyn Inlet<In>>,
}

impl<In: Send + 'static, Out: Send + 'static> Handle<In, Out> {
    pub(super) fn start<C, St>(
        pipeline: &Pipeline<C, St>,
        outlet: Outlet<Out>,
    ) -> Result<Self, StartError>
    where
        C: Launch<St> + Chain<Input = In, Output = Out>,
        St: Send + Sync + 'static,
    {
        tokio::runtime::Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        pipeline.validate()?;
        let stages = pipeline.stages();
        let counters = stages.iter().map(|stage| Arc::clone(&stage.counters));
        let counters = Arc::new(RunCounters::new(counters.collect()));
        let observers = Observers::begin(&pipeline.observers, Arc::clone(&counters));
        let trace = RunTrace::begin(pipeline.trace, &counters);
        let core = Arc::new(Core::new(counters, observers, trace, outlet));
        let mut head = None;
        let registry = Arc::new_cyclic(|registry| {
            let (state, registry) = (Arc::clone(&pipeline.state), Weak::clone(registry));
            let mut launching = Launching::new(state, registry, stages);
            head = Some(
                pipeline
                    .chain
                    .launch(Exit(Arc::clone(&core)), &mut launching),
            );
            Registry {
                shared: Arc::clone(&core.shared),
                entries: launching.into_entries(),
                watchers: Mutex::default(),
            }
        });
        let looked_after = Arc::downgrade(&registry);
        core.shared
            .watchdog
            .start(move |look| looked_after.upgrade().is_some_and(|run| run.rescue(look)));
        Ok(Self {
            registry,
            core,
            head: head.expect("`new_cyclic` has called the closure"),
        })
    }

    /// Feeds items to the first stage, waiting while its queue is full, and returns how many were accepted.
    ///
    /// From inside a task of this run it does not wait for room in the queue of the task's own stage or an earlier one.
    ///
    /// # Errors
    /// [`FeedError::Closed`] once the run is being ended; what was not accepted was not taken from the iterator.
    ///
    /// # Cancel safety
    /// Dropped, it has fed some of the items. The rest was not taken from the iterator.
    pub async fn feed<I>(&self, items: I) -> Result<usize, FeedError>
    where
        I: IntoIterator<Item: IntoItem<In>>,
    {
        self.feed_stream(iterate(items.into_iter())).await
    }

    /// Feeds what an async stream gives; see [`feed`](Self::feed).
    ///
    /// # Errors
    /// As [`feed`](Self::feed).
    ///
    /// # Cancel safety
    /// As [`feed`](Self::feed).
    pub async fn feed_stream<I>(&self, items: I) -> Result<usize, FeedError>
    where
        I: Stream<Item: IntoItem<In>>,
    {
        feed(&self.core.shared, &*self.head, items).await
    }

    /// Feeds items to the first stage of type `S`, past all stages before it: to resume work that was done in part.
    ///
    /// # Errors
    /// As [`feed`](Self::feed); [`FeedError::UnknownStage`] if the pipeline has no stage `S`.
    ///
    /// # Cancel safety
    /// As [`feed`](Self::feed).
    pub async fn feed_at<S: Stage>(
        &self,
        items: impl IntoIterator<Item: IntoItem<S::Input>>,
    ) -> Result<usize, FeedError> {
        self.registry
            .feed_at::<S, _>(iterate(items.into_iter()))
            .await
    }

    /// Feeds what an async stream gives to the first stage of type `S`; see [`feed_at`](Self::feed_at).
    ///
    /// # Errors
    /// As [`feed_at`](Self::feed_at).
    ///
    /// # Cancel safety
    /// As [`feed`](Self::feed).
    pub async fn feed_stream_at<S: Stage>(
        &self,
        items: impl Stream<Item: IntoItem<S::Input>>,
    ) -> Result<usize, FeedError> {
        self.registry.feed_at::<S, _>(items).await
    }

    /// Lets the workers of the first stage take items from here whenever nothing is queued for them.
    ///
    /// The run does not end before the source does.
    pub(super) fn feed_lazily<I>(&self, items: I)
    where
        I: Iterator<Item: IntoItem<In>> + Send + 'static,
    {
        let shared = &self.core.shared;
        // The source counts as an item until it ends; refused only if the run was shut down.
        if shared.accounting.accept(1) {
            self.head.attach(Box::new(Items::new(items)));
        }
    }

    /// Waits for the next result, in the order in which the items were fed, and takes it.
    ///
    /// None once the run was ended and all results were taken. What is taken here is not among the results that the
    /// methods return which end the run.
    ///
    /// # Cancel safety
    /// Dropped, it has taken nothing.
    ///
    /// ```
    /// use antflow::{pipeline, stage};
    ///
    /// #[stage]
    /// async fn double(x: u32) -> u32 {
    ///     x * 2
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let run = pipeline!(double).start()?;
    /// run.feed([1, 2]).await?;
    /// let first = run.next_result().await.expect("an item is on its way");
    /// assert_eq!(first.value?, 2);
    /// assert_eq!(run.join().await.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn next_result(&self) -> Option<PipelineResult<Out>> {
        poll_fn(|cx| self.core.outlet.poll_next(cx)).await
    }

    /// The first stage of type `S`, to change how it works while it does.
    ///
    /// # Errors
    /// [`UnknownStage`] if the pipeline has no stage `S`.
    pub fn stage<S: Stage>(&self) -> Result<StageHandle, UnknownStage> {
        self.registry.stage::<S>()
    }

    /// The stage of this name, to change how it works while it does.
    ///
    /// # Errors
    /// [`UnknownStage`] if the pipeline has no stage of this name.
    pub fn stage_named(&self, name: &str) -> Result<StageHandle, UnknownStage> {
        self.registry.stage_named(name)
    }

    /// Pauses all stages; see [`StageHandle::pause`].
    pub fn pause(&self) {
        self.registry.pause(true);
    }

    /// Lets all stages go on.
    pub fn resume(&self) {
        self.registry.pause(false);
    }

    /// A handle for feeding alone, to be cloned and passed around. It does not keep the run going.
    pub fn feeder(&self) -> Feeder<In> {
        Feeder {
            registry: Arc::downgrade(&self.registry),
            head: Arc::downgrade(&self.head),
        }
    }

    /// A handle for steering alone, to be cloned and passed around. It does not keep the run going.
    #[must_use]
    pub fn control(&self) -> RunControl {
        RunControl::new(&self.registry)
    }

    /// What has happened so far, as a snapshot.
    #[must_use]
    pub fn stats(&self) -> PipelineStats {
        self.view().stats()
    }

    /// What each worker is at, as a snapshot, in the order of stages and workers.
    #[must_use]
    pub fn worker_states(&self) -> Vec<WorkerState> {
        self.view().worker_states()
    }

    /// What each worker has done, as a snapshot, in the order of stages and workers.
    #[must_use]
    pub fn worker_metrics(&self) -> Vec<WorkerMetrics> {
        self.view().worker_metrics()
    }

    /// How many items failed, and of what. Of the failed items it has the last 32.
    #[must_use]
    pub fn error_summary(&self) -> ErrorSummary {
        self.view().error_summary()
    }

    /// All that a dashboard shows, as a snapshot.
    #[must_use]
    pub fn snapshot(&self) -> DashboardSnapshot {
        self.view().snapshot()
    }

    /// Shows the run on a dashboard, which is updated in this interval: 0.1 to 1 second is what people like to see.
    /// The methods that end the run wait until it has shown the end.
    pub fn custom_dashboard(&self, dashboard: impl Dashboard, update_every: Duration) {
        self.show(Box::new(dashboard), None, update_every);
    }

    pub(super) fn show(
        &self,
        dashboard: Box<dyn Dashboard>,
        total_items: Option<u64>,
        update_every: Duration,
    ) {
        let runtime = self.core.shared.runtime();
        let watcher = Watcher::start(runtime, self.view(), dashboard, total_items, update_every);
        self.registry.watchers().push(watcher);
    }

    /// Shows in the terminal how far the run has come, in one line; see [`terminal`](crate::terminal).
    #[cfg(feature = "terminal")]
    pub fn progress(&self) {
        let total = self.view().total_items();
        self.show_in_terminal(TerminalDashboard::progress(), total, UPDATE_EVERY);
    }

    /// Shows the run in the terminal, in this detail; see [`terminal`](crate::terminal). The methods that end the run wait
    /// until it has shown the end.
    ///
    /// ```
    /// use antflow::{Detail, pipeline, stage};
    ///
    /// #[stage]
    /// async fn double(x: u32) -> u32 {
    ///     x * 2
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let run = pipeline!(double).start()?;
    /// run.dashboard(Detail::Full);
    /// run.feed(0..10).await?;
    /// assert_eq!(run.join().await.len(), 10);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "terminal")]
    pub fn dashboard(&self, detail: Detail) {
        let total = self.view().total_items();
        self.show_in_terminal(TerminalDashboard::new(detail), total, UPDATE_EVERY);
    }

    /// As [`show`](Self::show), with keys that pause the run.
    #[cfg(feature = "terminal")]
    pub(super) fn show_in_terminal(
        &self,
        dashboard: TerminalDashboard,
        total_items: Option<u64>,
        update_every: Duration,
    ) {
        let registry = Arc::downgrade(&self.registry);
        let steer = move |is_paused| {
            if let Some(registry) = registry.upgrade() {
                registry.pause(is_paused);
            }
        };
        let dashboard = Box::new(dashboard.with_steering(steer));
        self.show(dashboard, total_items, update_every);
    }

    /// The run, for those who watch it.
    #[must_use]
    pub fn view(&self) -> RunView {
        RunView::new(Arc::clone(&self.core.shared.run))
    }

    /// The names of the workers of each stage.
    #[must_use]
    pub fn worker_names(&self) -> std::collections::BTreeMap<String, Vec<String>> {
        self.view().worker_names()
    }

    /// Accepts nothing more, waits until every item has its outcome, and returns the results in input order.
    ///
    /// Items that tasks of the run feed in the meantime are waited for too. Of several calls that end a run, the first
    /// to finish returns the results, the others nothing.
    ///
    /// # Cancel safety
    /// Dropped, the run is closed to feeding and goes on; another call can end it.
    pub async fn join(&self) -> Vec<PipelineResult<Out>> {
        self.finish().await;
        self.core.outlet.take()
    }

    /// Ends the run when its items have ended, and leaves the results where they are.
    pub(super) async fn finish(&self) {
        self.core.shared.close();
        self.registry.ended().await;
        self.core.outlet.finish();
    }

    /// Cuts the run off, and leaves the results where they are.
    pub(super) async fn cut_off(&self) {
        self.registry.abort();
        self.core.shared.tasks_ended().await;
        self.finish().await;
    }

    /// As [`join`](Self::join), for as long as `deadline`; then as [`shutdown`](Self::shutdown).
    ///
    /// # Cancel safety
    /// As [`join`](Self::join).
    pub async fn drain(&self, deadline: Duration) -> Vec<PipelineResult<Out>> {
        match tokio::time::timeout(deadline, self.join()).await {
            Ok(results) => results,
            Err(_) => self.shutdown().await,
        }
    }

    /// Cuts the run off, and returns all results in input order: what was not done ends cancelled.
    ///
    /// Tasks are dropped at their next `.await`, so it takes as long as the longest stretch of work between two of
    /// them; and as long as callbacks take for the events that wait for them. Calling it again does no harm.
    ///
    /// # Cancel safety
    /// Dropped, the run is cut off all the same; another call returns the results.
    pub async fn shutdown(&self) -> Vec<PipelineResult<Out>> {
        self.cut_off().await;
        self.core.outlet.take()
    }
}

impl<In, Out: Send + 'static> Drop for Handle<In, Out> {
    fn drop(&mut self) {
        self.registry.abort();
        // A stream may still wait for results, whose driver was dropped with its runtime.
        self.core.outlet.finish();
    }
}

impl<In, Out: Send + 'static> fmt::Debug for Handle<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("run", &self.registry)
            .finish_non_exhaustive()
    }
}
