//! Pools as an expert would write them: two channels fewer.
//!
//! The first stage's workers pull the items from the shared iterator themselves, and the last stage's workers put each
//! result in its place. Of three stages two are left that have a channel in front of them.

use std::sync::{Arc, Mutex, PoisonError};

use super::super::measure::Failure;
use super::super::work::Work;
use super::super::workload::Shape;
use super::channels::Channel;
use super::slots::{Slots, join};

pub(crate) async fn run<C: Channel, W: Work>(shape: Shape, work: W) -> Result<Vec<u64>, Failure> {
    let items = Arc::new(Mutex::new((0..shape.items as u64).enumerate()));
    let results = Slots::new(shape.items);
    let mut tasks = Vec::with_capacity(shape.stages * shape.workers);
    let mut up: Option<C::Receiver> = None;
    for stage in 1..=shape.stages {
        let (down, next) = if stage < shape.stages {
            let (down, next) = C::bounded(shape.capacity);
            (Some(down), Some(next))
        } else {
            (None, None)
        };
        for _ in 0..shape.workers {
            let source = match &up {
                Some(up) => Source::<C, _>::Channel(up.clone()),
                None => Source::Items(Arc::clone(&items)),
            };
            let target = match &down {
                Some(down) => Target::<C>::Channel(down.clone()),
                None => Target::Slots(results.clone()),
            };
            tasks.push(tokio::spawn(async move {
                while let Some((index, x)) = source.next().await {
                    if !target.put(index, work.call(x).await).await {
                        break;
                    }
                }
            }));
        }
        up = next;
    }
    drop(up);
    join(tasks).await?;
    Ok(results.take())
}

enum Source<C: Channel, I> {
    Items(Arc<Mutex<I>>),
    Channel(C::Receiver),
}

impl<C: Channel, I: Iterator<Item = (usize, u64)> + Send> Source<C, I> {
    async fn next(&self) -> Option<(usize, u64)> {
        match self {
            Self::Items(items) => items.lock().unwrap_or_else(PoisonError::into_inner).next(),
            Self::Channel(receiver) => C::recv(receiver).await,
        }
    }
}

enum Target<C: Channel> {
    Channel(C::Sender),
    Slots(Slots),
}

impl<C: Channel> Target<C> {
    async fn put(&self, index: usize, x: u64) -> bool {
        match self {
            Self::Channel(sender) => C::send(sender, (index, x)).await,
            Self::Slots(slots) => {
                slots.put(index, x);
                true
            }
        }
    }
}
