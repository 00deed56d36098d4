mod feeding;
mod showing;

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::Pipeline;
use super::chain::{Chain, Launch};
use super::control::RunControl;
use super::error::{StartError, UnknownStage};
use super::feeder::Feeder;
use super::registry::{Entry, Launching, Registry};
use super::stage_handle::StageHandle;
use crate::engine::core::Core;
use crate::engine::inlet::Inlet;
use crate::engine::outlet::Outlet;
use crate::engine::runtime::StageRuntime;
use crate::event::Observers;
use crate::item::PipelineResult;
use crate::stage::Stage;
use crate::stats::RunCounters;
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

/// What the stages of a run share, before there are any.
type Prepared<Out> = (Arc<Core<Out>>, Vec<Arc<StageRuntime>>);

/// Prepares a run of a pipeline that can work, and tells its observers.
pub(super) fn prepare<C, St>(
    pipeline: &Pipeline<C, St>,
    outlet: Outlet<C::Output>,
) -> Result<Prepared<C::Output>, StartError>
where
    C: Launch<St>,
    St: Send + Sync + 'static,
{
    tokio::runtime::Handle::try_current().map_err(|_| StartError::NoRuntime)?;
    pipeline.validate()?;
    let stages = pipeline.stages();
    let counters = stages.iter().map(|stage| Arc::clone(&stage.counters));
    let counters = counters.collect();
    let mut described = Vec::new();
    let ends = pipeline.chain.describe(&mut described);
    let behind = described.into_iter().map(|stage| stage.behind);
    let counters = Arc::new(RunCounters::new(counters, behind.collect(), &ends));
    let observers = Observers::begin(&pipeline.observers, Arc::clone(&counters));
    let trace = RunTrace::begin(pipeline.trace, &counters);
    let core = Core::new(counters, observers, trace, outlet, C::assemble);
    Ok((Arc::new(core), stages))
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
        Self::launch(pipeline, outlet, Launching::into_entries)
    }

    /// As [`start`](Self::start), where tasks cannot feed the run: what it gives is given to who fed it.
    #[cfg(feature = "cluster")]
    pub(super) fn start_sealed<C, St>(
        pipeline: &Pipeline<C, St>,
        outlet: Outlet<Out>,
    ) -> Result<Self, StartError>
    where
        C: Launch<St> + Chain<Input = In, Output = Out>,
        St: Send + Sync + 'static,
    {
        Self::launch(pipeline, outlet, |launching| {
            let mut entries = launching.into_entries();
            for entry in &mut entries {
                entry.no_way_in =
                    Some("its items are the batches of a node, which come from artifacts alone");
            }
            entries
        })
    }

    fn launch<C, St>(
        pipeline: &Pipeline<C, St>,
        outlet: Outlet<Out>,
        entries: impl FnOnce(Launching<St>) -> Vec<Entry>,
    ) -> Result<Self, StartError>
    where
        C: Launch<St> + Chain<Input = In, Output = Out>,
        St: Send + Sync + 'static,
    {
        let (core, stages) = prepare(pipeline, outlet)?;
        let mut head = None;
        let registry = Arc::new_cyclic(|registry| {
            let (state, registry) = (Arc::clone(&pipeline.state), Weak::clone(registry));
            let mut launching = Launching::new(state, registry, stages);
            head = Some(pipeline.chain.launch(Arc::clone(&core), &mut launching));
            Registry::new(Arc::clone(&core.shared), entries(launching))
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

    /// How many items were accepted.
    #[cfg(feature = "cluster")]
    pub(crate) fn submitted(&self) -> u64 {
        self.core.shared.submitted()
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
