//! What the documents say of full queues: whoever feeds them waits, and nothing is lost.

use std::future::pending;

use antflow::{State, pipeline, stage};
use antflow_tests::{Gauge, millis, record, seconds, values, within};

#[stage]
async fn stuck(item: u64) -> u64 {
    pending::<()>().await;
    item
}

#[tokio::test(start_paused = true)]
async fn a_queue_takes_ten_for_each_worker_or_what_it_is_told() {
    let etl = pipeline!(stuck >> stuck.named("B").workers(5) >> stuck.named("C").queue(3));
    let run = etl.start().unwrap();
    let stages = run.stats().stage_stats;
    let capacities: Vec<_> = stages.iter().map(|stage| stage.queue_capacity).collect();
    assert_eq!(capacities, [10, 50, 3]);
}

#[tokio::test(start_paused = true)]
async fn feeding_a_full_queue_waits() {
    let run = pipeline!(stuck.queue(3)).start().unwrap();
    let fed = tokio::time::timeout(seconds(60), run.feed(0..10));
    assert!(within(fed).await.is_err(), "there was room for all");
    assert_eq!(run.stats().items_submitted, 4, "three, and one in hand");
    assert_eq!(run.stats().stage("Stuck").unwrap().pending_items, 3);
    assert_eq!(within(run.shutdown()).await.len(), 4);
}

#[stage(workers = 4)]
async fn produce(item: u64, made: State<Gauge>) -> u64 {
    drop(made.enter());
    item
}

/// Says how many items were made by the time this one is done.
#[stage(queue = 2)]
async fn consume(_item: u64, made: State<Gauge>) -> usize {
    tokio::time::sleep(millis(10)).await;
    made.total()
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_with_room_for_two_gets_all_and_holds_the_producers_back() {
    let etl = pipeline!(produce >> consume).with_state(Gauge::new());
    let (results, _) = record(&etl, 0..50).await;
    let mut made = values(results);
    assert_eq!(made.len(), 50);
    // In the order in which they were consumed.
    made.sort_unstable();
    let ahead = made.iter().enumerate().map(|(done, made)| made - done);
    let most = ahead.max().unwrap();
    // One in hand, two that wait, and one in the hand of each producer.
    assert!(most <= 1 + 2 + 4, "{most} were made and not consumed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn queues_of_one_lose_nothing_on_many_threads() {
    let etl =
        pipeline!(produce.queue(1) >> produce.named("B").queue(1) >> produce.named("C").queue(1));
    let (results, _) = record(&etl.with_state(Gauge::new()), 0..1000).await;
    assert_eq!(values(results), (0..1000).collect::<Vec<_>>());
}
