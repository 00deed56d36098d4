use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::Ordering::SeqCst;
use loom::sync::atomic::{AtomicBool, AtomicUsize};
use loom::thread;

use super::super::accounting::Accounting;
use super::model;

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

#[test]
fn loom_what_waits_alone_for_a_batch_is_seen() {
    model(|| {
        let account = Arc::new(Accounting::new());
        assert!(account.accept(2));
        let steps = Arc::new(AtomicUsize::new(0));
        let step = |step: fn(&Accounting)| {
            let (account, steps) = (Arc::clone(&account), Arc::clone(&steps));
            thread::spawn(move || {
                steps.fetch_add(1, SeqCst);
                step(&account);
            })
        };
        let threads = [
            step(|account| account.gather(1)),
            step(|account| account.settle(1)),
        ];
        account.close();
        assert!(block_on(account.gathered()));
        assert_eq!(steps.load(SeqCst), 2);
        account.send_off(1);
        account.settle(1);
        block_on(account.idle());
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn loom_a_part_that_waits_for_a_batch_is_not_alone_while_others_are_made() {
    model(|| {
        let account = Arc::new(Accounting::new());
        assert!(account.accept(1));
        let made = Arc::new(AtomicBool::new(false));
        let maker = {
            let (account, made) = (Arc::clone(&account), Arc::clone(&made));
            thread::spawn(move || {
                account.accept_inside(1);
                account.gather(1);
                account.accept_inside(1);
                account.gather(1);
                made.store(true, SeqCst);
                account.settle(1);
            })
        };
        account.close();
        assert!(block_on(account.gathered()));
        assert!(made.load(SeqCst));
        account.send_off(2);
        account.settle(2);
        block_on(account.idle());
        maker.join().unwrap();
    });
}
