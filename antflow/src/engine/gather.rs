use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::bell::Bell;
use super::core::Shared;
use super::envelope::Envelope;
use super::inlet::Inlet;
use super::queue::Closed;
use super::sink::Between;
use super::sync::{Mutex, lock};
use crate::clock::Moment;
use crate::item::Tag;

/// Items that wait for others to make up a batch with, in front of the stage that takes the batches.
pub(crate) struct Gathering<T, Out> {
    between: Between<Out>,
    /// How many items make up a batch.
    size: usize,
    /// How long an item waits for others.
    max_wait: Duration,
    inlet: Arc<dyn Inlet<Vec<T>>>,
    state: Mutex<State<T>>,
    /// Calls the [keeper](Self::keep) when there is a first item.
    begun: Notify,
}

struct State<T> {
    items: Vec<Envelope<T>>,
    /// Counts the batches.
    number: u64,
    /// When the first item came.
    since: Instant,
    is_closed: bool,
}

/// The batch that is being gathered.
struct Due {
    number: u64,
    /// When it is given away as it is; none beyond the end of time.
    at: Option<Instant>,
}

/// What came of an item that was added.
pub(crate) enum Added<T> {
    Waits,
    /// It has made up a batch.
    Made(Envelope<Vec<T>>),
    /// Nothing is taken in any more.
    Closed(Envelope<T>),
}

impl<T: Send + 'static, Out: Send + 'static> Gathering<T, Out> {
    /// Begins to gather, for as long as the run goes on.
    pub(crate) fn start(
        between: Between<Out>,
        size: usize,
        max_wait: Duration,
        inlet: Arc<dyn Inlet<Vec<T>>>,
    ) -> Arc<Self> {
        let gathering = Arc::new(Self {
            between,
            size,
            max_wait,
            inlet,
            state: Mutex::new(State {
                items: Vec::new(),
                number: 0,
                since: Instant::now(),
                is_closed: false,
            }),
            begun: Notify::new(),
        });
        let keeper = Keeper(Arc::clone(&gathering));
        gathering.shared().spawn(keeper.keep());
        gathering
    }

    pub(crate) fn between(&self) -> &Between<Out> {
        &self.between
    }

    pub(crate) fn inlet(&self) -> &Arc<dyn Inlet<Vec<T>>> {
        &self.inlet
    }

    /// Adds an item.
    pub(crate) fn add(&self, envelope: Envelope<T>) -> Added<T> {
        // Before it is there, as it may be sent off at once.
        self.shared().accounting.gather(1);
        let mut state = lock(&self.state);
        if state.is_closed {
            drop(state);
            self.shared().accounting.send_off(1);
            return Added::Closed(envelope);
        }
        if state.items.is_empty() {
            state.since = Instant::now();
        }
        state.items.push(envelope);
        if state.items.len() == self.size {
            let items = state.take();
            drop(state);
            return Added::Made(self.made(items));
        }
        let is_first = state.items.len() == 1;
        drop(state);
        if is_first {
            self.begun.notify_one();
        }
        Added::Waits
    }

    /// Makes a batch of items that were taken.
    fn made(&self, items: Vec<Envelope<T>>) -> Envelope<Vec<T>> {
        let mut values = Vec::with_capacity(items.len());
        let mut tags = Vec::with_capacity(items.len());
        for Envelope { value, tag } in items {
            values.push(value);
            tags.push(tag);
        }
        self.shared().accounting.send_off(tags.len() as u64);
        Envelope {
            value: values,
            tag: Tag::batch(tags),
        }
    }

    fn due(&self) -> Option<Due> {
        let state = lock(&self.state);
        (!state.items.is_empty()).then(|| Due {
            number: state.number,
            at: state.since.checked_add(self.max_wait),
        })
    }

    /// Gives a batch away as it is, once there is room for it, unless somebody else has.
    async fn flush(&self, number: u64) {
        loop {
            match self.inlet.try_reserve(1) {
                Ok(0) => self.inlet.room(None).await,
                Ok(_) => {
                    let items = {
                        let mut state = lock(&self.state);
                        let is_due = state.number == number && !state.items.is_empty();
                        is_due.then(|| state.take())
                    };
                    match items {
                        Some(items) => {
                            let batch = self.made(items);
                            self.inlet.pass(
                                1,
                                VecDeque::from([batch]),
                                Moment::now(),
                                &mut Bell::default(),
                            );
                        }
                        None => self.inlet.unreserve(1),
                    }
                    return;
                }
                Err(Closed) => return self.close(),
            }
        }
    }

    /// Takes nothing in any more, and ends as cancelled what waits.
    fn close(&self) {
        let items = {
            let mut state = lock(&self.state);
            state.is_closed = true;
            state.take()
        };
        self.shared().accounting.send_off(items.len() as u64);
        for item in items {
            self.between.put_out(item);
        }
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.between.core().shared
    }
}

impl<T> State<T> {
    fn take(&mut self) -> Vec<Envelope<T>> {
        self.number += 1;
        std::mem::take(&mut self.items)
    }
}

/// Gives batches away that are not made up in time. Dropped, it closes.
struct Keeper<T: Send + 'static, Out: Send + 'static>(Arc<Gathering<T, Out>>);

impl<T: Send + 'static, Out: Send + 'static> Keeper<T, Out> {
    async fn keep(self) {
        let Self(gathering) = &self;
        let shared = Arc::clone(gathering.shared());
        loop {
            let Some(due) = gathering.due() else {
                let over = pin!(async {
                    shared.closed.cancelled().await;
                    shared.accounting.idle().await;
                });
                let begun = pin!(gathering.begun.notified());
                match select(begun, over).await {
                    futures_util::future::Either::Left(_) => continue,
                    futures_util::future::Either::Right(_) => return,
                }
            };
            let late = pin!(late(due.at));
            let alone = pin!(async {
                shared.closed.cancelled().await;
                shared.accounting.gathered().await
            });
            select(late, alone).await;
            gathering.flush(due.number).await;
        }
    }
}

async fn late(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

impl<T: Send + 'static, Out: Send + 'static> Drop for Keeper<T, Out> {
    fn drop(&mut self) {
        self.0.close();
    }
}
