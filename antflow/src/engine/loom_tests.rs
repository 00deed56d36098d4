//! Models of the hand-made synchronisation: every interleaving that loom finds must keep what the queue and the account
//! promise. Run by `make loom`.

use std::pin::pin;
use std::task::{Context, Poll};

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use super::accounting::Accounting;
use super::queue::{PushError, Queue};
use crate::item::DEFAULT_PRIORITY;

fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

/// Pushes as a worker does: tries, and waits for room while there is none. False: closed.
async fn push(queue: &Queue<u32>, mut item: u32) -> bool {
    loop {
        match queue.try_push(DEFAULT_PRIORITY, item, |item| item) {
            Ok(()) => return true,
            Err(PushError::Closed(_)) => return false,
            Err(PushError::Full(back)) => item = back,
        }
        queue.room().await;
    }
}

async fn pop(queue: &Queue<u32>) -> Option<u32> {
    queue.pop().await.map(|(item, _)| item)
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
                let pop = pin!(queue.pop());
                // Waits once, and is dropped whether or not it was woken.
                matches!(
                    pop.poll(&mut Context::from_waker(&waker)),
                    Poll::Ready(Some(_))
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
                let room = pin!(queue.room());
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
                    queue.unreserve(1);
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
                queue.push_again(DEFAULT_PRIORITY, first).unwrap();
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
        queue.push_again(DEFAULT_PRIORITY, 1).unwrap();
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
        let first = block_on(queue.pop());
        assert_eq!(first, Some((1, Some(0))));
        let worker = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || block_on(queue.pop()))
        };
        queue.advance(1);
        assert_eq!(worker.join().unwrap(), Some((2, Some(1))));
    });
}

#[test]
fn loom_a_join_waits_for_all_that_was_accepted() {
    model(|| {
        let account = Arc::new(Accounting::new());
        let settled = Arc::new(loom::sync::atomic::AtomicUsize::new(0));
        let feeder = {
            let (account, settled) = (Arc::clone(&account), Arc::clone(&settled));
            thread::spawn(move || {
                let accepted = account.accept(1);
                if accepted {
                    settled.fetch_add(1, loom::sync::atomic::Ordering::SeqCst);
                    account.settle(1);
                }
                accepted
            })
        };
        account.close();
        block_on(account.idle());
        let seen = settled.load(loom::sync::atomic::Ordering::SeqCst);
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
        let done = Arc::new(loom::sync::atomic::AtomicBool::new(false));
        let task = {
            let (account, done) = (Arc::clone(&account), Arc::clone(&done));
            thread::spawn(move || {
                account.accept_inside(1);
                account.settle(1);
                done.store(true, loom::sync::atomic::Ordering::SeqCst);
                account.settle(1);
            })
        };
        account.close();
        block_on(account.idle());
        assert!(done.load(loom::sync::atomic::Ordering::SeqCst));
        task.join().unwrap();
    });
}
