use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::super::attempt::{Failure, Stop, caught, hold, panicked};
use super::super::bell::Bell;
use super::super::cell::Cell;
use super::super::envelope::Envelope;
use super::super::frame::Frame;
use super::super::park::Parked;
use super::super::sink::Sink;
use super::super::task_list::TaskList;
use super::hand::Hand;
use super::yield_now;
use crate::clock::Moment;
use crate::event::Status;
use crate::item::ItemError;
use crate::stage::{Hooks, RetryMode, Stage};

/// How the stage's tasks ended for an item.
pub(super) enum Step<Out> {
    Done(Out),
    Skipped(Out),
    /// All items of the batch have ended, and this is left of it.
    Over(Out),
    Stopped(Stop),
}

impl<S, L, St, D> Cell<S, L, St, D>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    /// Works on the item in hand. What comes of it is for the next stage, unless it was handed on in its turn.
    pub(super) async fn handle(
        self: &Arc<Self>,
        hand: &mut Hand<'_, D::Final>,
        mut slots: L::Slots,
        bell: &mut Bell<'_>,
    ) -> Option<D::Entry> {
        // What a task does is caught where it is called; this is for `skip_if` and for the `Drop` of inputs.
        let step = match hand.spoiled.take() {
            Some(panic) => {
                // As `step` does, the input is dropped where its panic is caught.
                let _ = caught(|| drop(L::input(&mut slots).take()));
                Err(*panic)
            }
            None => {
                let step = pin!(self.step(&mut slots, &mut hand.frame));
                let step = AssertUnwindSafe(step).catch_unwind().await;
                step.map_err(|panic| panicked(&*panic))
            }
        };
        let step = match step {
            Ok(step) => step,
            Err(panic) => {
                if !hand.frame.cx.tag.has_begun() {
                    hand.frame.emit_status(Status::InProgress, None);
                }
                Step::Stopped(Stop::End(hand.frame.error(panic)))
            }
        };
        let step = match step {
            Step::Done(output) if D::UNGATHERS => self.sift(hand, output, Step::Done),
            Step::Skipped(output) if D::UNGATHERS => self.sift(hand, output, Step::Skipped),
            step => step,
        };
        let frame = &mut hand.frame;
        match step {
            Step::Done(output) => {
                drop(slots);
                frame.worker.status.finish();
                let started = frame.started;
                // First, so that a callback that asks a tracker finds what its event says.
                let completion = hand.completion();
                self.tell_one(hand.frame.worker, &hand.frame.cx.tag, completion);
                let frame = &mut hand.frame;
                frame.started = started;
                frame.emit_status_at(Status::Completed, frame.ended);
                frame.worker.completed.add_one();
                let frame = &hand.frame;
                let hook = made(|| self.hooks.on_success(&frame.cx, &output));
                self.call(hook).await;
                self.forward(hand, output, bell).await
            }
            Step::Skipped(output) => {
                drop(slots);
                frame.worker.status.finish();
                frame.emit_status(Status::Skipped, None);
                frame.worker.skipped.add_one();
                let hook = made(|| self.hooks.on_skip(&frame.cx, &output));
                self.call(hook).await;
                self.forward(hand, output, bell).await
            }
            Step::Over(output) => {
                drop(slots);
                self.end_batch(hand, output, bell).await;
                None
            }
            Step::Stopped(Stop::End(error)) => {
                drop(slots);
                self.end(hand, error, bell).await;
                None
            }
            Step::Stopped(Stop::Again(error, pause)) => {
                frame.emit_status(Status::Retrying, Some(&error));
                frame.worker.retried.add_one();
                self.wait(hand, slots, pause).await;
                None
            }
        }
    }

    /// Does what follows a first attempt that failed, where nothing is watched or bounded.
    pub(super) async fn mend(
        self: &Arc<Self>,
        hand: &mut Hand<'_, D::Final>,
        slots: Option<L::Slots>,
        failure: Failure,
        bell: &mut Bell<'_>,
    ) -> Option<D::Entry> {
        let frame = &mut hand.frame;
        let took = Moment::now().ticks_since(frame.started);
        let retry = self.runtime.config.retry.as_ref();
        match (slots, failure.after(took).judge(frame, retry)) {
            (slots, Stop::End(error)) => {
                let error =
                    caught(|| drop(slots)).map_or_else(|panic| frame.error(panic), |()| error);
                self.end(hand, error, bell).await;
                None
            }
            (None, Stop::Again(..)) => None,
            (Some(slots), Stop::Again(error, pause)) => {
                frame.note_retry(0);
                frame.emit_status(Status::Retrying, Some(&error));
                frame.worker.retried.add_one();
                let per_stage = self.runtime.retry(RetryMode::PerStage).is_some();
                if per_stage || self.runtime.releases_workers() {
                    self.wait(hand, slots, pause).await;
                    return None;
                }
                hold(frame, pause).await;
                frame.set_attempt(frame.cx.tag.attempt() + 1);
                self.handle(hand, slots, bell).await
            }
        }
    }

    /// Asks whether the item is for this stage at all, and calls the tasks.
    async fn step(&self, slots: &mut L::Slots, frame: &mut Frame<'_>) -> Step<S::Output> {
        if !frame.cx.tag.has_begun()
            && let Some(input) = L::input(slots).take()
        {
            match self.hooks.skip(&frame.cx, input).await {
                Ok(output) => return Step::Skipped(output),
                Err(input) => *L::input(slots) = Some(input),
            }
            frame.cx.tag.begin();
        }
        frame.started = Moment::now();
        frame.worker.status.begin();
        frame.emit_status_at(Status::InProgress, frame.started);
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

    /// Puts a batch away whose items have all ended.
    async fn end_batch(
        &self,
        hand: &mut Hand<'_, D::Final>,
        output: S::Output,
        bell: &mut Bell<'_>,
    ) {
        hand.frame.note_processed();
        hand.frame.worker.status.finish();
        hand.frame.worker.completed.add_one();
        drop(hand.release());
        self.core().shared.discard(output);
        if let Some(ticket) = hand.ticket.take() {
            self.in_turn(hand, ticket, None, bell).await;
        }
    }

    /// Ends the item in hand without a value.
    async fn end(&self, hand: &mut Hand<'_, D::Final>, error: ItemError, bell: &mut Bell<'_>) {
        hand.frame.note_processed();
        let tag = hand.release_copy();
        let frame = &mut hand.frame;
        if error.is_cancelled() {
            frame.trace.note(Status::Cancelled, &frame.cx, Some(&error));
            let started = Some(frame.started);
            hand.core.give_up(&self.runtime, &tag, &error, started);
        } else {
            frame.worker.status.finish();
            frame.emit_status(Status::Failed, Some(&error));
            frame.worker.failed.add_one();
            // The hook may feed the run, which is not over before it.
            let _settled = hand.core.fail(&tag, &error);
            let hook = made(|| self.hooks.on_failure(&frame.cx, &error));
            self.call(hook).await;
        }
        if let Some(ticket) = hand.ticket.take() {
            self.in_turn(hand, ticket, None, bell).await;
        }
    }

    /// Lets the item wait for its next attempt: with this worker, or without one.
    async fn wait(
        self: &Arc<Self>,
        hand: &mut Hand<'_, D::Final>,
        slots: L::Slots,
        pause: Duration,
    ) {
        hand.frame.note_processed();
        hand.comes_back = true;
        let mut tag = hand.release();
        tag.set_attempt(tag.attempt() + 1);
        let envelope = Envelope { value: slots, tag };
        let releases = self.runtime.releases_workers();
        let worker = (!releases).then(|| hand.frame.worker.id.clone());
        let parked = Parked::new(Arc::clone(self), envelope, hand.ticket.take(), worker);
        if releases {
            self.core().shared.spawn(parked.come_back(pause));
            // Until it lets go of its thread, nobody else can run what it has spawned.
            yield_now().await;
        } else {
            hand.frame.worker.status.hold();
            let _waiting = hand.frame.worker.wait();
            parked.come_back(pause).await;
        }
    }
}

/// The future of a hook, or the panic that came before there was one.
fn made<F>(hook: impl FnOnce() -> F) -> Result<F, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(hook))
}
