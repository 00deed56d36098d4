//! What may be fed, with which names and notes, and what happens to what is not accepted.

use std::collections::HashMap;
use std::future::pending;

use antflow::{FeedError, Item, ItemId, MetadataValue, PipelineResult, Retry, pipeline, stage};
use antflow_tests::{
    Boom, Outcome, Recorder, count, millis, outcomes, quiet, seconds, values, within,
};
use futures::{FutureExt, StreamExt, stream};

#[stage(workers = 3)]
async fn half(item: u64) -> Result<u64, Boom> {
    if item.is_multiple_of(2) {
        Ok(item / 2)
    } else {
        Err(Boom(item))
    }
}

#[stage(queue = 2)]
async fn narrow(item: u64) -> u64 {
    tokio::time::sleep(millis(10)).await;
    item
}

fn ids<T>(results: &[PipelineResult<T>]) -> Vec<String> {
    results.iter().map(|result| result.id.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn items_have_the_feeders_id_or_their_number() {
    let run = pipeline!(half).start().unwrap();
    run.feed([Item::new(2).id("two")]).await.unwrap();
    run.feed([4, 6]).await.unwrap();
    run.feed([
        Item::new(8).id(1000_u64),
        Item::new(9).id(String::from("nine")),
    ])
    .await
    .unwrap();
    let results = within(run.join()).await;
    assert_eq!(ids(&results), ["two", "1", "2", "1000", "nine"]);
    assert_eq!(results[3].id, ItemId::Number(1000));
    assert_eq!(results[4].error().unwrap().downcast_ref(), Some(&Boom(9)));
    let numbers: Vec<_> = results.iter().map(|result| result.sequence_id).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn results_of_a_handle_are_taken_one_by_one_and_the_rest_at_the_end() {
    let run = pipeline!(half).start().unwrap();
    run.feed([2, 4, 6, 7]).await.unwrap();
    for expected in [1, 2] {
        let result = within(run.next_result()).await.expect("items are there");
        assert_eq!(result.value.unwrap(), expected);
    }
    let rest = within(run.join()).await;
    assert_eq!(outcomes(&rest), [Outcome::Completed, Outcome::Failed]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_result_that_is_given_up_takes_nothing() {
    let run = pipeline!(narrow).start().unwrap();
    run.feed([5]).await.unwrap();
    let given_up = tokio::time::timeout(millis(1), run.next_result()).await;
    assert!(given_up.is_err());
    let result = within(run.next_result()).await.expect("the item is there");
    assert_eq!(result.value.unwrap(), 5);
    assert!(within(run.join()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn items_of_one_id_are_counted_and_never_merged() {
    let recorder = Recorder::new();
    let run = pipeline!(half).observe(recorder.clone()).start().unwrap();
    let items = [2, 4, 6, 8].map(|n| Item::new(n).id("twin"));
    run.feed(items).await.unwrap();
    run.feed([Item::new(10).id("single")]).await.unwrap();
    run.feed_at::<half>([Item::new(12).id("single")])
        .await
        .unwrap();
    let results = within(run.join()).await;
    assert_eq!(
        ids(&results),
        ["twin", "twin", "twin", "twin", "single", "single"]
    );
    recorder.check(&results, &run.stats());
    assert_eq!(run.stats().duplicate_ids, 4);
    assert_eq!(values(results), [1, 2, 3, 4, 5, 6]);
}

#[tokio::test(start_paused = true)]
async fn metadata_comes_back_with_success_failure_and_cancellation() {
    let run = pipeline!(half >> narrow).start().unwrap();
    let item = |n: u64| {
        let item = Item::new(n).metadata("page", 3).metadata("size", 1.5);
        item.metadata("source", "orders.csv")
            .metadata("last", true)
            .metadata("page", 4)
    };
    run.feed([item(2), item(3), item(4)]).await.unwrap();
    tokio::time::sleep(millis(15)).await;
    let results = within(run.shutdown()).await;
    use Outcome::{Cancelled, Completed, Failed};
    assert_eq!(outcomes(&results), [Completed, Failed, Cancelled]);
    for result in &results {
        let metadata: HashMap<_, _> = result.metadata.iter().collect();
        assert_eq!(metadata.len(), 4);
        assert_eq!(
            metadata["page"],
            &MetadataValue::Integer(4),
            "the last one counts"
        );
        assert_eq!(metadata["size"], &MetadataValue::Float(1.5));
        assert_eq!(
            metadata["source"],
            &MetadataValue::Text("orders.csv".into())
        );
        assert_eq!(metadata["last"], &MetadataValue::Boolean(true));
        assert!(result.metadata.get("other").is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn feeding_after_the_end_takes_nothing() {
    let run = pipeline!(half).start().unwrap();
    let mut items = 0..10;
    assert_eq!(run.feed(items.by_ref().take(4)).await, Ok(4));
    let results = within(run.join()).await;
    assert_eq!(results.len(), 4);
    let closed = FeedError::Closed { fed: 0 };
    assert_eq!(run.feed(&mut items).await, Err(closed.clone()));
    assert_eq!(run.feed_at::<half>(&mut items).await, Err(closed.clone()));
    assert_eq!(run.feeder().feed(&mut items).await, Err(closed.clone()));
    assert_eq!(run.feed_stream(stream::iter(&mut items)).await, Err(closed));
    assert_eq!(items.next(), Some(4), "an item was taken");
    assert!(within(run.join()).await.is_empty());
    assert_eq!(run.stats().items_submitted, 4);
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_is_dropped_loses_nothing() {
    let run = pipeline!(narrow).start().unwrap();
    let mut items = 0..100;
    let mut fed = Vec::new();
    // Given up again and again, at moments of all kinds.
    while !items.is_empty() {
        let before = items.start;
        let pause = millis(before % 7);
        let _ = tokio::time::timeout(pause, run.feed(&mut items)).await;
        fed.extend(before..items.start);
        quiet().await;
    }
    assert_eq!(
        values(within(run.join()).await),
        (0..100).collect::<Vec<_>>()
    );
    assert_eq!(fed, (0..100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_items_that_is_given_up_loses_nothing() {
    let run = pipeline!(narrow).start().unwrap();
    let ticks = stream::unfold(0_u64, async |n| {
        tokio::time::sleep(millis(7)).await;
        Some((n, n + 1))
    });
    let mut ticks = Box::pin(ticks.take(50));
    for _ in 0..1000 {
        if let Ok(fed) = tokio::time::timeout(millis(25), run.feed_stream(ticks.as_mut())).await {
            fed.unwrap();
            break;
        }
    }
    assert_eq!(
        values(within(run.join()).await),
        (0..50).collect::<Vec<_>>()
    );
}

#[tokio::test(start_paused = true)]
async fn a_source_that_never_yields_keeps_nobody_from_ending() {
    for shut_down in [false, true] {
        let run = pipeline!(half).start().unwrap();
        let source = stream::iter([2, 4]).chain(stream::once(pending()));
        let (fed, results) = within(async {
            tokio::join!(run.feed_stream(source), async {
                tokio::time::sleep(seconds(1)).await;
                assert_eq!(run.stats().items_in_flight, 0);
                if shut_down {
                    run.shutdown().await
                } else {
                    run.join().await
                }
            })
        })
        .await;
        assert_eq!(fed, Err(FeedError::Closed { fed: 2 }));
        assert_eq!(values(results), [1, 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_feeder_may_be_cloned_and_passed_around() {
    let run = pipeline!(half).start().unwrap();
    let feeder = run.feeder();
    let feeding = (0..10_u64).map(|n| {
        let feeder = feeder.clone();
        tokio::spawn(async move { feeder.feed([n * 100, n * 100 + 2]).await })
    });
    for fed in within(futures::future::join_all(feeding)).await {
        assert_eq!(fed.unwrap(), Ok(2));
    }
    let results = within(run.join()).await;
    assert_eq!(count(&results, Outcome::Completed), 20);
    assert_eq!(feeder.feed([2]).await, Err(FeedError::Closed { fed: 0 }));
}

#[tokio::test(start_paused = true)]
async fn an_iterator_that_panics_ends_the_run_with_its_panic() {
    let items = (0..10).inspect(|item| assert!(*item < 5, "no more items"));
    let run = pipeline!(half).run(items).into_future();
    let caught = within(std::panic::AssertUnwindSafe(run).catch_unwind()).await;
    let panic = caught.expect_err("it panicked");
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"no more items"));
}

#[tokio::test(start_paused = true)]
async fn an_iterator_that_panics_leaves_the_run_of_a_handle_as_it_was() {
    let run = pipeline!(narrow).start().unwrap();
    let items = (0..10).inspect(|item| assert!(*item < 5, "no more items"));
    let feed = std::panic::AssertUnwindSafe(run.feed(items)).catch_unwind();
    assert!(within(feed).await.is_err());
    assert_eq!(within(run.feed([7])).await, Ok(1));
    assert_eq!(values(within(run.join()).await), [0, 1, 2, 3, 4, 7]);
}

/// Items need not be `Clone` where they are used once.
#[tokio::test(start_paused = true)]
async fn items_without_copies_and_items_by_reference() {
    struct Single(u64);
    #[stage]
    async fn consume(item: Single) -> Single {
        Single(item.0 + 1)
    }
    #[stage(retry = "per_task")]
    async fn inspect(item: &Single, cx: &antflow::TaskContext) -> Result<u64, Boom> {
        if cx.attempt() < 3 {
            Err(Boom(item.0))
        } else {
            Ok(item.0)
        }
    }
    let results = within(pipeline!(consume >> inspect).run([Single(1), Single(2)])).await;
    assert_eq!(values(results.unwrap()), [2, 3]);
    assert_eq!(Retry::per_task().max_attempts(), 3);
}
