//! An `ordered` stage passes items on in the order in which they entered it, whatever happens to some of them.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use antflow::{Item, OnWait, Pipeline, Retry, State, TaskContext, from_fn, pipeline, stage};
use antflow_tests::{
    Boom, Gauge, Log, Outcome, Recorder, count, millis, quiet, seconds, values, within,
};

/// Notes what arrives, in order.
#[stage]
async fn arrive(item: u64, seen: State<Log<u64>>) -> u64 {
    seen.push(item);
    item
}

/// Small items take long.
#[stage(workers = 5, ordered)]
async fn uneven(item: u64) -> u64 {
    tokio::time::sleep(millis(1000 / (item % 5 + 1))).await;
    item
}

#[tokio::test(start_paused = true)]
async fn items_leave_in_the_order_in_which_they_came() {
    let seen = Log::new();
    let etl = pipeline!(uneven >> arrive).with_state(seen.clone());
    let results = within(etl.run(0..60)).await.unwrap();
    assert_eq!(values(results), (0..60).collect::<Vec<_>>());
    assert_eq!(seen.entries(), (0..60).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn without_ordered_they_do_not() {
    let seen = Log::new();
    let free = from_fn("Free", async |item| Ok::<_, Infallible>(uneven(item).await));
    let etl = pipeline!((free.workers(5)) >> arrive).with_state(seen.clone());
    let results = within(etl.run(0..60)).await;
    assert_eq!(values(results.unwrap()).len(), 60);
    assert_ne!(seen.entries(), (0..60).collect::<Vec<_>>());
}

fn is_seventh(item: &u64) -> bool {
    item % 7 == 3
}

#[stage(workers = 4, ordered, retry = "per_stage", wait = "300ms", skip_if = is_seventh)]
async fn rough_stage(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    rough(item, cx.attempt()).await
}

#[stage(workers = 4, ordered, retry = "per_stage", wait = "300ms", on_wait = "release", skip_if = is_seventh)]
async fn rough_stage_release(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    rough(item, cx.attempt()).await
}

#[stage(workers = 4, ordered, retry = "per_task", wait = "300ms", on_wait = "release", skip_if = is_seventh)]
async fn rough_task_release(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    rough(item, cx.attempt()).await
}

/// Fails, panics, succeeds late or takes its time.
async fn rough(item: u64, attempt: u32) -> Result<u64, Boom> {
    tokio::time::sleep(millis(item * 31 % 70)).await;
    match item % 6 {
        0 => Err(Boom(item)),
        1 if attempt < 3 => Err(Boom(item)),
        2 if item.is_multiple_of(5) => std::panic::resume_unwind(Box::new("rough")),
        _ => Ok(item),
    }
}

#[tokio::test(start_paused = true)]
async fn order_holds_around_failures_retries_panics_and_skips() {
    macro_rules! check {
        ($stage:ident, $queue:expr) => {
            let (seen, recorder) = (Log::new(), Recorder::new());
            let etl = pipeline!($stage.queue($queue) >> arrive.queue(1));
            let etl = etl.with_state(seen.clone()).observe(recorder.clone());
            let run = etl.start().unwrap();
            within(run.feed(0..120)).await.unwrap();
            let results = within(run.join()).await;
            recorder.check(&results, &run.stats());
            let passed = |item: &u64| {
                let lost = item % 6 == 0 || item % 6 == 2 && item % 5 == 0;
                is_seventh(item) || !lost
            };
            assert_eq!(seen.entries(), (0..120).filter(passed).collect::<Vec<_>>());
            assert_ne!(count(&results, Outcome::Panicked), 0);
            assert_ne!(count(&results, Outcome::Failed), 0);
            assert_ne!(run.stats().stage_stats[0].skipped_items, 0);
        };
    }
    for queue in [1, 3, 40] {
        check!(rough_stage, queue);
        check!(rough_stage_release, queue);
        check!(rough_task_release, queue);
    }
}

#[tokio::test(start_paused = true)]
async fn order_is_that_of_entering_so_priorities_count_before() {
    let seen = Log::new();
    let etl = pipeline!(uneven.workers(3).queue(20) >> arrive);
    let run = etl.with_state(seen.clone()).start().unwrap();
    let items = (0..12_u64).map(|n| Item::new(n).priority(12 - i32::try_from(n).unwrap()));
    within(run.feed(items)).await.unwrap();
    let results = values(within(run.join()).await);
    // The results stay in input order, the stage took the items by priority and kept that order.
    assert_eq!(results, (0..12).collect::<Vec<_>>());
    assert_eq!(seen.entries(), (0..12).rev().collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn what_waits_behind_a_slow_item_is_bounded() {
    let begun = Gauge::new();
    let gauge = begun.clone();
    let stage = from_fn("Head", move |item: u64| {
        let inside = gauge.enter();
        async move {
            if item == 0 {
                pending::<()>().await;
            }
            drop(inside);
            Ok::<_, Infallible>(item)
        }
    });
    let etl = Pipeline::builder().stage(stage.workers(2).queue(8).ordered());
    let run = etl.start().unwrap();
    let mut items = 0..10_000;
    let fed = tokio::time::timeout(seconds(60), run.feed(&mut items));
    assert!(within(fed).await.is_err());
    // As many begun as the window lets in, and a full queue.
    assert_eq!(begun.total(), 8);
    assert_eq!(run.stats().items_submitted, 16);
    within(run.shutdown()).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_does_not_stop_the_others_from_being_worked_on() {
    let done = Log::new();
    let log = done.clone();
    let stage = from_fn("Head", move |item: u64| {
        let log = log.clone();
        async move {
            tokio::time::sleep(seconds(if item == 0 { 100 } else { 1 })).await;
            log.push(item);
            Ok::<_, Infallible>(item)
        }
    });
    let etl = Pipeline::builder().stage(stage.workers(3).queue(30).ordered());
    let run = etl.start().unwrap();
    within(run.feed(0..20)).await.unwrap();
    tokio::time::sleep(seconds(15)).await;
    assert_eq!(done.len(), 19, "the items behind the slow one waited");
    quiet().await;
    assert_eq!(run.stats().items_processed, 0, "they left before it");
    assert_eq!(values(within(run.join()).await).len(), 20);
}

#[tokio::test(start_paused = true)]
async fn two_ordered_stages_with_retries_and_queues_of_one() {
    let seen = Log::new();
    let flaky = |name: &'static str| {
        let calls = Log::new();
        let stage = from_fn(name, move |item: u64| {
            let call = calls.push(item) as u64;
            async move {
                tokio::time::sleep(millis(call * 13 % 40)).await;
                if call.is_multiple_of(3) {
                    Err(Boom(item))
                } else {
                    Ok(item)
                }
            }
        });
        let retry = Retry::per_task().attempts(20).on_wait(OnWait::Release);
        stage
            .workers(4)
            .queue(1)
            .ordered()
            .retry(retry.wait(millis(5)))
    };
    let etl = pipeline!((flaky("A")) >> (flaky("B")) >> arrive.queue(1));
    let results = within(etl.with_state(seen.clone()).run(0..100)).await;
    assert_eq!(values(results.unwrap()).len(), 100);
    assert_eq!(seen.entries(), (0..100).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn order_holds_on_many_threads() {
    for _ in 0..5 {
        let seen = Log::new();
        let jump = from_fn("Jump", async |item: u64| {
            for _ in 0..item * 7 % 5 {
                tokio::task::yield_now().await;
            }
            if item.is_multiple_of(11) {
                Err(Boom(item))
            } else {
                Ok(item)
            }
        });
        let retry = Retry::per_stage().wait(millis(0)).on_wait(OnWait::Release);
        let jump = jump.workers(8).queue(3).ordered().retry(retry);
        let etl = pipeline!((jump) >> arrive.queue(1));
        let results = within(etl.with_state(seen.clone()).run(0..1000)).await;
        assert_eq!(results.unwrap().len(), 1000);
        let expected = (0..1000).filter(|item| item % 11 != 0);
        assert_eq!(seen.entries(), expected.collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_is_asked_for_no_more_than_fits_behind_a_slow_head() {
    let taken = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&taken);
    let items = (0..10_000_u64).inspect(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let work = from_fn("Work", async |item: u64| {
        if item == 0 {
            tokio::time::sleep(seconds(1)).await;
        }
        Ok::<_, Infallible>(item)
    });
    let etl = Pipeline::builder().stage(work.workers(2).queue(4).ordered());
    let run = tokio::spawn(async move { etl.run(items).await.unwrap().len() });
    quiet().await;
    let at_first = taken.load(Ordering::Relaxed);
    assert!(at_first <= 4 + 4 + 1, "{at_first} items were taken");
    assert_eq!(within(run).await.unwrap(), 10_000);
}
