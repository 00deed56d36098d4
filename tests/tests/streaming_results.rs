//! `stream` gives results while it feeds, as far ahead as its window, and ends when it is dropped.

use antflow::{
    BoxError, CancellationToken, OnWait, Pipeline, Retry, TaskContext, from_fn, pipeline, stage,
};
use antflow_tests::{
    Boom, Gauge, Log, Outcome, count, millis, outcome, panic_quietly, quiet, seconds, values,
    within,
};
use futures::{FutureExt, StreamExt, stream};

#[stage(workers = 4, queue = 5)]
async fn work(item: u64) -> Result<u64, Boom> {
    tokio::time::sleep(millis(item % 3)).await;
    if item % 10 == 9 {
        Err(Boom(item))
    } else {
        Ok(item)
    }
}

#[stage(queue = 1)]
async fn pass(item: u64) -> u64 {
    item
}

/// Numbers without end, and how many of them were taken.
fn counted(taken: &Gauge) -> impl Iterator<Item = u64> + Send + use<> {
    let taken = taken.clone();
    (0..).inspect(move |_| drop(taken.enter()))
}

#[tokio::test(start_paused = true)]
async fn results_come_while_an_endless_iterator_is_fed() {
    let taken = Gauge::new();
    let mut stream = pipeline!(work >> pass).stream(counted(&taken)).unwrap();
    let mut seen = 0;
    while seen < 5000 {
        let result = within(stream.next()).await.unwrap();
        assert_eq!(
            outcome(&result) == Outcome::Failed,
            result.sequence_id % 10 == 9
        );
        seen += 1;
    }
    // Four workers, one worker, and two queues.
    assert!(
        taken.total() <= 5000 + 4 + 1 + 5 + 1,
        "{} taken",
        taken.total()
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_fed_and_not_given_out_stays_within_the_window() {
    for (window, expected) in [(Some(1), 1), (Some(3), 3), (Some(0), 1), (None, 4 + 5)] {
        let taken = Gauge::new();
        let mut stream = pipeline!(work).stream(counted(&taken)).unwrap();
        if let Some(window) = window {
            stream = stream.window(window);
        }
        let mut most = 0;
        for given in 1..200 {
            assert!(within(stream.next()).await.is_some());
            most = most.max(taken.total() - given);
            if given % 10 == 0 {
                // A consumer that takes its time: all that may be fed is.
                tokio::time::sleep(seconds(1)).await;
                assert_eq!(taken.total() - given, expected, "window {window:?}");
            }
        }
        assert!(most <= expected, "{most} with window {window:?}");
    }
}

#[stage(workers = 2)]
async fn split(item: u64, cx: &TaskContext) -> Result<u64, BoxError> {
    if item < 1_000_000 {
        let parts = (1..=3).map(|part| part * 1_000_000 + item);
        cx.feed_at::<split>(parts.collect::<Vec<_>>()).await?;
    }
    Ok(item)
}

#[tokio::test(start_paused = true)]
async fn what_tasks_feed_counts_in_the_window() {
    let taken = Gauge::new();
    let stream = pipeline!(split).stream(counted(&taken)).unwrap();
    let mut stream = stream.window(8);
    let mut given = 0;
    for _ in 0..400 {
        assert!(within(stream.next()).await.is_some());
        given += 1;
        tokio::time::sleep(millis(10)).await;
    }
    // Each that was fed became four; eight may be on their way, and what these have become.
    let ahead = 4 * taken.total() - given;
    assert!(ahead <= 4 * 8 + 4, "{ahead} results ahead of the consumer");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_dropped_early_has_done_little() {
    let (taken, done) = (Gauge::new(), Gauge::new());
    let gauge = done.clone();
    let stage = from_fn("Count", move |item: u64| {
        drop(gauge.enter());
        async move { Ok::<_, Boom>(item) }
    });
    let etl = Pipeline::builder().stage(stage.workers(3).queue(4));
    let mut stream = etl.stream(counted(&taken).take(10_000)).unwrap();
    for _ in 0..3 {
        assert!(within(stream.next()).await.unwrap().is_success());
    }
    drop(stream);
    tokio::time::sleep(seconds(60)).await;
    assert!(
        done.total() <= 3 + 7,
        "{} of 10 000 were processed",
        done.total()
    );
    assert!(
        taken.total() <= 3 + 7,
        "{} of 10 000 were fed",
        taken.total()
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_gives_every_result_and_ends_and_stays_ended() {
    let mut stream = pipeline!(work >> pass).stream(0..500).unwrap();
    let mut results = Vec::new();
    within(async {
        while let Some(result) = stream.next().await {
            results.push(result);
        }
    })
    .await;
    assert!(within(stream.next()).await.is_none());
    assert_eq!(count(&results, Outcome::Completed), 450);
    assert_eq!(count(&results, Outcome::Failed), 50);
    let mut ids: Vec<_> = results.iter().map(|result| result.sequence_id).collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..500).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn an_empty_stream_ends() {
    let mut stream = pipeline!(work).stream([0_u64; 0]).unwrap();
    assert!(within(stream.next()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_a_stream() {
    let results = pipeline!(pass).stream(0..20).unwrap();
    let sum = results
        .map(|result| result.value.unwrap())
        .take(10)
        .fold(0, async |sum, n| sum + n);
    assert_eq!(within(sum).await, 45);
}

#[tokio::test(start_paused = true)]
async fn results_come_in_the_order_in_which_items_end() {
    let stage = from_fn("Late", async |item: u64| {
        tokio::time::sleep(millis(100 - 10 * item)).await;
        Ok::<_, Boom>(item)
    });
    let etl = Pipeline::builder().stage(stage.workers(5));
    let results: Vec<_> = within(etl.stream(0..5).unwrap().collect::<Vec<_>>()).await;
    assert_eq!(values(results), [4, 3, 2, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn an_iterator_that_panics_ends_the_stream_behind_the_results() {
    let items = (0..10_u64).inspect(|item| {
        if *item == 5 {
            panic_quietly("no more items");
        }
    });
    let mut stream = pipeline!(pass).stream(items).unwrap();
    for item in 0..5 {
        assert_eq!(within(stream.next()).await.unwrap().value.unwrap(), item);
    }
    let last = std::panic::AssertUnwindSafe(stream.next()).catch_unwind();
    let panic = within(last).await.expect_err("the panic of the iterator");
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"no more items"));
    assert!(within(stream.next()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_be_fed_by_a_stream() {
    let ticks = stream::unfold(0_u64, async |n| {
        tokio::time::sleep(seconds(1)).await;
        (n < 5).then_some((n, n + 1))
    });
    let start = tokio::time::Instant::now();
    let mut stream = pipeline!(pass).stream_from(ticks).unwrap();
    for item in 0..5 {
        assert_eq!(within(stream.next()).await.unwrap().value.unwrap(), item);
        assert_eq!(
            start.elapsed(),
            seconds(item + 1),
            "it did not come at once"
        );
    }
    assert!(within(stream.next()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_source_that_never_yields_does_not_keep_a_token_from_ending_the_stream() {
    let stop = CancellationToken::new();
    let source = stream::iter([1, 2]).chain(stream::once(std::future::pending()));
    let stream = pipeline!(pass).stream_from(source).unwrap();
    let mut stream = stream.cancel_on(stop.clone());
    assert!(within(stream.next()).await.is_some());
    assert!(within(stream.next()).await.is_some());
    let mut next = Box::pin(stream.next());
    assert!(next.as_mut().now_or_never().is_none());
    quiet().await;
    stop.cancel();
    assert!(within(next).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_small_window_with_retries_failures_and_tiny_queues_does_not_deadlock() {
    for on_wait in [OnWait::Hold, OnWait::Release] {
        let calls = Log::new();
        let stage = from_fn("Flaky", move |item: u64| {
            let call = calls.push(item);
            async move {
                if call % 2 == 0 {
                    Ok(item)
                } else {
                    Err(Boom(item))
                }
            }
        });
        let retry = Retry::per_stage().attempts(2).on_wait(on_wait);
        let stage = stage.workers(3).queue(1).ordered().retry(retry);
        let etl = pipeline!((stage) >> pass);
        let mut stream = etl.stream(0..100).unwrap().ordered().window(2);
        let mut seen = 0;
        within(async {
            while let Some(result) = stream.next().await {
                assert_eq!(result.sequence_id, seen);
                seen += 1;
            }
        })
        .await;
        assert_eq!(seen, 100);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stream_on_many_threads_loses_nothing() {
    for window in [1, 2, 64] {
        let quick = from_fn("Quick", async |item: u64| Ok::<_, Boom>(item));
        let etl = pipeline!((quick.workers(8).queue(3)) >> pass);
        let results: Vec<_> = within(
            etl.stream(0..2000)
                .unwrap()
                .window(window)
                .collect::<Vec<_>>(),
        )
        .await;
        let mut all = values(results);
        all.sort_unstable();
        assert_eq!(all, (0..2000).collect::<Vec<_>>());
    }
}
