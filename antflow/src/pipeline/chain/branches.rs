use std::sync::Arc;

use super::{Begins, Chain, Description, EndsIn, Flow, Launch, LaunchInto, MergeInto};
use crate::engine::core::Core;
use crate::engine::inlet::Inlet;
use crate::engine::same;
use crate::engine::sink::{Cast, Sink};
use crate::event::Observer;
use crate::item::{ItemError, Yield, next};
use crate::pipeline::Pipeline;
use crate::pipeline::registry::Launching;
use crate::stage::{Stage, TaskConfig};

/// The branches of a [`Tee`](super::Tee): a tuple of two to eight chains.
pub trait Branches: Clone + Send + Sync + 'static {
    /// What came of the parts of an item, one for each branch.
    type Output: Send + 'static;

    /// How many stages there are.
    #[doc(hidden)]
    fn count(&self) -> usize;

    /// See [`Chain::describe`].
    #[doc(hidden)]
    fn describe(&self, stages: &mut Vec<Description>) -> Vec<usize>;

    /// See [`Chain::assemble`].
    #[doc(hidden)]
    fn assemble(parts: Vec<Result<Yield, ItemError>>) -> Self::Output;
}

/// Branches that come together again in one stage.
pub trait Joined: Branches {
    /// The shapes of the branches.
    type Shapes;
}

/// Branches whose stages can run with a state `St`.
pub trait LaunchBranches<St>: Branches {
    /// What was said of the tasks of each stage.
    #[doc(hidden)]
    fn describe_tasks(&self, stages: &mut Vec<Vec<TaskConfig>>);

    /// Makes the running stages, each branch as the last one of the pipeline. Returns the ways in.
    #[doc(hidden)]
    fn launch<T: 'static, Out: Send + 'static>(
        &self,
        core: &Arc<Core<Out>>,
        run: &mut Launching<St>,
    ) -> Vec<Arc<dyn Inlet<T>>>;
}

/// Branches that come together again, and whose stages can run with a state `St`.
pub trait LaunchJoined<St>: LaunchBranches<St> + Joined {
    /// Makes the running stages. What they give goes into `down`. Returns the ways in.
    #[doc(hidden)]
    fn launch_into<T: 'static, U: Send + 'static, Down: Sink<U>>(
        &self,
        down: &Down,
        run: &mut Launching<St>,
    ) -> Vec<Arc<dyn Inlet<T>>>;
}

/// Pipelines that can be the branches of one, behind what gives `T`: a tuple of two to eight of them, each of which begins
/// at the [`Start`](super::Start) that was given for that.
///
/// ```compile_fail,E0277
/// use antflow::{Pipeline, from_fn};
///
/// let trim = from_fn("Trim", async |text: &'static str| Ok::<_, std::io::Error>(text.trim()));
/// let count = from_fn("Count", async |text: &'static str| Ok::<_, std::io::Error>(text.len()));
/// let other = from_fn("Other", async |number: u32| Ok::<_, std::io::Error>(number));
/// let etl = Pipeline::builder().stage(trim).tee(|start| {
///     // Not where it begins.
///     (start.stage(count), Pipeline::builder().stage(other))
/// });
/// ```
#[diagnostic::on_unimplemented(
    message = "these are no branches of what gives `{T}`",
    label = "not a tuple of branches",
    note = "give two to eight branches, each made of the start that the closure is given: `|start| (start.stage(a), start.stage(b))`"
)]
pub trait IntoBranches<T> {
    /// Their chains.
    type Branches: Branches;

    /// The chains, and the observers of all of them.
    #[doc(hidden)]
    fn into_branches(self) -> (Self::Branches, Vec<Arc<dyn Observer>>);
}

macro_rules! branches {
    ($($branch:ident $field:tt)+) => {
        impl<$($branch: Chain),+> Branches for ($($branch,)+) {
            type Output = ($(Result<$branch::Output, ItemError>,)+);

            fn count(&self) -> usize {
                [$(self.$field.count()),+].into_iter().sum()
            }

            fn describe(&self, stages: &mut Vec<Description>) -> Vec<usize> {
                let mut ends = Vec::new();
                $(ends.extend(self.$field.describe(stages));)+
                ends
            }

            fn assemble(parts: Vec<Result<Yield, ItemError>>) -> Self::Output {
                let mut parts = parts.into_iter();
                ($(next(&mut parts).map($branch::assemble),)+)
            }
        }

        impl<$($branch: Flow),+> Joined for ($($branch,)+) {
            type Shapes = ($($branch::Shape,)+);
        }

        impl<S: Stage, $($branch: EndsIn<S>),+> MergeInto<S> for ($($branch,)+) {}

        impl<St, $($branch: Launch<St>),+> LaunchBranches<St> for ($($branch,)+) {
            fn describe_tasks(&self, stages: &mut Vec<Vec<TaskConfig>>) {
                $(self.$field.describe_tasks(stages);)+
            }

            fn launch<T: 'static, Out: Send + 'static>(
                &self,
                core: &Arc<Core<Out>>,
                run: &mut Launching<St>,
            ) -> Vec<Arc<dyn Inlet<T>>> {
                vec![$(same(run.branch(self.$field.count(), |run| {
                    self.$field.launch_branch(Arc::clone(core), run)
                }))),+]
            }
        }

        impl<St, $($branch: LaunchInto<St>),+> LaunchJoined<St> for ($($branch,)+) {
            fn launch_into<T: 'static, U: Send + 'static, Down: Sink<U>>(
                &self,
                down: &Down,
                run: &mut Launching<St>,
            ) -> Vec<Arc<dyn Inlet<T>>> {
                vec![$(same(run.branch(self.$field.count(), |run| {
                    self.$field.launch_into(Cast::<Down, U>::new(down.clone()), run)
                }))),+]
            }
        }

        impl<T, $($branch: Chain),+> IntoBranches<T> for ($(Pipeline<$branch, Begins<T>>,)+) {
            type Branches = ($($branch,)+);

            fn into_branches(self) -> (Self::Branches, Vec<Arc<dyn Observer>>) {
                let mut observers = Vec::new();
                $(observers.extend(self.$field.observers);)+
                (($(self.$field.chain,)+), observers)
            }
        }
    };
}

branches!(A 0 B 1);
branches!(A 0 B 1 C 2);
branches!(A 0 B 1 C 2 D 3);
branches!(A 0 B 1 C 2 D 3 E 4);
branches!(A 0 B 1 C 2 D 3 E 4 F 5);
branches!(A 0 B 1 C 2 D 3 E 4 F 5 G 6);
branches!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);
