use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use futures_util::FutureExt;

use super::super::attempt::Failure;
use super::super::bell::Bell;
use super::super::cell::{Cell, StageDesk};
use super::super::desk::{Finished, Turn};
use super::super::envelope::Envelope;
use super::super::sink::Sink;
use super::super::task_list::TaskList;
use super::hand::Hand;
use crate::clock::Moment;
use crate::stage::Stage;

/// How a worker works on items. A type of its own for each, as a worker takes the memory of all that it may await.
pub(super) trait Manner: 'static {
    /// Whether an attempt is nothing but a call.
    const PLAIN: bool;

    /// Works on the item in hand and then on those on the desk. Returns whether it waited for room in the next stage.
    fn work_off<S, L, St, D>(
        cell: &Arc<Cell<S, L, St, D>>,
        hand: &mut Hand<'_, D::Final>,
        bell: &mut Bell<'_>,
        desk: Option<&StageDesk<L::Slots, D::Entry>>,
        first: L::Slots,
    ) -> impl Future<Output = bool> + Send
    where
        S: Stage,
        L: TaskList<St, Input = S::Input, Output = S::Output>,
        St: Send + Sync + 'static,
        D: Sink<S::Output>;
}

/// An attempt is nothing but a call, as most are.
#[derive(Debug)]
pub(super) enum Plain {}

/// There are events, spans, bounds or functions beside the tasks.
#[derive(Debug)]
pub(super) enum Full {}

macro_rules! manner {
    ($manner:ty, $plain:literal, $work_off:ident) => {
        impl Manner for $manner {
            const PLAIN: bool = $plain;

            fn work_off<S, L, St, D>(
                cell: &Arc<Cell<S, L, St, D>>,
                hand: &mut Hand<'_, D::Final>,
                bell: &mut Bell<'_>,
                desk: Option<&StageDesk<L::Slots, D::Entry>>,
                first: L::Slots,
            ) -> impl Future<Output = bool> + Send
            where
                S: Stage,
                L: TaskList<St, Input = S::Input, Output = S::Output>,
                St: Send + Sync + 'static,
                D: Sink<S::Output>,
            {
                cell.$work_off(hand, bell, desk, first)
            }
        }
    };
}

manner!(Plain, true, work_off_plainly);
manner!(Full, false, work_off_fully);

impl<S, L, St, D> Cell<S, L, St, D>
where
    S: Stage,
    L: TaskList<St, Input = S::Input, Output = S::Output>,
    St: Send + Sync + 'static,
    D: Sink<S::Output>,
{
    /// The [`Manner`] of [`Plain`] attempts.
    async fn work_off_plainly(
        self: &Arc<Self>,
        hand: &mut Hand<'_, D::Final>,
        bell: &mut Bell<'_>,
        desk: Option<&StageDesk<L::Slots, D::Entry>>,
        first: L::Slots,
    ) -> bool {
        let mut waited = false;
        let mut next = Some(first);
        while let Some(slots) = next {
            // Pinned where it is: a future that is wrapped is copied, whatever its size.
            let done = {
                let calls = pin!(self.call_all(hand, bell, desk, slots));
                AssertUnwindSafe(calls).catch_unwind().await
            };
            next = match done {
                Ok(blocked) => return waited | blocked,
                Err(panic) => {
                    let failure = Failure::panicked(&*panic);
                    let output = Box::pin(self.mend(hand, None, failure, bell)).await;
                    Box::pin(self.turn(hand, bell, desk, output, &mut waited)).await
                }
            };
        }
        waited
    }

    /// Works on items where an attempt is nothing but a call of the tasks: the short way, which most items take.
    ///
    /// A panic comes out of it, and the item is still in hand then.
    async fn call_all(
        self: &Arc<Self>,
        hand: &mut Hand<'_, D::Final>,
        bell: &mut Bell<'_>,
        desk: Option<&StageDesk<L::Slots, D::Entry>>,
        mut slots: L::Slots,
    ) -> bool {
        let mut waited = false;
        loop {
            hand.frame.cx.tag.begin();
            let call = self
                .tasks
                .call(&mut slots, self.is_retried, &hand.frame.cx, &self.state);
            let output = match call.await {
                Ok(value) => {
                    hand.frame.worker.completed.add_one();
                    // What `turn` does, where nothing is in the way.
                    let completion = hand.plain_completion();
                    if let Some(desk) = desk {
                        let mut value = Some(value);
                        let turn = desk.turn(completion, || {
                            let value = value.take().expect("it is made once");
                            let tag = hand.release();
                            self.down.entry(Envelope { value, tag })
                        });
                        match turn {
                            Turn::Next(next) => {
                                slots = hand.take_from(next);
                                continue;
                            }
                            Turn::Done => return waited,
                            Turn::NoRoom => {}
                        }
                        self.hand_on_early(hand, desk, bell);
                        self.tell(hand.frame.worker, completion.as_slice());
                        value.map(|value| {
                            let tag = hand.release();
                            self.down.entry(Envelope { value, tag })
                        })
                    } else {
                        self.tell_one(hand.frame.worker, &hand.frame.cx.tag, completion);
                        let tag = hand.release();
                        let entry = self.down.entry(Envelope { value, tag });
                        waited |= self.send(hand, entry, bell).await;
                        return waited;
                    }
                }
                // Boxed, as it is large and failures are few; and so is what follows one.
                Err(failure) => Box::pin(self.mend(hand, Some(slots), *failure, bell)).await,
            };
            let turn = Box::pin(self.turn(hand, bell, desk, output, &mut waited));
            match turn.await {
                Some(next) => slots = next,
                None => return waited,
            }
        }
    }

    /// The [`Manner`] of attempts with everything that their stage asks for.
    async fn work_off_fully(
        self: &Arc<Self>,
        hand: &mut Hand<'_, D::Final>,
        bell: &mut Bell<'_>,
        desk: Option<&StageDesk<L::Slots, D::Entry>>,
        first: L::Slots,
    ) -> bool {
        let mut waited = false;
        let mut next = Some(first);
        while let Some(slots) = next {
            let ticket = hand.ticket;
            let output = self.handle(hand, slots, bell).await;
            next = self.turn(hand, bell, desk, output, &mut waited).await;
            if !std::mem::take(&mut hand.comes_back) {
                self.hand_key_on(ticket, bell);
            }
            let observers = &hand.core.shared.observers;
            if next.is_some() && !observers.is_empty() {
                observers.ready().await;
            }
        }
        waited
    }

    /// Lays the output down, and takes the next item in hand.
    async fn turn(
        &self,
        hand: &mut Hand<'_, D::Final>,
        bell: &mut Bell<'_>,
        desk: Option<&StageDesk<L::Slots, D::Entry>>,
        output: Option<D::Entry>,
        waited: &mut bool,
    ) -> Option<L::Slots> {
        let mut output = output;
        if let Some(desk) = desk
            && output.is_some()
        {
            match desk.turn(None, || output.take().expect("it is made once")) {
                Turn::Next(next) => return Some(hand.take_from(next)),
                Turn::Done => return None,
                Turn::NoRoom => {}
            }
        }
        if let Some(entry) = output {
            if let Some(desk) = desk {
                self.hand_on_early(hand, desk, bell);
            }
            if self.send(hand, entry, bell).await {
                *waited = true;
                // What comes next on the desk is not begun before.
                hand.frame.started = Moment::now();
            }
        }
        let next = desk?.next()?;
        Some(hand.take_from(next))
    }

    /// Hands on what is finished on a desk, before something else goes its way.
    fn hand_on_early(
        &self,
        hand: &Hand<'_, D::Final>,
        desk: &StageDesk<L::Slots, D::Entry>,
        bell: &mut Bell<'_>,
    ) {
        let mut finished = Finished::default();
        let reserved = desk.take_finished(&mut finished);
        let worker = hand.frame.worker;
        self.hand_on(&mut finished, reserved, worker, Moment::now(), bell);
    }
}
