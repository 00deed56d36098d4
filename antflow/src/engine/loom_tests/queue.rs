use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll};

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::SeqCst;
use loom::thread;

use super::super::bell::Bell;
use super::super::queue::{Queue, Taken, Tickets};
use super::{again, model, pop, push, take, ticketed};

#[test]
fn loom_two_feeders_and_one_worker_lose_nothing() {
    model(|| {
        let queue = Arc::new(Queue::new(1, None, false));
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
        let queue = Arc::new(Queue::new(2, None, false));
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
        let queue = Arc::new(Queue::new(1, None, false));
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
        let queue = Arc::new(Queue::new(2, None, false));
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
        let queue = Arc::new(Queue::new(1, None, false));
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
        let queue = Arc::new(Queue::new(1, None, false));
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
        assert_eq!(queue.space(), 0);
    });
}

#[test]
fn loom_what_comes_back_to_a_full_queue_is_taken_up() {
    model(|| {
        let queue = Arc::new(Queue::new(1, None, false));
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
        let queue = Arc::new(Queue::new(1, None, false));
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
        let queue = Arc::new(Queue::new(2, Some(Tickets::within(1)), false));
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
        let queue = Arc::new(Queue::new(2, None, false));
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
fn loom_the_source_passes_from_worker_to_worker() {
    model(|| {
        let queue = Arc::new(Queue::<u32>::new(2, None, false));
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
