//! Queues are bounded, and no retry, injection or shutdown ever waits for room that it would have to make itself.

use std::convert::Infallible;
use std::sync::Arc;

use antflow::{FeedError, Feeder, OnWait, Pipeline, Retry, TaskContext, from_fn, pipeline, stage};
use antflow_tests::{
    Boom, Log, Outcome, Recorder, count, millis, outcomes, quiet, seconds, values, within,
};
use tokio::sync::Semaphore;

#[stage(workers = 2, queue = 2, retry = "per_stage", attempts = 3, wait = "0s")]
async fn refuse(item: u64) -> Result<u64, Boom> {
    tokio::task::yield_now().await;
    Err(Boom(item))
}

#[tokio::test(start_paused = true)]
async fn every_item_fails_per_stage_in_front_of_a_full_queue() {
    let recorder = Recorder::new();
    let run = pipeline!(refuse).observe(recorder.clone()).start().unwrap();
    within(run.feed(0..50)).await.unwrap();
    let results = within(run.join()).await;
    assert_eq!(outcomes(&results), [Outcome::Failed; 50]);
    assert!(
        results
            .iter()
            .all(|result| result.error().unwrap().attempts() == 3)
    );
    recorder.check(&results, &run.stats());
    assert_eq!(run.stats().stage_stats[0].retries, 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_item_fails_per_stage_on_many_threads() {
    for _ in 0..10 {
        let results = within(pipeline!(refuse.workers(8)).run(0..200))
            .await
            .unwrap();
        assert_eq!(count(&results, Outcome::Failed), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn retries_of_all_kinds_go_through_queues_of_one() {
    for retry in [Retry::per_task(), Retry::per_stage()] {
        for on_wait in [OnWait::Hold, OnWait::Release] {
            let retry = retry.clone().attempts(4).wait(millis(7)).on_wait(on_wait);
            let flaky = |name: &'static str| {
                let calls = Log::new();
                let stage = from_fn(name, move |item: u64| {
                    let call = calls.push(item);
                    async move {
                        if call % 3 == 0 {
                            Ok(item)
                        } else {
                            Err(Boom(item))
                        }
                    }
                });
                stage.workers(3).queue(1).retry(retry.clone())
            };
            let recorder = Recorder::new();
            let etl = Pipeline::builder()
                .stage(flaky("A"))
                .stage(flaky("B"))
                .stage(flaky("C").ordered())
                .observe(recorder.clone());
            let run = etl.start().unwrap();
            within(run.feed(0..60)).await.unwrap();
            let results = within(run.join()).await;
            assert_eq!(results.len(), 60);
            assert_ne!(count(&results, Outcome::Completed), 0);
            recorder.check(&results, &run.stats());
        }
    }
}

#[stage(workers = 4, queue = 1)]
async fn multiply(depth: u64, cx: &TaskContext) -> Result<u64, FeedError> {
    tokio::time::sleep(millis(5)).await;
    if depth > 0 {
        cx.feed_at::<multiply>([depth - 1; 3]).await?;
    }
    Ok(depth)
}

#[tokio::test(start_paused = true)]
async fn all_workers_feed_their_own_full_queue() {
    let run = pipeline!(multiply).start().unwrap();
    within(run.feed([4; 8])).await.unwrap();
    let results = within(run.join()).await;
    // 1 + 3 + 9 + 27 + 81 of each.
    assert_eq!(count(&results, Outcome::Completed), 8 * 121);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_workers_feed_their_own_full_queue_on_many_threads() {
    let run = pipeline!(multiply).start().unwrap();
    within(run.feed([4; 8])).await.unwrap();
    let results = within(run.join()).await;
    assert_eq!(count(&results, Outcome::Completed), 8 * 121);
}

#[stage(workers = 2, queue = 1)]
async fn source(item: u64) -> u64 {
    item
}

#[stage(workers = 2, queue = 1)]
async fn echo(item: u64, cx: &TaskContext) -> Result<u64, FeedError> {
    tokio::time::sleep(millis(5)).await;
    if item < 1000 {
        cx.feed_at::<source>([item + 1000]).await?;
    }
    Ok(item)
}

#[tokio::test(start_paused = true)]
async fn the_last_stage_feeds_a_full_first_stage_that_waits_for_the_last() {
    let run = pipeline!(source >> echo).start().unwrap();
    within(run.feed(0..200)).await.unwrap();
    assert_eq!(values(within(run.join()).await).len(), 400);
}

#[tokio::test(start_paused = true)]
async fn a_task_feeds_a_later_stage_and_waits_for_room_there() {
    #[stage(workers = 3)]
    async fn spread(item: u64, cx: &TaskContext) -> Result<u64, FeedError> {
        cx.feed_at::<narrow>([item + 100, item + 200]).await?;
        Ok(item)
    }
    #[stage(queue = 1)]
    async fn narrow(item: u64, cx: &TaskContext) -> u64 {
        let _ = cx;
        tokio::time::sleep(millis(10)).await;
        item
    }
    let run = pipeline!(spread >> narrow).start().unwrap();
    let most = async {
        let mut most = 0;
        while run.stats().items_processed < 60 {
            most = most.max(run.stats().stage("Narrow").unwrap().pending_items);
            tokio::time::sleep(millis(1)).await;
        }
        most
    };
    let (fed, most) = within(async { tokio::join!(run.feed(0..20), most) }).await;
    assert_eq!(fed, Ok(20));
    assert_eq!(most, 1, "the queue went over its capacity");
    assert_eq!(values(within(run.join()).await).len(), 60);
}

/// 20 fast workers in front of 1 slow one with room for 1: nineteen of them wait for room when the run is cut off.
fn funnel() -> Pipeline<impl antflow::Launch<(), Input = u64, Output = u64>> {
    let fast = from_fn("Fast", async |item: u64| Ok::<_, Infallible>(item));
    let slow = from_fn("Slow", async |item: u64| {
        tokio::time::sleep(seconds(3600)).await;
        Ok::<_, Infallible>(item)
    });
    Pipeline::builder()
        .stage(fast.workers(20))
        .stage(slow.queue(1))
}

#[tokio::test(start_paused = true)]
async fn shutdown_frees_workers_that_wait_for_a_full_queue() {
    let recorder = Recorder::new();
    let run = funnel().observe(recorder.clone()).start().unwrap();
    within(run.feed(0..100)).await.unwrap();
    quiet().await;
    let stats = run.stats();
    assert_eq!(stats.stage("Slow").unwrap().pending_items, 1);
    assert_eq!(stats.stage("Fast").unwrap().in_progress_items, 20);
    let start = tokio::time::Instant::now();
    let results = within(run.shutdown()).await;
    assert_eq!(start.elapsed(), millis(0));
    assert_eq!(outcomes(&results), [Outcome::Cancelled; 100]);
    recorder.check(&results, &run.stats());
}

#[tokio::test(start_paused = true)]
async fn shutdown_frees_those_who_are_feeding() {
    let run = funnel().start().unwrap();
    let mut items = 0..10_000;
    let (fed, results) = within(async {
        tokio::join!(run.feed(&mut items), async {
            tokio::time::sleep(seconds(1)).await;
            run.shutdown().await
        })
    })
    .await;
    let Err(FeedError::Closed { fed }) = fed else {
        panic!("everything was fed: {fed:?}");
    };
    // A full queue, and at most what the workers, the queue of the second stage and its worker have taken of it since.
    assert!((200..=200 + 20 + 1 + 1).contains(&fed), "{fed}");
    assert_eq!(results.len(), fed);
    assert_eq!(items.next(), Some(fed as u64), "an item was taken and lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn shutdown_under_load_on_many_threads() {
    for _ in 0..20 {
        let gate = Arc::new(Semaphore::new(0));
        let begun = Arc::clone(&gate);
        let slow = from_fn("Slow", move |item: u64| {
            begun.add_permits(1);
            async move {
                std::future::pending::<()>().await;
                Ok::<_, Infallible>(item)
            }
        });
        let fast = from_fn("Fast", async |item: u64| Ok::<_, Infallible>(item));
        let etl = Pipeline::builder()
            .stage(fast.workers(20).queue(4))
            .stage(slow.queue(1));
        let recorder = Recorder::new();
        let run = Arc::new(etl.observe(recorder.clone()).start().unwrap());
        let feeding = Arc::clone(&run);
        let fed = tokio::spawn(async move { feeding.feed(0..).await });
        within(gate.acquire()).await.unwrap().forget();
        let results = within(run.shutdown()).await;
        let fed = within(fed).await.unwrap();
        assert_eq!(fed, Err(FeedError::Closed { fed: results.len() }));
        assert_eq!(count(&results, Outcome::Cancelled), results.len());
        recorder.check(&results, &run.stats());
    }
}

#[tokio::test(start_paused = true)]
async fn a_feeder_inside_a_task_does_not_wait_for_its_own_stage() {
    let slot: Log<Feeder<u64>> = Log::new();
    let feeders = slot.clone();
    let stage = from_fn("Double", move |item: u64| {
        let feeders = feeders.entries();
        async move {
            if item < 100 {
                feeders[0].feed([item + 100, item + 200]).await?;
            }
            Ok::<_, FeedError>(item)
        }
    });
    let etl = Pipeline::builder().stage(stage.queue(1));
    let run = etl.start().unwrap();
    slot.push(run.feeder());
    within(run.feed(0..30)).await.unwrap();
    assert_eq!(values(within(run.join()).await).len(), 90);
}
