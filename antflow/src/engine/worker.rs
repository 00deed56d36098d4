use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::attempt::{Stop, panicked};
use super::cell::{Cell, Control};
use super::core::Core;
use super::envelope::{Envelope, Held, Tag};
use super::frame::Frame;
use super::park::Parked;
use super::queue::PushError;
use super::sink::Sink;
use super::sync::lock;
use super::task_list::TaskList;
use crate::event::Status;
use crate::item::{DEFAULT_PRIORITY, ItemError, Label};
use crate::stage::{Hooks, RetryMode, Stage, TaskContext};

/// How the stage's tasks ended for an item.
enum Step<Out> {
    Done(Out),
    Skipped(Out),
    Stopped(Stop),
}

/// The item that a worker has in hand. Dropped with one, it ends the item as cancelled.
struct Hand<'w, Out: Send + 'static> {
    core: &'w Core<Out>,
    frame: Frame<'w>,
    busy: bool,
}

impl<S, L, St, D> Cell<S, L, St, D>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    /// Starts the workers of the stage.
    pub(crate) fn start(self: &Arc<Self>) {
        for index in 0..self.runtime.workers.len() {
            self.core()
                .shared
                .spawn(self.runtime.index, Arc::clone(self).work(index));
        }
    }

    /// One worker: takes items and works on them until the queue is closed.
    async fn work(self: Arc<Self>, index: usize) {
        let core = Arc::clone(self.core());
        let cell = Arc::clone(&self);
        let mut leaving = Leaving(Some(move || {
            cell.core().shared.close();
            cell.close();
        }));
        let worker = &self.runtime.workers[index];
        let mut hand = Hand {
            core: &core,
            frame: Frame {
                cx: TaskContext {
                    stage: Arc::clone(&self.runtime.name),
                    task: None,
                    worker: worker.id.clone(),
                    attempt: 0,
                    sequence_id: 0,
                    label: NO_LABEL,
                    cancellation: core.shared.cancellation.clone(),
                    status: Arc::clone(&worker.status),
                    run: self.run.clone(),
                },
                stage: &self.runtime,
                worker,
                observers: &core.shared.observers,
                tag: Tag::new(0, NO_LABEL),
                deadline: None,
                retry_if: &|error| self.hooks.retry_if(error),
            },
            busy: false,
        };
        loop {
            if !core.shared.observers.is_empty() {
                core.shared.observers.ready().await;
            }
            // Lets the neighbours have their turn while items keep coming.
            tokio::task::coop::consume_budget().await;
            let Some((envelope, ticket)) = self.queue.pop().await else {
                break;
            };
            self.handle(&mut hand, envelope, ticket).await;
            worker.status.set_idle();
        }
        leaving.0 = None;
        core.shared.retire();
    }

    async fn handle(
        self: &Arc<Self>,
        hand: &mut Hand<'_, D::Final>,
        envelope: Envelope<L::Slots>,
        ticket: Option<u64>,
    ) {
        let Envelope {
            value: mut slots,
            mut tag,
        } = envelope;
        tag.ticket = ticket.or(tag.ticket);
        hand.take(tag);
        let step = self.step(&mut slots, &mut hand.frame);
        // What a task does is caught where it is called; this is for `skip_if` and for the `Drop` of inputs.
        let step = match AssertUnwindSafe(step).catch_unwind().await {
            Ok(step) => step,
            Err(panic) => {
                if !hand.frame.tag.begun {
                    hand.frame.emit_status(Status::InProgress, None);
                }
                Step::Stopped(Stop::End(hand.frame.error(panicked(&*panic))))
            }
        };
        let frame = &hand.frame;
        match step {
            Step::Done(output) => {
                drop(slots);
                frame.emit_status(Status::Completed, None);
                frame.worker.completed.add_one();
                let hook = made(|| self.hooks.on_success(&frame.cx, &output));
                self.call(hook).await;
                self.forward(hand, output).await;
            }
            Step::Skipped(output) => {
                drop(slots);
                frame.emit_status(Status::Skipped, None);
                frame.worker.skipped.add_one();
                let hook = made(|| self.hooks.on_skip(&frame.cx, &output));
                self.call(hook).await;
                self.forward(hand, output).await;
            }
            Step::Stopped(Stop::End(error)) => {
                drop(slots);
                self.end(hand, error).await;
            }
            Step::Stopped(Stop::Again(error, pause)) => {
                frame.emit_status(Status::Retrying, Some(&error));
                frame.worker.retried.add_one();
                self.wait(hand, slots, pause).await;
            }
        }
    }

    /// Asks whether the item is for this stage at all, and calls the tasks.
    async fn step(&self, slots: &mut L::Slots, frame: &mut Frame<'_>) -> Step<S::Output> {
        if !frame.tag.begun
            && let Some(input) = L::input(slots).take()
        {
            match self.hooks.skip(&frame.cx, input).await {
                Ok(output) => return Step::Skipped(output),
                Err(input) => *L::input(slots) = Some(input),
            }
            frame.tag.begun = true;
        }
        frame.emit_status(Status::InProgress, None);
        let whole = self.runtime.stage_timeout();
        // A bound beyond the end of time is none.
        frame.deadline = whole.and_then(|limit| Some((Instant::now().checked_add(limit)?, limit)));
        let outcome = self.tasks.run(slots, frame, &self.state).await;
        let comes_back = matches!(outcome, Err(Stop::Again(..)));
        if !comes_back || self.runtime.retry(RetryMode::PerStage).is_some() {
            L::rewind(slots);
        }
        if !comes_back {
            L::input(slots).take();
        }
        outcome.map_or_else(Step::Stopped, Step::Done)
    }

    /// Waits for a hook, whose panic is counted and changes nothing.
    async fn call(&self, hook: Result<impl Future<Output = ()>, Box<dyn Any + Send>>) {
        let called = match hook {
            Ok(hook) => AssertUnwindSafe(hook).catch_unwind().await,
            Err(panic) => Err(panic),
        };
        if called.is_err() {
            self.core().shared.observers.count_panic();
        }
    }

    /// Ends the item in hand without a value.
    async fn end(&self, hand: &mut Hand<'_, D::Final>, error: ItemError) {
        let tag = hand.release();
        let frame = &hand.frame;
        let ticket = tag.ticket;
        if error.is_cancelled() {
            hand.core.give_up(&self.runtime, tag, error);
        } else {
            frame.emit_status(Status::Failed, Some(&error));
            frame.worker.failed.add_one();
            // The hook may feed the run, which is not over before it.
            let _settled = hand.core.conclude(tag, Err(error.clone()));
            let hook = made(|| self.hooks.on_failure(&frame.cx, &error));
            self.call(hook).await;
        }
        if let Some(ticket) = ticket {
            self.in_turn(hand, ticket, None).await;
        }
    }

    /// Lets the item wait for its next attempt: with this worker, or without one.
    async fn wait(
        self: &Arc<Self>,
        hand: &mut Hand<'_, D::Final>,
        slots: L::Slots,
        pause: Duration,
    ) {
        let mut tag = hand.release();
        tag.attempt += 1;
        let envelope = Envelope { value: slots, tag };
        let releases = self.runtime.releases_workers();
        let worker = (!releases).then(|| hand.frame.worker.id.clone());
        let parked = Parked::new(Arc::clone(self), envelope, worker);
        if releases {
            let core = Arc::clone(self.core());
            self.core().shared.spawn(self.runtime.index, async move {
                parked.come_back(pause).await;
                core.shared.retire();
            });
        } else {
            parked.come_back(pause).await;
        }
    }

    /// Hands the item on, in its turn if the stage is ordered.
    async fn forward(&self, hand: &mut Hand<'_, D::Final>, output: S::Output) {
        let tag = hand.release();
        let ticket = tag.ticket;
        let envelope = Envelope { value: output, tag };
        match ticket {
            Some(ticket) => self.in_turn(hand, ticket, Some(envelope)).await,
            None => self.send(hand, envelope).await,
        }
    }

    /// Puts an output in its place, and sends what is ready unless another worker is at it.
    async fn in_turn(
        &self,
        hand: &Hand<'_, D::Final>,
        ticket: u64,
        output: Option<Envelope<S::Output>>,
    ) {
        let Some(order) = &self.order else { return };
        {
            let mut order = lock(order);
            if order.closed {
                // Nobody sends any more. Dropping it ends it as cancelled.
                drop(order);
                let worker = &hand.frame.worker.id;
                drop(output.map(|output| Held::new(output, hand.core, &self.runtime, worker)));
                return;
            }
            order.waiting.insert(ticket, output);
            if std::mem::replace(&mut order.sending, true) {
                return;
            }
        }
        loop {
            let (output, head) = {
                let mut order = lock(order);
                let Some(output) = order.waiting.pop() else {
                    order.sending = false;
                    return;
                };
                (output, order.waiting.head())
            };
            if let Some(envelope) = output {
                self.send(hand, envelope).await;
            }
            self.queue.advance(head);
        }
    }

    /// Hands an item to the next stage, waiting for room.
    async fn send(&self, hand: &Hand<'_, D::Final>, envelope: Envelope<S::Output>) {
        let mut refused = self.down.try_send(envelope);
        while let Err(error) = refused {
            let (envelope, closed) = match error {
                PushError::Full(envelope) => (envelope, false),
                PushError::Closed(envelope) => (envelope, true),
            };
            let mut held = Held::new(envelope, hand.core, &self.runtime, &hand.frame.worker.id);
            if closed {
                // Dropping it ends it as cancelled.
                return;
            }
            self.down.room().await;
            let Some(envelope) = held.release() else {
                return;
            };
            refused = self.down.try_send(envelope);
        }
    }
}

/// The future of a hook, or the panic that came before there was one.
fn made<F>(hook: impl FnOnce() -> F) -> Result<F, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(hook))
}

/// Closes the stage if its worker is dropped before that, as it is with its runtime: nobody is there for what waits.
struct Leaving<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for Leaving<F> {
    fn drop(&mut self) {
        if let Some(close) = self.0.take() {
            close();
        }
    }
}

const NO_LABEL: Label = Label {
    priority: DEFAULT_PRIORITY,
    details: None,
};

impl<Out: Send + 'static> Hand<'_, Out> {
    fn take(&mut self, tag: Tag) {
        let Frame { cx, worker, .. } = &mut self.frame;
        worker.status.set_busy(tag.sequence_id);
        cx.task = None;
        cx.attempt = tag.attempt;
        cx.sequence_id = tag.sequence_id;
        cx.label = tag.label.clone();
        self.frame.tag = tag;
        self.busy = true;
    }

    /// Lets go of the item, which is somebody else's from now on.
    fn release(&mut self) -> Tag {
        self.busy = false;
        self.frame.tag.clone()
    }
}

impl<Out: Send + 'static> Drop for Hand<'_, Out> {
    fn drop(&mut self) {
        if self.busy {
            let tag = self.release();
            let worker = Some(self.frame.worker.id.clone());
            let attempts = if tag.begun { tag.attempt } else { 0 };
            self.core.cancel(self.frame.stage, worker, tag, attempts);
        }
        // Also where the item is somebody else's already, and this worker was about to wait with it.
        self.frame.worker.status.set_idle();
    }
}
