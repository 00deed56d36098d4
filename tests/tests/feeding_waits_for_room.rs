//! A feeder that is faster than the stages waits: queues never hold more than they are told to.

use std::convert::Infallible;
use std::future::pending;

use antflow::{FeedError, Pipeline, State, from_fn, pipeline, stage};
use antflow_tests::{Gauge, Log, millis, quiet, seconds, values, within};
use futures::FutureExt;

#[stage]
async fn narrow(item: u64) -> u64 {
    tokio::time::sleep(millis(10)).await;
    item
}

#[tokio::test(start_paused = true)]
async fn a_queue_never_holds_more_than_its_capacity() {
    let run = pipeline!(narrow.queue(3) >> narrow.named("Second").queue(2))
        .start()
        .unwrap();
    let watch = async {
        let mut most = [0, 0];
        while run.stats().items_processed < 40 {
            for (most, stage) in most.iter_mut().zip(run.stats().stage_stats) {
                *most = stage.pending_items.max(*most);
            }
            tokio::time::sleep(millis(1)).await;
        }
        most
    };
    let (fed, most) = within(async { tokio::join!(run.feed(0..40), watch) }).await;
    assert_eq!(fed, Ok(40));
    assert_eq!(most[0], 3, "full, and no more");
    assert!(most[1] <= 2, "{most:?}");
    assert_eq!(
        values(within(run.join()).await),
        (0..40).collect::<Vec<_>>()
    );
}

#[tokio::test(start_paused = true)]
async fn the_default_capacity_is_ten_for_each_worker() {
    let run = pipeline!(narrow >> narrow.named("Five").workers(5) >> narrow.named("Own").queue(7))
        .start()
        .unwrap();
    let capacities = run.stats().stage_stats.into_iter();
    let capacities: Vec<_> = capacities.map(|stage| stage.queue_capacity).collect();
    assert_eq!(capacities, [10, 50, 7]);
}

#[tokio::test(start_paused = true)]
async fn feeding_a_full_queue_waits_and_goes_on_when_there_is_room() {
    #[stage(queue = 2)]
    async fn gated(item: u64, gate: State<std::sync::Arc<tokio::sync::Semaphore>>) -> u64 {
        gate.acquire().await.expect("it is never closed").forget();
        item
    }
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let run = pipeline!(gated).with_state(gate.clone()).start().unwrap();
    // Two in the queue and, once the worker has taken one, a third.
    assert_eq!(within(run.feed([0, 1, 2])).await, Ok(3));
    let mut more = Box::pin(run.feed([3]));
    assert!(more.as_mut().now_or_never().is_none(), "there was no room");
    quiet().await;
    assert!(more.as_mut().now_or_never().is_none(), "there was no room");
    gate.add_permits(1);
    assert_eq!(within(more).await, Ok(1));
    gate.add_permits(10);
    assert_eq!(values(within(run.join()).await), [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn the_iterator_is_asked_only_when_there_is_room() {
    let stage = from_fn("Stuck", async |item: u64| {
        pending::<()>().await;
        Ok::<_, Infallible>(item)
    });
    let asked = Log::new();
    let log = asked.clone();
    let mut items = (0..100).inspect(move |item| {
        log.push(*item);
    });
    let run = Pipeline::builder().stage(stage.queue(4)).start().unwrap();
    let feeding = within(async { tokio::time::timeout(seconds(60), run.feed(&mut items)).await });
    assert!(feeding.await.is_err(), "it was all fed");
    assert_eq!(
        asked.entries(),
        [0, 1, 2, 3, 4],
        "one in hand and four queued"
    );
    assert_eq!(run.stats().items_submitted, 5);
    // What was not accepted is still there.
    assert_eq!(items.next(), Some(5));
    assert_eq!(within(run.shutdown()).await.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn feeders_that_wait_all_get_their_turn() {
    let run = pipeline!(narrow.queue(1)).start().unwrap();
    let feeders = (0..20).map(|feeder| run.feed((0..5).map(move |n| 100 * feeder + n)));
    let fed = within(futures::future::join_all(feeders)).await;
    assert!(fed.iter().all(|fed| *fed == Ok(5)), "{fed:?}");
    let mut all = values(within(run.join()).await);
    all.sort_unstable();
    let expected = (0..20).flat_map(|feeder| (0..5).map(move |n| 100 * feeder + n));
    assert_eq!(all, expected.collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_feeder_that_gives_up_passes_its_turn_on() {
    let run = std::sync::Arc::new(pipeline!(narrow.queue(1)).start().unwrap());
    within(run.feed([0, 1])).await.unwrap();
    let mut first = Box::pin(run.feed([2]));
    assert!(first.as_mut().now_or_never().is_none());
    let feeding = run.clone();
    let second = tokio::spawn(async move { feeding.feed([3]).await });
    // The first is woken when there is room, and dropped before it looks.
    tokio::time::sleep(millis(12)).await;
    drop(first);
    assert_eq!(within(second).await.unwrap(), Ok(1));
    assert_eq!(values(within(run.join()).await), [0, 1, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_feeders_and_workers_on_many_threads_lose_nothing() {
    let inside = Gauge::new();
    let gauge = inside.clone();
    let stage = from_fn("Yield", move |item: u64| {
        let gauge = gauge.clone();
        async move {
            let _inside = gauge.enter();
            tokio::task::yield_now().await;
            Ok::<_, FeedError>(item)
        }
    });
    let pass = from_fn("Pass", async |item: u64| Ok::<_, FeedError>(item));
    let etl = Pipeline::builder()
        .stage(stage.workers(8).queue(3))
        .stage(pass.workers(2).queue(1));
    let run = std::sync::Arc::new(etl.start().unwrap());
    let feeders: Vec<_> = (0..16_u64)
        .map(|feeder| {
            let run = run.clone();
            tokio::spawn(async move { run.feed((0..500).map(|n| feeder * 1000 + n)).await })
        })
        .collect();
    for feeder in feeders {
        assert_eq!(within(feeder).await.unwrap(), Ok(500));
    }
    let mut all = values(within(run.join()).await);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 8000);
    assert!(inside.peak() <= 8, "{}", inside.peak());
}
