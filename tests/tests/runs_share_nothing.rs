//! A pipeline may run any number of times, also at once: runs share the state and the observers, and nothing else.

use antflow::event::Status;
use antflow::{Item, State, TaskContext, pipeline, stage};
use antflow_tests::{Boom, Log, Outcome, Recorder, count, millis, quiet, seconds, values, within};

#[stage(workers = 3, queue = 2)]
async fn work(item: u64, seen: State<Log<u64>>) -> Result<u64, Boom> {
    tokio::time::sleep(millis(10)).await;
    seen.push(item);
    if item % 10 == 9 {
        Err(Boom(item))
    } else {
        Ok(item)
    }
}

#[stage(queue = 1, ordered)]
async fn pass(item: u64) -> u64 {
    item
}

#[tokio::test(start_paused = true)]
async fn two_runs_at_once_do_not_mix() {
    let seen = Log::new();
    let etl = pipeline!(work >> pass).with_state(seen.clone());
    let (first, second) = within(async { tokio::join!(etl.run(0..50), etl.run(100..150)) }).await;
    let (first, second) = (first.unwrap(), second.unwrap());
    for (results, base) in [(&first, 0), (&second, 100)] {
        assert_eq!(results.len(), 50);
        for (place, result) in (0..).zip(results) {
            assert_eq!(result.sequence_id, place);
            let expected = (place % 10 != 9).then_some(base + place);
            assert_eq!(result.value.as_ref().ok().copied(), expected);
        }
    }
    assert_eq!(seen.len(), 100);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_one_run_is_not_the_end_of_another() {
    let etl = pipeline!(work >> pass).with_state(Log::new());
    let (left, right) = (etl.start().unwrap(), etl.start().unwrap());
    within(left.feed(0..5)).await.unwrap();
    within(right.feed(0..5)).await.unwrap();
    let cut = within(left.shutdown()).await;
    assert_eq!(count(&cut, Outcome::Cancelled), 5);
    within(right.feed(5..9)).await.unwrap();
    assert_eq!(
        values(within(right.join()).await),
        (0..9).collect::<Vec<_>>()
    );
    assert_eq!(right.stats().items_cancelled, 0);
    assert_eq!(left.stats().items_submitted, 5);
}

#[tokio::test(start_paused = true)]
async fn a_second_run_starts_from_nothing() {
    let etl = pipeline!(work >> pass).with_state(Log::new());
    let recorder = Recorder::new();
    let first = etl.start().unwrap();
    within(first.feed((0..20).map(|n| Item::new(n).id("same"))))
        .await
        .unwrap();
    assert_eq!(within(first.join()).await.len(), 20);
    let second = etl.clone().observe(recorder.clone()).start().unwrap();
    assert_eq!(second.stats().items_submitted, 0);
    assert_eq!(second.stats().stage_stats[0].completed_items, 0);
    within(second.feed([Item::new(500).id("same")]))
        .await
        .unwrap();
    let results = within(second.join()).await;
    assert_eq!(results[0].sequence_id, 0);
    recorder.check(&results, &second.stats());
    assert_eq!(values(results), [500]);
    assert_eq!(
        second.stats().duplicate_ids,
        0,
        "an id of the other run was remembered"
    );
    assert_eq!(first.stats().duplicate_ids, 19);
}

#[tokio::test(start_paused = true)]
async fn a_run_after_a_stream_that_was_left_and_the_other_way_round() {
    let etl = pipeline!(work >> pass).with_state(Log::new());
    for _ in 0..3 {
        let mut stream = etl.stream(1000..).unwrap();
        for _ in 0..3 {
            assert!(within(stream.next()).await.is_some());
        }
        drop(stream);
        let results = within(etl.run(0..9)).await.unwrap();
        assert_eq!(values(results), (0..9).collect::<Vec<_>>());
    }
}

#[stage(workers = 2, concurrency = 1)]
async fn exclusive(item: u64) -> u64 {
    tokio::time::sleep(seconds(1)).await;
    item
}

#[tokio::test(start_paused = true)]
async fn limits_belong_to_a_run() {
    let etl = pipeline!(exclusive);
    let start = tokio::time::Instant::now();
    let (first, second) = within(async { tokio::join!(etl.run([1]), etl.run([2])) }).await;
    assert_eq!(
        (values(first.unwrap()), values(second.unwrap())),
        (vec![1], vec![2])
    );
    assert_eq!(start.elapsed(), seconds(1));
}

#[tokio::test(start_paused = true)]
async fn a_task_feeds_the_run_that_it_is_part_of() {
    #[stage]
    async fn twice(item: u64, cx: &TaskContext) -> Result<u64, antflow::FeedError> {
        if item.is_multiple_of(2) {
            cx.feed_at::<twice>([item + 1]).await?;
        }
        Ok(item)
    }
    let etl = pipeline!(twice);
    let (first, second) = (etl.start().unwrap(), etl.start().unwrap());
    within(first.feed([0, 2])).await.unwrap();
    within(second.feed([10])).await.unwrap();
    quiet().await;
    assert_eq!(values(within(first.join()).await), [0, 2, 1, 3]);
    assert_eq!(values(within(second.join()).await), [10, 11]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_runs_on_many_threads_do_not_mix() {
    let recorder = Recorder::new();
    let etl = pipeline!(work >> pass).with_state(Log::new());
    let etl = etl.observe(recorder.clone());
    let runs = (0..20_u64).map(|base| {
        let etl = etl.clone();
        tokio::spawn(async move {
            let results = etl.run(base * 100..base * 100 + 40).await.unwrap();
            let values = results.into_iter().map(|result| result.value.ok());
            let expected = (base * 100..base * 100 + 40).map(|n| (n % 10 != 9).then_some(n));
            values.eq(expected)
        })
    });
    for run in within(futures::future::join_all(runs)).await {
        assert!(run.unwrap(), "a result of another run");
    }
    assert_eq!(recorder.count(Status::Failed), 20 * 4);
}
