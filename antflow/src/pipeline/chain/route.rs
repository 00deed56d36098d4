use std::fmt;
use std::sync::Arc;

use super::{
    Begins, Chain, Description, EndsIn, Flow, Fork, Launch, LaunchFork, LaunchInto, Line,
    MergeInto, Start, launch_into_the_end,
};
use crate::engine::core::Core;
use crate::engine::inlet::Inlet;
use crate::engine::sink::{Cast, RouteSink, Sink, Way};
use crate::event::Observer;
use crate::item::{Shape, Undivided, Yield};
use crate::pipeline::Pipeline;
use crate::pipeline::registry::Launching;
use crate::stage::{Route, Stage, TaskConfig};

/// A chain whose outputs go into one branch each, by their variants. Made by
/// [`Pipeline::route`](crate::Pipeline::route).
#[derive(Clone)]
pub struct Routed<C, R> {
    chain: C,
    routes: R,
}

impl<C: Flow<Next: Route>, R: Routes> Routed<C, R> {
    pub(in crate::pipeline) fn new(chain: C, routes: R) -> Self {
        Self { chain, routes }
    }
}

/// No branch yet.
#[derive(Debug, Clone, Copy)]
pub struct NoWay;

/// Branches, and one more: of the variant in this place.
#[derive(Debug, Clone)]
pub struct Ways<P, B> {
    previous: P,
    branch: B,
    variant: usize,
}

/// The branches of a route.
pub trait Routes: Clone + Send + Sync + 'static {
    /// What the last one gives.
    type Next: Send + 'static;

    /// How many stages there are.
    #[doc(hidden)]
    fn count(&self) -> usize;

    /// See [`Chain::describe`].
    #[doc(hidden)]
    fn describe(&self, stages: &mut Vec<Description>) -> Vec<usize>;
}

/// Branches all of which give `T`, so that they come together at the end of a pipeline.
pub trait Agree<T> {
    /// `X`, which the compiler does not know if they do not agree: what follows then is no second mistake.
    #[doc(hidden)]
    type Then<X>;

    /// The same value.
    #[doc(hidden)]
    fn then<X>(value: X) -> Self::Then<X>;
}

/// The same type.
#[diagnostic::on_unimplemented(
    message = "one branch of the route gives `{Self}`, and another one `{T}`",
    label = "the branches do not agree",
    note = "what was routed comes together again: let all branches give the same type"
)]
pub trait Same<T> {
    /// See [`Agree::Then`].
    #[doc(hidden)]
    type Then<X>;

    /// The same value.
    #[doc(hidden)]
    fn then<X>(value: X) -> Self::Then<X>;
}

impl<T> Same<T> for T {
    type Then<X> = X;

    fn then<X>(value: X) -> X {
        value
    }
}

/// Branches whose stages can run with a state `St`.
pub trait LaunchRoutes<St>: Routes {
    /// What was said of the tasks of each stage.
    #[doc(hidden)]
    fn describe_tasks(&self, stages: &mut Vec<Vec<TaskConfig>>);

    /// Makes the running stages. What they give, which is `T`, goes into `down`. Adds the way in of each variant.
    #[doc(hidden)]
    fn launch_into<T: Send + 'static, D: Sink<T>>(
        &self,
        down: &D,
        run: &mut Launching<St>,
        ways: &mut Vec<(usize, Way)>,
    );
}

impl Routes for NoWay {
    type Next = ();

    fn count(&self) -> usize {
        0
    }

    fn describe(&self, _: &mut Vec<Description>) -> Vec<usize> {
        Vec::new()
    }
}

impl<P: Routes, B: Line> Routes for Ways<P, B> {
    type Next = B::Next;

    fn count(&self) -> usize {
        self.previous.count() + self.branch.count()
    }

    fn describe(&self, stages: &mut Vec<Description>) -> Vec<usize> {
        let mut ends = self.previous.describe(stages);
        ends.extend(self.branch.describe(stages));
        ends
    }
}

impl<T> Agree<T> for NoWay {
    type Then<X> = X;

    fn then<X>(value: X) -> X {
        value
    }
}

impl<T, P: Agree<T>, B: Flow<Next: Same<T>>> Agree<T> for Ways<P, B> {
    type Then<X> = <B::Next as Same<T>>::Then<P::Then<X>>;

    fn then<X>(value: X) -> Self::Then<X> {
        B::Next::then(P::then(value))
    }
}

impl<S: Stage> MergeInto<S> for NoWay {}
impl<S: Stage, P: MergeInto<S>, B: EndsIn<S>> MergeInto<S> for Ways<P, B> {}

impl<St> LaunchRoutes<St> for NoWay {
    fn describe_tasks(&self, _: &mut Vec<Vec<TaskConfig>>) {}

    fn launch_into<T: Send + 'static, D: Sink<T>>(
        &self,
        _: &D,
        _: &mut Launching<St>,
        _: &mut Vec<(usize, Way)>,
    ) {
    }
}

impl<St, P: LaunchRoutes<St>, B: LaunchInto<St> + Line> LaunchRoutes<St> for Ways<P, B> {
    fn describe_tasks(&self, stages: &mut Vec<Vec<TaskConfig>>) {
        self.previous.describe_tasks(stages);
        self.branch.describe_tasks(stages);
    }

    fn launch_into<T: Send + 'static, D: Sink<T>>(
        &self,
        down: &D,
        run: &mut Launching<St>,
        ways: &mut Vec<(usize, Way)>,
    ) {
        self.previous.launch_into(down, run, ways);
        let inlet = run.branch(self.branch.count(), |run| {
            let down = Cast::<D, T>::new(down.clone());
            self.branch.launch_into(down, run)
        });
        ways.push((self.variant, Way::new(inlet)));
    }
}

impl<C: Flow, R: Routes> Fork for Routed<C, R> {
    type Input = C::Input;
    type Branches = R;
    type Joined = C::Shape;

    fn stages(&self) -> usize {
        self.chain.count() + self.routes.count()
    }

    fn describe_stages(&self, stages: &mut Vec<Description>) -> Vec<usize> {
        self.chain.describe(stages);
        self.routes.describe(stages)
    }
}

impl<C: Flow, R: Routes> Chain for Routed<C, R> {
    type Input = C::Input;
    type Output = <C::Shape as Shape>::Of<R::Next>;
    type Shape = C::Shape;

    fn count(&self) -> usize {
        self.stages()
    }

    fn describe(&self, stages: &mut Vec<Description>) -> Vec<usize> {
        self.describe_stages(stages)
    }

    fn assemble(yielded: Yield) -> Self::Output {
        C::Shape::assemble(yielded, &mut Yield::into_value)
    }
}

impl<C: Flow, R: Routes> Flow for Routed<C, R> {
    type Next = R::Next;
}

impl<C: Line<Shape = Undivided>, R: Routes> Line for Routed<C, R> {}

impl<St, C, R> LaunchFork<St> for Routed<C, R>
where
    St: Send + Sync + 'static,
    C: LaunchInto<St> + Flow<Next: Route>,
    R: LaunchRoutes<St>,
{
    fn tasks_of_stages(&self, stages: &mut Vec<Vec<TaskConfig>>) {
        self.chain.describe_tasks(stages);
        self.routes.describe_tasks(stages);
    }

    fn launch_fork<T: Send + 'static, D: Sink<T>>(
        &self,
        down: D,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<C::Input>> {
        let mut ways = Vec::new();
        run.behind(self.chain.count(), |run| {
            self.routes.launch_into(&down, run, &mut ways);
        });
        ways.sort_by_key(|(variant, _)| *variant);
        let ways = ways.into_iter().map(|(_, way)| way).collect();
        let sink = RouteSink::new(Arc::clone(down.core()), ways);
        self.chain.launch_into(sink, run)
    }
}

impl<St, C, R> Launch<St> for Routed<C, R>
where
    St: Send + Sync + 'static,
    C: LaunchInto<St> + Flow<Next: Route>,
    R: LaunchRoutes<St> + Agree<R::Next>,
{
    fn describe_tasks(&self, stages: &mut Vec<Vec<TaskConfig>>) {
        self.tasks_of_stages(stages);
    }

    launch_into_the_end!();
}

impl<St, C, R> LaunchInto<St> for Routed<C, R>
where
    St: Send + Sync + 'static,
    C: LaunchInto<St> + Flow<Next: Route>,
    R: LaunchRoutes<St> + Agree<R::Next>,
{
    fn launch_into<D: Sink<R::Next>>(
        &self,
        down: D,
        run: &mut Launching<St>,
    ) -> Arc<dyn Inlet<C::Input>> {
        self.launch_fork(down, run)
    }
}

/// Branches for all variants of an enum, as the closure of [`Pipeline::route`](crate::Pipeline::route) gives them.
/// Implemented by `#[derive(Route)]`.
pub trait Exhaustive {
    /// The branches.
    #[doc(hidden)]
    type Ways: Routes;

    /// The branches.
    #[doc(hidden)]
    fn into_ways(self) -> Collected<Self::Ways>;
}

/// Tells whether a variant has its branch.
#[diagnostic::on_unimplemented(
    message = "no branch takes `{V}`",
    label = "a branch of `{V}` is missing",
    note = "a route has a branch for every variant"
)]
pub trait HasBranch<V> {}

impl<V> HasBranch<V> for Taken {}

/// A variant that has its branch.
#[derive(Debug)]
pub enum Taken {}

/// A variant that has none yet.
#[derive(Debug)]
pub enum NotTaken {}

/// The branches so far, for what `#[derive(Route)]` makes.
pub struct Collected<R> {
    pub(in crate::pipeline) routes: R,
    pub(in crate::pipeline) observers: Vec<Arc<dyn Observer>>,
}

impl Collected<NoWay> {
    /// None.
    #[must_use]
    pub fn none() -> Self {
        Self {
            routes: NoWay,
            observers: Vec::new(),
        }
    }
}

impl<R: Routes> Collected<R> {
    /// These, and the branch of this variant, which takes `T`.
    #[must_use]
    pub fn with<T: 'static, B: Line>(
        self,
        variant: usize,
        branch: impl FnOnce(Start<T>) -> Pipeline<B, Begins<T>>,
    ) -> Collected<Ways<R, B>> {
        let branch = branch(Start::new());
        let Self {
            routes,
            mut observers,
        } = self;
        observers.extend(branch.observers);
        Collected {
            routes: Ways {
                previous: routes,
                branch: branch.chain,
                variant,
            },
            observers,
        }
    }
}

impl<C, R> fmt::Debug for Routed<C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routed").finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for Collected<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collected").finish_non_exhaustive()
    }
}
