use loom::sync::Arc;
use loom::sync::atomic::Ordering::SeqCst;
use loom::sync::atomic::{AtomicBool, AtomicUsize};
use loom::thread;

use super::super::seat::{After, Claim, Turns};
use super::model;

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
            assert!(turns.is_woken(), "nobody sees that it is late");
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
