//! Pools and pauses of stages whose workers wait for items.

use antflow::{pipeline, stage};
use antflow_tests::{add_one, double, quiet, within};
use futures::FutureExt;
use tokio::runtime::Handle;

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn workers_that_wait_leave_when_they_are_too_many() {
    let run = pipeline!(double.workers(100)).start().unwrap();
    quiet().await;
    let all = tasks();
    let stage = run.stage_named("Double").unwrap();
    for workers in [10, 60, 1] {
        stage.resize(workers).unwrap();
        quiet().await;
        assert_eq!(all - tasks(), 100 - workers);
    }
    within(run.feed(0..10)).await.unwrap();
    assert_eq!(within(run.join()).await.len(), 10);
}

/// Workers that have seen many short items take many at once, which are handed to them past the queue.
#[tokio::test(start_paused = true)]
async fn a_stage_that_is_paused_is_handed_nothing_past_its_queue() {
    let etl = pipeline!(add_one.workers(1).queue(256) >> double.workers(1).queue(256));
    let run = etl.start().unwrap();
    for _ in 0..10 {
        within(run.feed(0..200)).await.unwrap();
        quiet().await;
    }
    let stage = run.stage_named("Double").unwrap();
    stage.pause();
    within(run.feed(0..200)).await.unwrap();
    quiet().await;
    let stats = run.stats();
    assert_eq!(stats.stage_stats[0].completed_items, 2200);
    assert_eq!(stats.stage_stats[1].completed_items, 2000);
    assert_eq!(stats.stage_stats[1].pending_items, 200);
    stage.resume();
    assert_eq!(within(run.join()).await.len(), 2200);
}

#[stage(workers = 8, queue = 256)]
async fn pass(item: u64) -> u64 {
    item
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_has_all_its_room_whoever_has_left() {
    let run = pipeline!(pass).start().unwrap();
    let stage = run.stage::<pass>().unwrap();
    for round in 0..500 {
        assert_eq!(within(run.feed(0..400)).await, Ok(400));
        stage.resize(1 + round % 8).unwrap();
    }
    while run.stats().items_in_flight > 0 {
        tokio::task::yield_now().await;
    }
    stage.pause();
    // As many as there is room for are taken in at once, and no more.
    assert_eq!(within(run.feed(0..256)).await, Ok(256));
    assert!(run.feed([256]).now_or_never().is_none());
    stage.resume();
    assert_eq!(within(run.join()).await.len(), 200_256);
}
