use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use super::super::bell::Bell;
use super::super::desk::{Desk, Finished, Stale, Turn};
use super::super::queue::{Queue, Taken};
use super::super::watchdog::Nap;
use super::{model, pop, push, take};
use crate::item::DEFAULT_PRIORITY;

#[test]
fn loom_places_that_were_lent_come_back_to_a_feeder_who_waits() {
    model(|| {
        let queue = Arc::new(Queue::new(2, None, false));
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
        let lent = desk.finish(&mut Finished::default()).lent;
        let next = block_on(take(&queue, 1, lent, |_, _| 0));
        assert!(matches!(next, Taken::Item { item: 3, .. }));
        feeder.join().unwrap();
    });
}

#[test]
fn loom_what_a_worker_gives_back_is_taken_up_by_another() {
    model(|| {
        let queue = Arc::new(Queue::new(2, None, false));
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
fn loom_a_desk_is_cleared_while_its_worker_is_at_it() {
    model(|| {
        let queue = Queue::new(3, None, false);
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
            hand = match desk.turn(None, || item) {
                Turn::Next(next) => Some(next),
                Turn::Done => None,
                Turn::NoRoom => {
                    // The worker waits for some of its own.
                    refused += item;
                    desk.next()
                }
            };
        }
        let mut finished = Finished::default();
        desk.finish(&mut finished);
        let found = watchdog.join().unwrap();
        assert_eq!(
            found + refused + finished.outputs.into_iter().sum::<u32>(),
            6
        );
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
