//! Models of the hand-made synchronisation: every interleaving that loom finds must keep what the queue and the account
//! promise. Run by `make loom`.

use std::future::poll_fn;
use std::task::Poll;

use super::bell::{Bell, Caller};
use super::queue::{Lanes, PushError, Queue, Queued, Taken};
use crate::item::DEFAULT_PRIORITY;

mod accounting;
mod desk;
mod queue;
mod seat;

fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

impl Queued for u32 {
    fn priority(&self) -> i32 {
        DEFAULT_PRIORITY
    }

    fn enter(&mut self) {}
}

/// Takes as a worker does: asks, and waits for the next time while there is nothing.
async fn take(
    queue: &Queue<u32>,
    limit: usize,
    returned: usize,
    mut rest: impl FnMut(&mut Lanes<u32>, usize) -> usize,
) -> Taken<u32> {
    let mut taker = queue.taker();
    let mut returned = returned;
    poll_fn(|cx| {
        let returned = std::mem::take(&mut returned);
        let taken = taker.take(limit, returned, &mut Vec::new(), &mut rest, || {
            Caller::new(None, cx)
        });
        taken.map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

/// Pushes as a worker does: tries, and waits for room while there is none. False: closed.
async fn push(queue: &Queue<u32>, mut item: u32) -> bool {
    loop {
        let mut bell = Bell::default();
        match queue.try_push(item, &mut bell) {
            Ok(()) => return true,
            Err(PushError::Closed(_)) => return false,
            Err(PushError::Full(back)) => item = back,
        }
        queue.room(None).await;
    }
}

/// Takes an item as a worker does, and calls the next one if there is more.
async fn pop(queue: &Queue<u32>) -> Option<u32> {
    ticketed(queue).await.map(|(item, _)| item)
}

async fn ticketed(queue: &Queue<u32>) -> Option<(u32, Option<u64>)> {
    match take(queue, 1, 0, |_, _| 0).await {
        Taken::Item {
            item,
            ticket,
            calls,
            ..
        } => {
            if calls {
                queue.call(false, &mut Bell::default());
            }
            Some((item, ticket))
        }
        Taken::Source => panic!("there is no source"),
        Taken::Closed => None,
    }
}

fn again(queue: &Queue<u32>, item: u32) {
    let mut bell = Bell::default();
    queue
        .push_again(DEFAULT_PRIORITY, item, None, &mut bell)
        .unwrap();
}
