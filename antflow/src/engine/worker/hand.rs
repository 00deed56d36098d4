use std::error::Error;
use std::sync::Arc;

use super::super::cell::Cell;
use super::super::core::Core;
use super::super::envelope::Envelope;
use super::super::frame::{Frame, RetryIf};
use super::super::seat::Seat;
use super::super::sink::Sink;
use super::super::task_list::TaskList;
use crate::clock::Moment;
use crate::event::Completion;
use crate::item::{ItemErrorKind, Tag};
use crate::stage::{Hooks, Stage, TaskContext};
use crate::stats::{WorkerCounters, WorkerTimings};

/// The item that a worker has in hand. Dropped with one, it ends the item as cancelled.
pub(super) struct Hand<'w, Out: Send + 'static> {
    pub(super) core: &'w Core<Out>,
    pub(super) frame: Frame<'w>,
    pub(super) seat: &'w Arc<Seat>,
    /// The place in the order in which items were taken, where that matters.
    pub(super) ticket: Option<u64>,
    /// Whether the item, which the worker had, waits for another attempt in this stage.
    pub(super) comes_back: bool,
    /// Why the item in hand is not to be begun.
    pub(super) spoiled: Option<Box<(ItemErrorKind, &'static str)>>,
    busy: bool,
    /// Whether observers are told of items that are completed, many at a time.
    tells: bool,
    /// Whether somebody wants to know when an item was completed.
    looks: bool,
}

impl<'w, Out: Send + 'static> Hand<'w, Out> {
    pub(super) fn new<S, L, St, D>(
        core: &'w Core<Out>,
        cell: &'w Cell<S, L, St, D>,
        seat: &'w Arc<Seat>,
        worker: &'w WorkerCounters,
        timings: Option<&'w WorkerTimings>,
    ) -> Self
    where
        S: Stage,
        L: TaskList<St, Input = S::Input, Output = S::Output>,
        St: Send + Sync + 'static,
        D: Sink<S::Output, Final = Out>,
    {
        Self {
            core,
            frame: Frame {
                cx: TaskContext {
                    names: Arc::clone(&cell.runtime.names),
                    worker: worker.id.clone(),
                    tag: Tag::none(),
                    cancellation: core.shared.cancellation.clone(),
                    status: Arc::clone(&worker.status),
                    run: cell.run.clone(),
                },
                stage: &cell.runtime,
                worker,
                shared: &core.shared,
                started: Moment::default(),
                ended: Moment::default(),
                spent: 0,
                timings,
                deadline: None,
                retry_if: cell,
                trace: core.shared.trace.worker(),
                report: None,
            },
            seat,
            ticket: None,
            comes_back: false,
            spoiled: None,
            busy: false,
            tells: core.shared.observers.want_batches(),
            looks: core.shared.observers.want_batches() || timings.is_some(),
        }
    }

    #[inline]
    pub(super) fn take(&mut self, tag: Tag) {
        let Frame { cx, worker, .. } = &mut self.frame;
        worker.status.set_busy(tag.sequence_id);
        // Not looked at before it is where it stays: it would be copied for that.
        cx.tag = tag;
        if let Some(details) = &cx.tag.details {
            worker.status.note_id(cx.tag.sequence_id, details);
        }
        self.busy = true;
    }

    /// Takes an item out of its envelope.
    pub(super) fn take_from<T>(&mut self, envelope: Envelope<T>) -> T {
        self.take(envelope.tag);
        envelope.value
    }

    /// Puts the item back into an envelope.
    pub(super) fn put_into<T>(&mut self, value: T) -> Envelope<T> {
        let tag = self.release();
        Envelope { value, tag }
    }

    /// Lets go of the item, which is somebody else's from now on.
    #[inline]
    pub(super) fn release(&mut self) -> Tag {
        self.busy = false;
        std::mem::replace(&mut self.frame.cx.tag, Tag::none())
    }

    /// As [`release`](Self::release), while the context still tells of the item.
    pub(super) fn release_copy(&mut self) -> Tag {
        self.busy = false;
        self.frame.cx.tag.clone()
    }

    /// Says that the worker has nothing in hand.
    pub(super) fn rest(&self) {
        self.frame.worker.status.set_idle();
    }

    /// Notes that the item in hand, which is still there, is completed, where somebody wants to know. What observers are
    /// told of it, if they are told.
    #[inline]
    pub(super) fn completion(&mut self) -> Option<Completion> {
        if !self.looks {
            return None;
        }
        self.completed_at(Moment::now())
    }

    /// As [`completion`](Self::completion), where the attempt was nothing but a call.
    #[inline]
    pub(super) fn plain_completion(&mut self) -> Option<Completion> {
        if !self.looks {
            return None;
        }
        let now = Moment::now();
        let took = now.ticks_since(self.frame.started);
        self.frame.note_success(0, took);
        self.completed_at(now)
    }

    fn completed_at(&mut self, ended: Moment) -> Option<Completion> {
        self.frame.note_processed();
        // What comes next on the desk is begun now.
        let started = std::mem::replace(&mut self.frame.started, ended);
        self.tells.then_some(Completion {
            sequence_id: self.frame.cx.tag.sequence_id,
            started,
            ended,
        })
    }
}

impl<Out: Send + 'static> Drop for Hand<'_, Out> {
    fn drop(&mut self) {
        if self.busy {
            self.frame.trace.cut_off();
            let tag = self.release();
            let worker = Some(self.frame.worker.id.clone());
            let status = &self.frame.worker.status;
            // An item that came back has the attempt before it, as long as the next one has not begun.
            let attempts = if status.has_begun() {
                tag.attempt()
            } else {
                tag.attempt() - 1
            };
            let started = status.is_working().then_some(self.frame.started);
            self.core
                .cancel(self.frame.stage, worker, &tag, attempts, started);
        }
        // Also where the item is somebody else's already, and this worker was about to wait with it.
        self.frame.worker.status.set_idle();
    }
}

impl<S, L, St, D> RetryIf for Cell<S, L, St, D>
where
    S: Stage,
    L: TaskList<St>,
    St: Send + Sync + 'static,
    D: Sink<L::Output>,
{
    fn retry_if(&self, error: &(dyn Error + Send + Sync + 'static)) -> bool {
        self.hooks.retry_if(error)
    }
}
