//! A stage with keys works on the items of one key one at a time, in their order, and holds the others up for nobody.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use antflow::event::Callbacks;
use antflow::{
    Hooks, Item, ItemErrorKind, OnWait, Pipeline, Retry, State, TaskContext, from_fn, pipeline,
    stage,
};
use antflow_tests::{
    Boom, Gauge, Log, Outcome, count, outcome, outcomes, panic_quietly, quiet, seconds, values,
    within,
};
use tokio::time::{Instant, sleep};

/// An item, by its key and its number.
type Numbered = (u64, u64);

/// `items` items for each of `keys` keys, in turn.
fn in_turn(keys: u64, items: u64) -> impl Iterator<Item = Numbered> + Clone {
    (0..items).flat_map(move |number| (0..keys).map(move |key| (key, number)))
}

fn key_of(item: &Numbered) -> u64 {
    item.0
}

/// What the items of each key did, in the order in which they did.
fn by_key(log: &Log<Numbered>) -> HashMap<u64, Vec<u64>> {
    let mut by_key = HashMap::<_, Vec<_>>::new();
    for (key, number) in log.entries() {
        by_key.entry(key).or_default().push(number);
    }
    by_key
}

/// How many items of each key are at work.
#[derive(Clone, Default)]
struct Gauges(Arc<Mutex<HashMap<u64, Gauge>>>);

impl Gauges {
    fn of(&self, key: u64) -> Gauge {
        let mut gauges = self.0.lock().expect("nobody panics with it");
        gauges.entry(key).or_default().clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn they_are_worked_on_one_at_a_time_and_in_order_on_many_threads() {
    for queue in [4, 64] {
        let (gauges, all, begun) = (Gauges::default(), Gauge::new(), Log::new());
        let (inside, total, log) = (gauges.clone(), all.clone(), begun.clone());
        let work = from_fn("Work", move |item: Numbered| {
            let (one, total, log) = (inside.of(item.0), total.clone(), log.clone());
            async move {
                let (_one, _total) = (one.enter(), total.enter());
                log.push(item);
                for _ in 0..item.1 % 3 {
                    tokio::task::yield_now().await;
                }
                Ok::<_, Infallible>(item)
            }
        });
        let work = work.workers(8).queue(queue).key(key_of);
        let handed_on = Log::new();
        let log = handed_on.clone();
        let note = from_fn("Note", move |item: Numbered| {
            log.push(item);
            async move { Ok::<_, Infallible>(item) }
        });
        let etl = Pipeline::builder().stage(work).stage(note);
        let results = within(etl.run(in_turn(7, 300))).await.unwrap();
        assert_eq!(values(results), in_turn(7, 300).collect::<Vec<_>>());
        for log in [&begun, &handed_on] {
            for numbers in by_key(log).values() {
                assert!(numbers.is_sorted() && numbers.len() == 300, "{numbers:?}");
            }
        }
        for key in 0..7 {
            assert_eq!(gauges.of(key).peak(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn other_keys_are_not_held_up() {
    let work = from_fn("Work", async |(key, number): Numbered| {
        if key == 0 {
            sleep(seconds(10)).await;
        }
        Ok::<_, Infallible>((key, number))
    });
    let etl = Pipeline::builder().stage(work.workers(2).queue(100).key(key_of));
    let run = etl.start().unwrap();
    within(run.feed(in_turn(5, 10))).await.unwrap();
    quiet().await;
    let stage = &run.stats().stage_stats[0];
    assert_eq!(
        (
            stage.completed_items,
            stage.pending_items,
            stage.in_progress_items
        ),
        (40, 9, 1)
    );
    let started = Instant::now();
    assert_eq!(run.join().await.len(), 50);
    assert!(started.elapsed() >= seconds(99), "{:?}", started.elapsed());
}

async fn fails_first(item: Numbered, tried: Log<Numbered>) -> Result<Numbered, Boom> {
    let again = tried.entries().contains(&item);
    tried.push(item);
    if item.1.is_multiple_of(2) && !again {
        Err(Boom(item.0))
    } else {
        Ok(item)
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_keeps_its_key_while_it_waits_for_another_attempt() {
    let pauses = [OnWait::Hold, OnWait::Release];
    let retries = [Retry::per_task(), Retry::per_stage()];
    for (on_wait, retry) in pauses
        .iter()
        .flat_map(|on_wait| retries.iter().map(move |retry| (on_wait, retry)))
    {
        let tried = Log::new();
        let log = tried.clone();
        let work = from_fn("Work", move |item| fails_first(item, log.clone()))
            .workers(3)
            .retry(retry.clone().attempts(2).wait(seconds(1)).on_wait(*on_wait))
            .key(key_of);
        let results = within(Pipeline::builder().stage(work).run(in_turn(4, 6)))
            .await
            .unwrap();
        assert_eq!(count(&results, Outcome::Completed), 24);
        for numbers in by_key(&tried).values() {
            assert_eq!(numbers, &[0, 0, 1, 2, 2, 3, 4, 4, 5], "{on_wait:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_free_again_however_its_item_ends() {
    let work = from_fn("Work", async |(_, number): Numbered| match number {
        0 => Err(Boom(0)),
        1 => {
            panic_quietly("planned");
            Ok(1)
        }
        2 => std::future::pending().await,
        number => Ok(number),
    });
    let work = work.workers(2).timeout(seconds(5)).key(key_of);
    let results = within(Pipeline::builder().stage(work).run(in_turn(1, 4)))
        .await
        .unwrap();
    let ended = [
        Outcome::Failed,
        Outcome::Panicked,
        Outcome::TimedOut,
        Outcome::Completed,
    ];
    assert_eq!(outcomes(&results), ended);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_key_takes_room_in_the_queue() {
    let work = from_fn("Work", async |item: Numbered| {
        sleep(seconds(1)).await;
        Ok::<_, Infallible>(item)
    });
    let etl = Pipeline::builder().stage(work.workers(3).queue(5).key(key_of));
    let run = Arc::new(etl.start().unwrap());
    let feeding = tokio::spawn({
        let run = Arc::clone(&run);
        async move { run.feed(in_turn(1, 50)).await }
    });
    for passed in 0..5 {
        quiet().await;
        let stats = run.stats();
        let (queued, busy) = (
            stats.stage_stats[0].pending_items,
            stats.stage_stats[0].in_progress_items,
        );
        assert_eq!(busy, 1, "after {passed} seconds");
        assert!(
            (3..=6).contains(&queued),
            "{queued} wait after {passed} seconds"
        );
        sleep(seconds(1)).await;
    }
    within(feeding).await.unwrap().unwrap();
    let results = run.join().await;
    assert_eq!(values(results), in_turn(1, 50).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_what_waits_for_a_key() {
    let work = from_fn("Work", async |_: Numbered| {
        std::future::pending::<()>().await;
        Ok::<_, Infallible>(())
    });
    let etl = Pipeline::builder().stage(work.workers(3).queue(50).key(key_of));
    let run = etl.start().unwrap();
    within(run.feed(in_turn(2, 20))).await.unwrap();
    quiet().await;
    assert_eq!(run.stats().stage_stats[0].in_progress_items, 2);
    let results = within(run.shutdown()).await;
    assert_eq!(count(&results, Outcome::Cancelled), 40);
    let stats = run.stats();
    assert_eq!(
        (
            stats.items_in_flight,
            stats.stage_stats[0].pending_items,
            stats.stage_stats[0].cancelled_items
        ),
        (0, 0, 40)
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_that_panics_fails_its_item_alone() {
    let statuses = Log::new();
    let log = statuses.clone();
    let work = from_fn("Work", async |item: Numbered| Ok::<_, Infallible>(item))
        .workers(3)
        .key(|item: &Numbered| {
            if item.1 == 2 {
                panic_quietly("planned");
            }
            item.0
        });
    let watched = Callbacks::new().on_status_change(move |event: &antflow::event::StatusEvent| {
        if event.sequence_id == 2 {
            log.push(event.status.as_str());
        }
    });
    let etl = Pipeline::builder().stage(work).observe(watched);
    let results = within(etl.run(in_turn(1, 5))).await.unwrap();
    assert_eq!(outcome(&results[2]), Outcome::Panicked);
    let error = results[2].error().unwrap();
    assert!(
        matches!(error.kind(), ItemErrorKind::Panicked(text) if text == "planned"),
        "{error:?}"
    );
    assert_eq!((error.stage(), error.attempts()), ("Work", 1));
    assert_eq!(statuses.entries(), ["queued", "in_progress", "failed"]);
    assert_eq!(count(&results, Outcome::Completed), 4);
}

#[tokio::test(start_paused = true)]
async fn an_urgent_item_goes_before_those_of_its_key_that_nobody_has_taken() {
    let begun = Log::new();
    let log = begun.clone();
    let work = from_fn("Work", move |item: Numbered| {
        log.push(item);
        async move { Ok::<_, Infallible>(item) }
    });
    let etl = Pipeline::builder().stage(work.workers(3).queue(50).key(key_of));
    let run = etl.start().unwrap();
    run.pause();
    within(run.feed(in_turn(2, 3))).await.unwrap();
    within(run.feed([Item::new((0, 9)).priority(1)]))
        .await
        .unwrap();
    run.resume();
    within(run.join()).await;
    assert_eq!(
        by_key(&begun),
        [(0, vec![9, 0, 1, 2]), (1, vec![0, 1, 2])].into()
    );
}

#[derive(Clone)]
struct Payment {
    account: String,
    amount: i64,
}

fn account(payment: &Payment) -> &str {
    &payment.account
}

#[stage(workers = 4, retry = "per_task", attempts = 2, wait = "1s", on_wait = "release", key = account)]
async fn book(
    payment: &Payment,
    cx: &TaskContext,
    booked: State<Log<(String, i64)>>,
) -> Result<i64, Boom> {
    if payment.amount == 0 && cx.attempt() == 1 {
        return Err(Boom(0));
    }
    booked.push((payment.account.clone(), payment.amount));
    Ok(payment.amount)
}

#[tokio::test(start_paused = true)]
async fn an_attribute_says_by_what_they_are_told_apart() {
    let booked = Log::new();
    let etl = pipeline!(book).with_state(booked.clone());
    let payments = (0..6).flat_map(|amount| {
        ["ann", "bob"].map(|account| Payment {
            account: account.to_owned(),
            amount,
        })
    });
    let results = within(etl.run(payments)).await.unwrap();
    assert_eq!(count(&results, Outcome::Completed), 12);
    for name in ["ann", "bob"] {
        let booked = booked.entries().into_iter();
        let amounts: Vec<_> = booked.filter(|(account, _)| account == name).collect();
        assert!(amounts.is_sorted() && amounts.len() == 6, "{amounts:?}");
    }
}

/// Hooks that skip, beside a key.
#[derive(Clone)]
struct SkipOdd;

impl Hooks<Numbered, Numbered> for SkipOdd {
    async fn skip(&self, _: &TaskContext, input: Numbered) -> Result<Numbered, Numbered> {
        if input.1 % 2 == 1 {
            Ok(input)
        } else {
            Err(input)
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_works_beside_hooks_and_with_order_and_from_streams() {
    let begun = Log::new();
    let log = begun.clone();
    let work = from_fn("Work", move |item: Numbered| {
        log.push(item);
        async move {
            sleep(Duration::from_millis(20 - item.1)).await;
            Ok::<_, Infallible>(item)
        }
    });
    let work = work
        .hooks(SkipOdd)
        .workers(4)
        .queue(8)
        .ordered()
        .key(key_of);
    let etl = Pipeline::builder().stage(work);
    let mut results = etl.stream(in_turn(3, 20)).unwrap();
    let mut seen = Vec::new();
    while let Some(result) = within(results.next()).await {
        seen.push(result.value.unwrap());
    }
    assert_eq!(seen, in_turn(3, 20).collect::<Vec<_>>());
    for numbers in by_key(&begun).values() {
        assert_eq!(*numbers, (0..20).step_by(2).collect::<Vec<_>>());
    }
}
