//! An item that takes long, or for ever, delays no other while a worker is idle.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use antflow::{Pipeline, State, from_fn, pipeline, stage};
use antflow_tests::{Boom, Log, Outcome, count, millis, outcomes, quiet, seconds, values, within};
use futures::StreamExt;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// The item 0 never ends, the others take a second.
#[stage(workers = 2)]
async fn hang_at_zero(item: u64, done: State<Log<u64>>) -> u64 {
    if item == 0 {
        pending::<()>().await;
    }
    tokio::time::sleep(seconds(1)).await;
    done.push(item);
    item
}

#[tokio::test(start_paused = true)]
async fn one_item_that_never_ends_leaves_the_other_worker_to_the_rest() {
    let done = Log::new();
    let etl = pipeline!(hang_at_zero).with_state(done.clone());
    let run = etl.start().unwrap();
    within(run.feed(0..30)).await.unwrap();
    // One after the other, which takes half a minute.
    tokio::time::sleep(seconds(30)).await;
    assert_eq!(done.entries(), (1..30).collect::<Vec<_>>());
    let results = within(run.shutdown()).await;
    assert_eq!(count(&results, Outcome::Completed), 29);
    assert_eq!(outcomes(&results)[0], Outcome::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn all_workers_but_one_may_hang_in_every_stage() {
    let hang = |name: &'static str| {
        let stage = from_fn(name, async |item: u64| {
            if item.is_multiple_of(10) {
                pending::<()>().await;
            }
            Ok::<_, Infallible>(item)
        });
        stage.workers(4).queue(1)
    };
    let etl = Pipeline::builder().stage(hang("A")).stage(hang("B"));
    let run = etl.start().unwrap();
    // Three items that hang in the first stage, and a hundred that do not.
    let items = (0..130).filter(|item| item % 10 != 0 || *item < 30);
    let fed = within(run.feed(items)).await.unwrap();
    assert_eq!(fed, 120);
    quiet().await;
    assert_eq!(run.stats().items_processed, 117);
    assert_eq!(run.stats().items_in_flight, 3);
    within(run.shutdown()).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_first_item_does_not_hold_back_the_stream() {
    let stage = from_fn("Uneven", async |item: u64| {
        let pause = if item == 0 { seconds(3600) } else { millis(10) };
        tokio::time::sleep(pause).await;
        Ok::<_, Infallible>(item)
    });
    let etl = Pipeline::builder().stage(stage.workers(2));
    let start = Instant::now();
    let results = within(etl.stream(0..50).unwrap().collect::<Vec<_>>()).await;
    let order = values(results);
    assert_eq!(order[..49], (1..50).collect::<Vec<_>>());
    assert_eq!(order[49], 0, "the slow one comes last");
    assert_eq!(start.elapsed(), seconds(3600));
}

/// The consumer's loop body runs while the tasks of other items are in the middle of something with a time limit: with
/// futures that only the stream polls, they would not be polled in the meantime and run out of time.
#[tokio::test(start_paused = true)]
async fn tasks_go_on_while_the_consumer_of_the_stream_is_busy() {
    let stage = from_fn("Lively", async |item: u64| {
        for _ in 0..10 {
            let before = Instant::now();
            tokio::time::sleep(millis(100)).await;
            if before.elapsed() > millis(150) {
                return Err(Boom(item));
            }
        }
        Ok(item)
    });
    let etl = Pipeline::builder().stage(stage.workers(3));
    let mut stream = etl.stream(0..9).unwrap();
    let start = Instant::now();
    let mut seen = 0;
    within(async {
        while let Some(result) = stream.next().await {
            assert!(result.is_success(), "it was not polled: {result:?}");
            seen += 1;
            tokio::time::sleep(seconds(5)).await;
        }
    })
    .await;
    assert_eq!(seen, 9);
    // The work of three rounds was done behind the first pause of the consumer.
    assert_eq!(start.elapsed(), seconds(1) + 9 * seconds(5));
}

/// A task that holds what another task needs must be polled to give it back, whatever the consumer does.
#[tokio::test(start_paused = true)]
async fn the_consumer_may_wait_for_what_a_task_holds() {
    let lock = Arc::new(Semaphore::new(1));
    let shared = Arc::clone(&lock);
    let stage = from_fn("Lock", move |item: u64| {
        let lock = Arc::clone(&shared);
        async move {
            let permit = lock.acquire().await.expect("it is never closed");
            tokio::time::sleep(seconds(1)).await;
            drop(permit);
            Ok::<_, Infallible>(item)
        }
    });
    let etl = Pipeline::builder().stage(stage.workers(5));
    let mut stream = etl.stream(0..5).unwrap();
    let order = within(async {
        let mut order = Vec::new();
        while let Some(result) = stream.next().await {
            let _permit = lock.acquire().await.unwrap();
            order.push(result.value.unwrap());
        }
        order.sort_unstable();
        order
    })
    .await;
    assert_eq!(order, [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_waits_for_the_next_stage_does_not_stop_the_tasks_of_its_neighbours() {
    let late = Log::new();
    let log = late.clone();
    let fast = from_fn("Fast", move |item: u64| {
        let late = log.clone();
        async move {
            let start = Instant::now();
            tokio::time::sleep(millis(10)).await;
            let took = start.elapsed();
            if took > millis(20) {
                late.push((item, took));
            }
            Ok::<_, Infallible>(item)
        }
    });
    let slow = from_fn("Slow", async |item: u64| {
        tokio::time::sleep(seconds(1)).await;
        Ok::<_, Infallible>(item)
    });
    let etl = Pipeline::builder()
        .stage(fast.workers(4))
        .stage(slow.queue(1));
    let results = within(etl.run(0..20)).await.unwrap();
    assert_eq!(values(results), (0..20).collect::<Vec<_>>());
    assert_eq!(late.entries(), Vec::<(u64, Duration)>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_blocks_its_thread_does_not_keep_items_that_another_could_take() {
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Arc::new(std::sync::Mutex::new(blocked));
    let done = Log::new();
    let log = done.clone();
    let stage = from_fn("Block", move |item: u64| {
        let (blocked, done) = (Arc::clone(&blocked), log.clone());
        async move {
            if item == 0 {
                // A thread without an `.await`: nothing else on it can go on.
                let waited = blocked
                    .lock()
                    .expect("one locks it")
                    .recv_timeout(seconds(20));
                assert!(
                    waited.is_ok(),
                    "the others did not get through in the meantime"
                );
            }
            done.push(item);
            Ok::<_, Infallible>(item)
        }
    });
    let run = Pipeline::builder().stage(stage.workers(2)).start().unwrap();
    let results = within(async {
        run.feed(0..15).await.unwrap();
        while done.len() < 14 {
            tokio::task::yield_now().await;
        }
        release.send(()).unwrap();
        run.join().await
    })
    .await;
    assert_eq!(values(results).len(), 15);
    assert_eq!(done.entries().last(), Some(&0));
}
