//! Models of the hand-made synchronisation: every interleaving that loom finds must keep what the queue and the account
//! promise. Run by `make loom`.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::Ordering::SeqCst;
use loom::sync::atomic::{AtomicBool, AtomicUsize};
use loom::thread;

use super::accounting::Accounting;
use super::bell::{Bell, Caller};
use super::desk::{Desk, Stale, Turn};
use super::queue::{Lanes, PushError, Queue, Queued, Taken};
use super::seat::{After, Claim, Turns};
use super::watchdog::Nap;
use crate::item::DEFAULT_PRIORITY;

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
        let taken = taker.take(limit, returned, &mut rest, || Caller::new(None, cx));
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

#[test]
fn loom_two_feeders_and_one_worker_lose_nothing() {
    model(|| {
        let queue = Arc::new(Queue::new(1, None));
        let feeders: Vec<_> = [1, 2]
            .map(|item| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || assert!(block_on(push(&queue, item))))
            })
            .into();
        let sum =
            block_on(async { pop(&queue).await.unwrap_or(0) + pop(&queue).await.unwrap_or(0) });
        assert_eq!(sum, 3);
        for feeder in feeders {
            feeder.join().unwrap();
        }
    });
}

#[test]
fn loom_two_workers_share_what_one_feeder_gives() {
    model(|| {
        let queue = Arc::new(Queue::new(2, None));
        let workers: Vec<_> = (0..2)
            .map(|_| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || block_on(pop(&queue)))
            })
            .collect();
        block_on(async {
            assert!(push(&queue, 1).await);
            assert!(push(&queue, 2).await);
        });
        let got: u32 = workers
            .into_iter()
            .filter_map(|worker| worker.join().unwrap())
            .sum();
        assert_eq!(got, 3);
    });
}

#[test]
fn loom_a_close_ends_everybody_and_gives_back_what_is_left() {
    model(|| {
        let queue = Arc::new(Queue::new(1, None));
        let feeder = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || (1..=2).filter(|item| block_on(push(&queue, *item))).count())
        };
        let worker = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || usize::from(block_on(pop(&queue)).is_some()))
        };
        let left = queue.close().len();
        let (pushed, popped) = (feeder.join().unwrap(), worker.join().unwrap());
        assert_eq!(pushed, popped + left);
    });
}

#[test]
fn loom_a_worker_that_goes_away_passes_its_wake_up_on() {
    model(|| {
        let queue = Arc::new(Queue::new(2, None));
        let leaver = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let waker = futures_util::task::noop_waker();
                let take = pin!(take(&queue, 1, 0, |_, _| 0));
                // Waits once, and is dropped whether or not it was woken.
                matches!(
                    take.poll(&mut Context::from_waker(&waker)),
                    Poll::Ready(Taken::Item { .. })
                )
            })
        };
        let stayer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || block_on(pop(&queue)).is_some())
        };
        block_on(push(&queue, 1));
        if leaver.join().unwrap() {
            block_on(push(&queue, 2));
        }
        assert!(stayer.join().unwrap());
    });
}

#[test]
fn loom_a_feeder_that_goes_away_passes_its_wake_up_on() {
    model(|| {
        let queue = Arc::new(Queue::new(1, None));
        assert!(block_on(push(&queue, 1)));
        let leaver = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let waker = futures_util::task::noop_waker();
                let room = pin!(queue.room(None));
                let _ = room.poll(&mut Context::from_waker(&waker));
            })
        };
        let stayer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || assert!(block_on(push(&queue, 2))))
        };
        assert!(block_on(pop(&queue)).is_some());
        leaver.join().unwrap();
        stayer.join().unwrap();
    });
}

#[test]
fn loom_room_set_aside_and_given_back_reaches_another_feeder() {
    model(|| {
        let queue = Arc::new(Queue::new(1, None));
        let holder = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                if queue.try_reserve(1) == Ok(1) {
                    queue.unreserve(1, &mut Bell::default());
                }
            })
        };
        assert!(block_on(push(&queue, 1)));
        holder.join().unwrap();
        assert_eq!(queue.len(), 1);
    });
}

#[test]
fn loom_what_comes_back_to_a_full_queue_is_taken_up() {
    model(|| {
        let queue = Arc::new(Queue::new(1, None));
        assert!(block_on(push(&queue, 1)));
        let worker = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let first = block_on(pop(&queue)).unwrap();
                again(&queue, first);
                block_on(pop(&queue)).unwrap()
            })
        };
        assert!(block_on(push(&queue, 2)));
        let taken = worker.join().unwrap();
        let left: u32 = queue.close().into_iter().sum();
        assert_eq!(taken + left, 3);
    });
}

#[test]
fn loom_what_comes_back_wakes_an_idle_worker() {
    model(|| {
        let queue = Arc::new(Queue::new(1, None));
        let idle = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || block_on(pop(&queue)))
        };
        again(&queue, 1);
        assert_eq!(idle.join().unwrap(), Some(1));
    });
}

#[test]
fn loom_an_ordered_queue_opens_again_when_its_head_leaves() {
    model(|| {
        let queue = Arc::new(Queue::new(2, Some(1)));
        block_on(async {
            assert!(push(&queue, 1).await);
            assert!(push(&queue, 2).await);
        });
        let first = block_on(ticketed(&queue));
        assert_eq!(first, Some((1, Some(0))));
        let worker = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || block_on(ticketed(&queue)))
        };
        queue.advance(1, &mut Bell::default());
        assert_eq!(worker.join().unwrap(), Some((2, Some(1))));
    });
}

#[test]
fn loom_of_two_items_that_come_at_once_each_finds_a_worker() {
    model(|| {
        let queue = Arc::new(Queue::new(2, None));
        let workers: Vec<_> = (0..2)
            .map(|_| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || block_on(pop(&queue)).unwrap())
            })
            .collect();
        let mut items = VecDeque::from([1, 2]);
        assert_eq!(queue.try_reserve(2), Ok(2));
        queue.fill(2, &mut items, |_, _| false, &mut Bell::default());
        assert!(items.is_empty());
        let got: u32 = workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .sum();
        assert_eq!(got, 3);
    });
}

#[test]
fn loom_places_that_were_lent_come_back_to_a_feeder_who_waits() {
    model(|| {
        let queue = Arc::new(Queue::new(2, None));
        block_on(async {
            assert!(push(&queue, 1).await);
            assert!(push(&queue, 2).await);
        });
        let feeder = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || assert!(block_on(push(&queue, 3))))
        };
        let desk = Desk::<u32, u32>::new();
        let taken = block_on(take(&queue, 2, 0, |items, most| desk.load(items, most)));
        let Taken::Item { calls, .. } = taken else {
            panic!("{taken:?}");
        };
        assert_eq!(desk.next(), Some(2));
        if calls {
            queue.call(false, &mut Bell::default());
        }
        let lent = desk.finish(&mut VecDeque::new()).lent;
        let next = block_on(take(&queue, 1, lent, |_, _| 0));
        assert!(matches!(next, Taken::Item { item: 3, .. }));
        feeder.join().unwrap();
    });
}

#[test]
fn loom_what_a_worker_gives_back_is_taken_up_by_another() {
    model(|| {
        let queue = Arc::new(Queue::new(2, None));
        block_on(async {
            assert!(push(&queue, 1).await);
            assert!(push(&queue, 2).await);
        });
        let desk = Desk::<u32, u32>::new();
        block_on(take(&queue, 2, 0, |items, most| desk.load(items, most)));
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || block_on(pop(&queue)))
        };
        let left = desk.clear();
        let items = left.inputs.into_iter().map(|item| (DEFAULT_PRIORITY, item));
        let refused = queue.give_back(left.lent, items, &mut Bell::default());
        assert!(refused.is_empty());
        assert_eq!(other.join().unwrap(), Some(2));
    });
}

#[test]
fn loom_the_source_passes_from_worker_to_worker() {
    model(|| {
        let queue = Arc::new(Queue::<u32>::new(2, None));
        let left = Arc::new(AtomicUsize::new(2));
        let workers: Vec<_> = (0..2)
            .map(|_| {
                let (queue, left) = (Arc::clone(&queue), Arc::clone(&left));
                thread::spawn(move || {
                    block_on(async {
                        assert_eq!(take(&queue, 1, 0, |_, _| 0).await, Taken::Source);
                        let before = left.fetch_sub(1, SeqCst);
                        if queue.pulled(0, before > 1, false).calls {
                            queue.call(false, &mut Bell::default());
                        }
                    });
                })
            })
            .collect();
        assert!(queue.attach(&mut Bell::default()));
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

#[test]
fn loom_a_desk_is_cleared_while_its_worker_is_at_it() {
    model(|| {
        let queue = Queue::new(3, None);
        block_on(async {
            for item in 1..=3 {
                assert!(push(&queue, item).await);
            }
        });
        let desk = Arc::new(Desk::<u32, u32>::new());
        block_on(take(&queue, 3, 0, |items, most| desk.load(items, most)));
        desk.reserve(3);
        let watchdog = {
            let desk = Arc::clone(&desk);
            thread::spawn(move || {
                let mut seen = 0;
                let mut found = 0;
                for _ in 0..2 {
                    if let Stale::Cleared(cleared) = desk.clear_stale(&mut seen) {
                        let all = cleared.inputs.into_iter().chain(cleared.outputs);
                        found += all.sum::<u32>();
                    }
                }
                found
            })
        };
        let mut refused = 0;
        let mut hand = Some(1);
        while let Some(item) = hand {
            hand = match desk.turn(|| item) {
                Turn::Next(next) => Some(next),
                Turn::Done => None,
                Turn::NoRoom => {
                    // The worker waits for some of its own.
                    refused += item;
                    desk.next()
                }
            };
        }
        let mut outputs = VecDeque::new();
        desk.finish(&mut outputs);
        let found = watchdog.join().unwrap();
        assert_eq!(found + refused + outputs.into_iter().sum::<u32>(), 6);
    });
}

#[test]
fn loom_the_watchdog_does_not_fall_asleep_over_a_loaded_desk() {
    model(|| {
        let nap = Arc::new(Nap::new());
        let loaded = Arc::new(loom::sync::Mutex::new(false));
        assert!(nap.end());
        let worker = {
            let (nap, loaded) = (Arc::clone(&nap), Arc::clone(&loaded));
            thread::spawn(move || {
                *loaded.lock().unwrap() = true;
                nap.end()
            })
        };
        let asleep = nap.begin(|| *loaded.lock().unwrap());
        let woken = worker.join().unwrap();
        assert!(!asleep || woken, "nobody looks after the desk");
    });
}

#[test]
fn loom_a_join_waits_for_all_that_was_accepted() {
    model(|| {
        let account = Arc::new(Accounting::new());
        let settled = Arc::new(AtomicUsize::new(0));
        let feeder = {
            let (account, settled) = (Arc::clone(&account), Arc::clone(&settled));
            thread::spawn(move || {
                let accepted = account.accept(1);
                if accepted {
                    settled.fetch_add(1, SeqCst);
                    account.settle(1);
                }
                accepted
            })
        };
        account.close();
        block_on(account.idle());
        let seen = settled.load(SeqCst);
        let accepted = feeder.join().unwrap();
        // What was accepted before the join had settled when the join returned.
        assert_eq!(seen, usize::from(accepted));
        assert!(!account.accept(1));
    });
}

#[test]
fn loom_an_item_fed_from_within_is_waited_for() {
    model(|| {
        let account = Arc::new(Accounting::new());
        assert!(account.accept(1));
        let done = Arc::new(AtomicBool::new(false));
        let task = {
            let (account, done) = (Arc::clone(&account), Arc::clone(&done));
            thread::spawn(move || {
                account.accept_inside(1);
                account.settle(1);
                done.store(true, SeqCst);
                account.settle(1);
            })
        };
        account.close();
        block_on(account.idle());
        assert!(done.load(SeqCst));
        task.join().unwrap();
    });
}

/// Polls a worker that ends once it has seen `ready`. Returns whether it has.
fn poll(turns: &Turns, ready: &AtomicBool, calls: &AtomicUsize) -> bool {
    if turns.claim() != Claim::Mine {
        return false;
    }
    let seen = ready.load(SeqCst);
    if turns.end(!seen) == After::CallDriver {
        calls.fetch_add(1, SeqCst);
    }
    seen
}

#[test]
fn loom_a_worker_that_two_tasks_poll_misses_no_wake_up() {
    model(|| {
        let turns = Arc::new(Turns::new());
        let ready = Arc::new(AtomicBool::new(false));
        let calls = Arc::new(AtomicUsize::new(0));
        let pollers: Vec<_> = (0..2)
            .map(|_| {
                let (turns, ready, calls) =
                    (Arc::clone(&turns), Arc::clone(&ready), Arc::clone(&calls));
                thread::spawn(move || poll(&turns, &ready, &calls))
            })
            .collect();
        ready.store(true, SeqCst);
        if turns.wake() {
            calls.fetch_add(1, SeqCst);
        }
        let seen = pollers
            .into_iter()
            .fold(false, |seen, poller| poller.join().unwrap() | seen);
        if !seen {
            assert!(calls.load(SeqCst) > 0, "nobody calls the driver");
            assert!(poll(&turns, &ready, &calls));
        }
        assert_eq!(turns.claim(), Claim::Over);
    });
}

#[test]
fn loom_a_worker_whose_driver_goes_is_dropped_once() {
    model(|| {
        let turns = Arc::new(Turns::new());
        let dropped = Arc::new(AtomicUsize::new(0));
        let poller = {
            let (turns, dropped) = (Arc::clone(&turns), Arc::clone(&dropped));
            thread::spawn(move || {
                if turns.claim() == Claim::Mine && turns.end(true) == After::Clear {
                    dropped.fetch_add(1, SeqCst);
                }
            })
        };
        let waker = {
            let turns = Arc::clone(&turns);
            thread::spawn(move || turns.wake())
        };
        if turns.vacate() {
            dropped.fetch_add(1, SeqCst);
        }
        poller.join().unwrap();
        waker.join().unwrap();
        assert_eq!(dropped.load(SeqCst), 1);
        assert_eq!(turns.claim(), Claim::Over);
    });
}
