//! `join` and `run` wait until every item has its outcome, wherever it is; empty queues say nothing.

use antflow::event::Status;
use antflow::{
    FeedError, Feeder, ItemErrorKind, OnWait, Pipeline, Retry, State, TaskContext, from_fn,
    pipeline, stage,
};
use antflow_tests::{
    Boom, Log, Outcome, Recorder, count, millis, outcomes, seconds, values, within,
};

type Calls = Log<u32>;

#[stage(retry = "per_stage", attempts = 3, wait = "5s")]
async fn refuse(_item: u64, cx: &TaskContext, calls: State<Calls>) -> Result<u64, Boom> {
    calls.push(cx.attempt());
    Err(Boom(1))
}

#[stage(retry = "per_stage", attempts = 3, wait = "5s")]
async fn third_time(item: u64, cx: &TaskContext, calls: State<Calls>) -> Result<u64, Boom> {
    calls.push(cx.attempt());
    if cx.attempt() < 3 {
        return Err(Boom(1));
    }
    Ok(item)
}

#[tokio::test(start_paused = true)]
async fn one_item_that_always_fails_makes_all_its_attempts() {
    let calls = Calls::new();
    let etl = pipeline!(refuse).with_state(calls.clone());
    let results = within(etl.run([7])).await.unwrap();
    assert_eq!(outcomes(&results), [Outcome::Failed]);
    let error = results[0].error().unwrap();
    assert_eq!(error.attempts(), 3);
    assert_eq!(error.downcast_ref(), Some(&Boom(1)));
    assert_eq!(calls.entries(), [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn one_item_that_succeeds_in_its_last_attempt_is_not_lost() {
    let calls = Calls::new();
    let etl = pipeline!(third_time).with_state(calls.clone());
    let results = within(etl.run([7])).await.unwrap();
    assert_eq!(values(results), [7]);
    assert_eq!(calls.entries(), [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_waits_without_worker_and_queue_is_waited_for() {
    for retry in [Retry::per_task(), Retry::per_stage()] {
        let calls = Calls::new();
        let counted = calls.clone();
        let flaky = from_fn("Flaky", move |item: u64| {
            let call = counted.push(0);
            async move { if call < 3 { Err(Boom(1)) } else { Ok(item) } }
        });
        let retry = retry.wait(seconds(60)).on_wait(OnWait::Release);
        let run = Pipeline::builder()
            .stage(flaky.retry(retry))
            .start()
            .unwrap();
        run.feed([7]).await.unwrap();
        tokio::time::sleep(seconds(1)).await;
        let stats = run.stats();
        assert_eq!(stats.stage_stats[0].pending_items, 0, "{stats:?}");
        assert_eq!(stats.stage_stats[0].in_progress_items, 0, "{stats:?}");
        assert_eq!(stats.items_in_flight, 1);
        assert_eq!(values(within(run.join()).await), [7]);
    }
}

#[stage]
async fn first(item: u64) -> u64 {
    item
}

/// Sends every item below 100 once more through the pipeline, late.
#[stage]
async fn again(item: u64, cx: &TaskContext) -> Result<u64, FeedError> {
    tokio::time::sleep(seconds(10)).await;
    if item < 100 {
        assert_eq!(cx.feed_at::<first>([item + 100]).await?, 1);
    }
    Ok(item)
}

#[tokio::test(start_paused = true)]
async fn what_a_task_feeds_to_an_earlier_stage_is_waited_for() {
    let run = pipeline!(first >> again).start().unwrap();
    run.feed([1, 2]).await.unwrap();
    // By now the queue of the first stage is empty, and what it will get does not exist.
    let results = within(run.join()).await;
    assert_eq!(values(results), [1, 2, 101, 102]);
}

#[stage]
async fn count_down(depth: u64, cx: &TaskContext) -> Result<u64, FeedError> {
    tokio::time::sleep(millis(10)).await;
    if depth > 0 {
        cx.feed_at::<count_down>([depth - 1]).await?;
    }
    Ok(depth)
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_items_that_feed_each_other_is_waited_for_to_its_end() {
    let results = within(pipeline!(count_down).run([50])).await.unwrap();
    assert_eq!(values(results), (0..=50).rev().collect::<Vec<_>>());
}

#[stage(workers = 4)]
async fn fork(n: u64, cx: &TaskContext) -> Result<u64, FeedError> {
    if n > 0 {
        cx.feed_at::<fork>([n - 1, n - 1]).await?;
        tokio::task::yield_now().await;
    }
    Ok(n)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_tree_of_items_is_waited_for_on_many_threads() {
    for _ in 0..20 {
        let results = within(pipeline!(fork).run([7])).await.unwrap();
        assert_eq!(count(&results, Outcome::Completed), 255);
    }
}

#[tokio::test(start_paused = true)]
async fn a_feeder_inside_a_task_feeds_a_run_that_is_being_joined() {
    let slot: Log<Feeder<u64>> = Log::new();
    let feeders = slot.clone();
    let stage = from_fn("Feed", move |item: u64| {
        let feeders = feeders.entries();
        async move {
            tokio::time::sleep(seconds(1)).await;
            if item < 3 {
                feeders[0].feed([item + 1]).await?;
            }
            Ok::<_, FeedError>(item)
        }
    });
    let run = Pipeline::builder().stage(stage).start().unwrap();
    slot.push(run.feeder());
    run.feed([0]).await.unwrap();
    assert_eq!(values(within(run.join()).await), [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn what_a_failure_hook_feeds_for_the_last_item_is_waited_for() {
    use antflow::{Hooks, ItemError};

    #[derive(Clone)]
    struct Second(Log<Feeder<u64>>);
    impl Hooks<u64, u64> for Second {
        async fn on_failure(&self, _: &TaskContext, _: &ItemError) {
            // The item has its outcome, and nothing else is in flight.
            tokio::time::sleep(seconds(1)).await;
            self.0.entries()[0].feed([2]).await.expect("the run is on");
        }
    }

    let slot = Log::new();
    let stage = from_fn("Odd", async |item: u64| {
        if item % 2 == 1 {
            Err(Boom(item))
        } else {
            Ok(item)
        }
    });
    let recorder = Recorder::new();
    let etl = Pipeline::builder()
        .stage(stage.hooks(Second(slot.clone())))
        .observe(recorder.clone());
    let run = etl.start().unwrap();
    slot.push(run.feeder());
    run.feed([1]).await.unwrap();
    let results = within(run.join()).await;
    assert_eq!(outcomes(&results), [Outcome::Failed, Outcome::Completed]);
    assert_eq!(recorder.count(Status::Cancelled), 0);
}

#[tokio::test(start_paused = true)]
async fn join_ends_although_a_feeder_still_waits_for_room() {
    let slow = from_fn("Slow", async |item: u64| {
        tokio::time::sleep(seconds(1)).await;
        Ok::<_, Boom>(item)
    });
    let run = Pipeline::builder().stage(slow.queue(1)).start().unwrap();
    let mut items = 0..10;
    let (fed, results) = within(async {
        tokio::join!(run.feed(&mut items), async {
            tokio::time::sleep(millis(2500)).await;
            run.join().await
        })
    })
    .await;
    let Err(FeedError::Closed { fed }) = fed else {
        panic!("everything was fed: {fed:?}");
    };
    assert_eq!(results.len(), fed);
    assert_eq!(items.next(), Some(fed as u64), "an item was taken and lost");
    assert_eq!(count(&results, Outcome::Completed), fed);
}

#[tokio::test(start_paused = true)]
async fn a_run_without_items_ends_at_once() {
    let start = tokio::time::Instant::now();
    let results = within(pipeline!(first >> again).run([0_u64; 0]))
        .await
        .unwrap();
    assert!(results.is_empty());
    assert_eq!(start.elapsed(), millis(0));
}

#[tokio::test(start_paused = true)]
async fn attempts_of_an_error_are_those_that_were_made() {
    let once = from_fn("Once", async |_: u64| Err::<u64, _>(Boom(3)));
    let results = within(Pipeline::builder().stage(once).run([1])).await;
    let results = results.unwrap();
    let error = results[0].error().unwrap();
    assert_eq!(error.attempts(), 1);
    assert!(matches!(error.kind(), ItemErrorKind::Failed(_)));
    assert_eq!(error.to_string(), "stage `Once`, task `Once`: boom 3");
}
