use std::fmt;
use std::sync::Arc;

use super::{Chain, Description, Flow, Launch, LaunchInto, launch_into_the_end};
use crate::engine::core::Core;
use crate::engine::inlet::Inlet;
use crate::engine::sink::{Between, Divide, FilterSink, FlatMapSink, Keep, Sink};
use crate::item::{Filtered, Shape, Spread, Yield};
use crate::pipeline::registry::Launching;
use crate::stage::TaskConfig;

/// A chain at whose end some items are let go. Made by [`Pipeline::filter`](crate::Pipeline::filter).
pub struct Filter<C: Flow> {
    chain: C,
    keep: Keep<C::Next>,
}

/// A chain at whose end items are divided into any number of parts. Made by
/// [`Pipeline::flat_map`](crate::Pipeline::flat_map).
pub struct FlatMap<C: Flow, U> {
    chain: C,
    divide: Divide<C::Next, U>,
}

impl<C: Flow> Filter<C> {
    pub(in crate::pipeline) fn new(chain: C, keep: Keep<C::Next>) -> Self {
        Self { chain, keep }
    }
}

impl<C: Flow, U> FlatMap<C, U> {
    pub(in crate::pipeline) fn new(chain: C, divide: Divide<C::Next, U>) -> Self {
        Self { chain, divide }
    }
}

impl<C: Flow> Clone for Filter<C> {
    fn clone(&self) -> Self {
        Self::new(self.chain.clone(), Arc::clone(&self.keep))
    }
}

impl<C: Flow, U> Clone for FlatMap<C, U> {
    fn clone(&self) -> Self {
        Self::new(self.chain.clone(), Arc::clone(&self.divide))
    }
}

impl<C: Flow> Chain for Filter<C> {
    type Input = C::Input;
    type Output = <Self::Shape as Shape>::Of<C::Next>;
    type Shape = Filtered<C::Shape>;

    fn count(&self) -> usize {
        self.chain.count()
    }

    fn describe(&self, stages: &mut Vec<Description>) -> Vec<usize> {
        self.chain.describe(stages);
        Vec::new()
    }

    fn assemble(yielded: Yield) -> Self::Output {
        Self::Shape::assemble(yielded, &mut Yield::into_value)
    }
}

impl<C: Flow, U: Send + 'static> Chain for FlatMap<C, U> {
    type Input = C::Input;
    type Output = <Self::Shape as Shape>::Of<U>;
    type Shape = Spread<C::Shape>;

    fn count(&self) -> usize {
        self.chain.count()
    }

    fn describe(&self, stages: &mut Vec<Description>) -> Vec<usize> {
        self.chain.describe(stages);
        Vec::new()
    }

    fn assemble(yielded: Yield) -> Self::Output {
        Self::Shape::assemble(yielded, &mut Yield::into_value)
    }
}

impl<C: Flow> Flow for Filter<C> {
    type Next = C::Next;
}

impl<C: Flow, U: Send + 'static> Flow for FlatMap<C, U> {
    type Next = U;
}

impl<St: Send + Sync + 'static, C: LaunchInto<St>> Launch<St> for Filter<C> {
    fn describe_tasks(&self, stages: &mut Vec<Vec<TaskConfig>>) {
        self.chain.describe_tasks(stages);
    }

    launch_into_the_end!();
}

impl<St, C, U> Launch<St> for FlatMap<C, U>
where
    St: Send + Sync + 'static,
    C: LaunchInto<St>,
    U: Send + 'static,
{
    fn describe_tasks(&self, stages: &mut Vec<Vec<TaskConfig>>) {
        self.chain.describe_tasks(stages);
    }

    launch_into_the_end!();
}

impl<St: Send + Sync + 'static, C: LaunchInto<St>> LaunchInto<St> for Filter<C> {
    fn launch_into<D: Sink<C::Next>>(
        &self,
        down: D,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<C::Input>> {
        let between = between(&self.chain, &down, run, "filter");
        let (keep, depth) = (Arc::clone(&self.keep), C::Shape::FILTERS);
        let sink = FilterSink::new(between, keep, depth, down);
        self.chain.launch_into(sink, run)
    }
}

impl<St, C, U> LaunchInto<St> for FlatMap<C, U>
where
    St: Send + Sync + 'static,
    C: LaunchInto<St>,
    U: Send + 'static,
{
    fn launch_into<D: Sink<U>>(
        &self,
        down: D,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<C::Input>> {
        let between = between(&self.chain, &down, run, "flat_map");
        let sink = FlatMapSink::new(between, Arc::clone(&self.divide), C::Shape::DIVISIONS, down);
        self.chain.launch_into(sink, run)
    }
}

/// What stands behind the last stage of a chain.
fn between<C: Chain, St, T, D: Sink<T>>(
    chain: &C,
    down: &D,
    run: &Launching<St>,
    name: &'static str,
) -> Between<D::Final> {
    let stage = run.stage(chain.count() - 1);
    Between::new(Arc::clone(down.core()), stage, name)
}

impl<C: Flow> fmt::Debug for Filter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").finish_non_exhaustive()
    }
}

impl<C: Flow, U> fmt::Debug for FlatMap<C, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlatMap").finish_non_exhaustive()
    }
}
