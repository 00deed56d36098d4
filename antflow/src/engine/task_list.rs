use std::any::Any;
use std::future::Future;

use super::attempt::{Failure, Stop, call_task, run_task};
use super::frame::Frame;
use crate::stage::{
    Accepts, ByRef, ByValue, Call, Copier, Signature, Stage, Task, TaskConfig, TaskContext,
};

/// A stage whose tasks can be called in a pipeline whose state is `St`. Written by `#[stage]`.
pub trait Execute<St>: Stage {
    /// The tasks, in order.
    fn into_tasks(self) -> impl TaskList<St, Input = Self::Input, Output = Self::Output>;
}

/// The tasks of a stage, in order: one call after the other, each output the next input.
pub trait TaskList<St>: Send + Sync + 'static {
    /// What the first task takes.
    type Input: Send + 'static;
    /// What the last task gives.
    type Output: Send + 'static;
    /// A place for the input of each task. The last one that is filled says where the item stands, so that it can wait
    /// for its next attempt outside of any future.
    type Slots: Send + 'static;

    /// The configuration of each task.
    fn configs(&self, configs: &mut Vec<TaskConfig>);

    /// The slots of an item that has just come.
    fn enter(input: Self::Input) -> Self::Slots;

    /// The slot of the stage's input.
    fn input(slots: &mut Self::Slots) -> &mut Option<Self::Input>;

    /// Forgets all but the stage's input.
    fn rewind(slots: &mut Self::Slots);

    /// Calls the tasks, from where the item stands.
    fn run<'a>(
        &'a self,
        slots: &'a mut Self::Slots,
        frame: &'a mut Frame<'_>,
        state: &'a St,
    ) -> impl Future<Output = Result<Self::Output, Stop>> + Send + 'a;

    /// Calls the tasks once, where nothing is watched or bounded. With `again`, the item stays in its slot if there is
    /// a copy of it for the attempt to come; not for lists of several tasks.
    fn call<'a>(
        &'a self,
        slots: &'a mut Self::Slots,
        again: bool,
        cx: &'a TaskContext,
        state: &'a St,
    ) -> impl Future<Output = Result<Self::Output, Box<Failure>>> + Send + 'a;
}

/// A list of one task.
#[derive(Debug)]
pub struct One<T: Signature> {
    task: T,
    copy: Option<Copier<T::Input>>,
}

/// A list with one more task at its end.
#[derive(Debug)]
pub struct More<P, T: Signature> {
    previous: P,
    task: T,
    index: usize,
    copy: Option<Copier<T::Input>>,
}

/// What a task that may be called again needs: its item by reference, or one that can be copied.
#[diagnostic::on_unimplemented(
    message = "`{T}` is retried with a copy of its item, so the item must be `Clone`",
    label = "the input of this is not `Clone`",
    note = "derive `Clone` for the item, take it by reference (`&Item`), or leave out `retry`"
)]
pub trait Retryable<T: Signature> {
    /// How the copy is made.
    const COPY: Option<Copier<T::Input>>;
}

impl<T: Signature> Retryable<T> for ByRef {
    const COPY: Option<Copier<T::Input>> = None;
}

#[diagnostic::do_not_recommend]
impl<T: Signature> Retryable<T> for ByValue
where
    T::Input: Clone,
{
    const COPY: Option<Copier<T::Input>> = Some(T::Input::clone);
}

impl<T: Task> One<T> {
    /// The list of one task, which is called again if there is a way to copy its item.
    pub(crate) fn with_copy(task: T, copy: Option<Copier<T::Input>>) -> Self {
        Self { task, copy }
    }
}

/// The list of one task that is called once.
pub fn tasks<T: Task>(task: T) -> One<T> {
    One { task, copy: None }
}

/// The list of one task that may be called again.
pub fn tasks_retried<T: Task>(task: T) -> One<T>
where
    T::Passing: Retryable<T>,
{
    One {
        task,
        copy: T::Passing::COPY,
    }
}

/// Adds a task to a list.
pub trait Then: Sized {
    /// What the list gives so far.
    type Output;

    /// How many tasks it has.
    fn count(&self) -> usize;

    /// Adds a task that is called once.
    fn then<T: Task + Accepts<Self::Output>>(self, task: T) -> More<Self, T> {
        More {
            index: self.count(),
            previous: self,
            task,
            copy: None,
        }
    }

    /// Adds a task that may be called again.
    fn then_retried<T: Task + Accepts<Self::Output>>(self, task: T) -> More<Self, T>
    where
        T::Passing: Retryable<T>,
    {
        More {
            index: self.count(),
            previous: self,
            task,
            copy: T::Passing::COPY,
        }
    }
}

impl<T: Task> Then for One<T> {
    type Output = T::Output;

    fn count(&self) -> usize {
        1
    }
}

impl<P, T: Task> Then for More<P, T> {
    type Output = T::Output;

    fn count(&self) -> usize {
        self.index + 1
    }
}

impl<St: Sync + 'static, T: Call<St>> TaskList<St> for One<T> {
    type Input = T::Input;
    type Output = T::Output;
    type Slots = Option<T::Input>;

    fn configs(&self, configs: &mut Vec<TaskConfig>) {
        configs.push(self.task.config());
    }

    fn enter(input: T::Input) -> Self::Slots {
        Some(input)
    }

    fn input(slots: &mut Self::Slots) -> &mut Option<T::Input> {
        slots
    }

    fn rewind(_: &mut Self::Slots) {}

    async fn run(
        &self,
        slots: &mut Self::Slots,
        frame: &mut Frame<'_>,
        state: &St,
    ) -> Result<T::Output, Stop> {
        run_task(&self.task, 0, slots, self.copy, frame, state).await
    }

    #[inline]
    fn call<'a>(
        &'a self,
        slots: &'a mut Self::Slots,
        again: bool,
        cx: &'a TaskContext,
        state: &'a St,
    ) -> impl Future<Output = Result<T::Output, Box<Failure>>> + Send + 'a {
        cx.status.enter_task(0);
        call_task(&self.task, slots, self.copy.filter(|_| again), cx, state)
    }
}

impl<St: Sync + 'static, P: TaskList<St>, T: Call<St>> TaskList<St> for More<P, T> {
    type Input = P::Input;
    type Output = T::Output;
    type Slots = (P::Slots, Option<T::Input>);

    fn configs(&self, configs: &mut Vec<TaskConfig>) {
        self.previous.configs(configs);
        configs.push(self.task.config());
    }

    fn enter(input: P::Input) -> Self::Slots {
        (P::enter(input), None)
    }

    fn input(slots: &mut Self::Slots) -> &mut Option<P::Input> {
        P::input(&mut slots.0)
    }

    fn rewind(slots: &mut Self::Slots) {
        P::rewind(&mut slots.0);
        slots.1 = None;
    }

    async fn run(
        &self,
        slots: &mut Self::Slots,
        frame: &mut Frame<'_>,
        state: &St,
    ) -> Result<T::Output, Stop> {
        if slots.1.is_none() {
            let value = self.previous.run(&mut slots.0, frame, state).await?;
            slots.1 = Some(same(value));
        }
        run_task(
            &self.task,
            self.index,
            &mut slots.1,
            self.copy,
            frame,
            state,
        )
        .await
    }

    async fn call(
        &self,
        slots: &mut Self::Slots,
        _: bool,
        cx: &TaskContext,
        state: &St,
    ) -> Result<T::Output, Box<Failure>> {
        let value = self.previous.call(&mut slots.0, false, cx, state).await?;
        slots.1 = Some(same(value));
        cx.status.enter_task(self.index);
        call_task(&self.task, &mut slots.1, None, cx, state).await
    }
}

/// The value, as the type that it is.
///
/// Where a step is joined to the one before it, `Accepts` has shown that `A` and `B` are one type. The types behind the
/// join do not carry that proof: if they did, every use of a pipeline with a wrong join would be an error of its own,
/// instead of the one at the join. The comparison is of two constants and is gone in compiled code.
pub(crate) fn same<A: 'static, B: 'static>(value: A) -> B {
    let mut value = Some(value);
    (&mut value as &mut dyn Any)
        .downcast_mut::<Option<B>>()
        .and_then(Option::take)
        .expect("`Accepts<T>` is implemented for stages whose input is `T` alone")
}
