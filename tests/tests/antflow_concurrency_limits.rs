//! What the documents say of limits: of a task alone, of a whole stage, and of how often something starts.

use antflow::{State, pipeline, stage, task};
use antflow_tests::{Boom, Gauge, Log, Outcome, count, record, seconds, values, within};
use tokio::time::Instant;

/// Who is inside of the limited task, and who of the free one.
#[derive(Clone, Default)]
struct Inside {
    limited: Gauge,
    free: Gauge,
}

#[task(concurrency = 2)]
async fn fetch_data(item: u64, inside: State<Inside>) -> u64 {
    let _inside = inside.limited.enter();
    tokio::time::sleep(seconds(1)).await;
    item
}

#[task]
async fn process_data(item: u64, inside: State<Inside>) -> u64 {
    let _inside = inside.free.enter();
    tokio::time::sleep(seconds(10)).await;
    item
}

#[stage(workers = 10, retry = "per_task")]
struct PerTask(fetch_data, process_data);

#[stage(workers = 10, retry = "per_stage")]
struct PerStage(fetch_data, process_data);

#[tokio::test(start_paused = true)]
async fn of_ten_workers_two_are_in_the_limited_task_under_both_retry_modes() {
    for per_stage in [false, true] {
        let inside = Inside::default();
        let run = if per_stage {
            pipeline!(PerStage).with_state(inside.clone()).run(0..10)
        } else {
            pipeline!(PerTask).with_state(inside.clone()).run(0..10)
        };
        assert_eq!(values(within(run).await.unwrap()).len(), 10);
        assert_eq!(inside.limited.peak(), 2);
        assert_eq!(inside.free.peak(), 10, "the rest of the stage is free");
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_a_stage_is_one_of_all_its_tasks() {
    let inside = Inside::default();
    let etl = pipeline!(PerTask.concurrency(3)).with_state(inside.clone());
    record(&etl, 0..10).await;
    assert_eq!(inside.limited.peak(), 2);
    assert_eq!(inside.free.peak(), 3);
}

#[stage(workers = 200, concurrency = 1)]
async fn exclusive(item: u64, inside: State<Inside>) -> u64 {
    let _inside = inside.limited.enter();
    tokio::task::yield_now().await;
    item
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_items_pass_a_limit_that_is_far_below_the_number_of_workers() {
    let inside = Inside::default();
    let (results, _) = record(&pipeline!(exclusive).with_state(inside.clone()), 0..1000).await;
    assert_eq!(values(results), (0..1000).collect::<Vec<_>>());
    assert_eq!((inside.limited.peak(), inside.limited.total()), (1, 1000));
}

#[stage(workers = 10, rate = "3/300ms")]
async fn paced(item: u64, starts: State<Log<Instant>>) -> u64 {
    starts.push(Instant::now());
    item
}

#[stage(retry = "per_task", attempts = 3, wait = "0s", rate = "1/s")]
async fn refuse(item: u64, starts: State<Log<Instant>>) -> Result<u64, Boom> {
    starts.push(Instant::now());
    Err(Boom(item))
}

/// When tasks were started, in tenths of a second; timers are good to a millisecond.
fn tenths(starts: &Log<Instant>) -> Vec<u128> {
    let starts = starts.entries();
    let times = starts.iter().map(|start| *start - starts[0]);
    times.map(|time| (time.as_millis() + 5) / 100).collect()
}

#[tokio::test(start_paused = true)]
async fn the_first_of_a_rate_start_at_once_and_the_later_ones_a_share_of_the_period_apart() {
    let starts = Log::new();
    let etl = pipeline!(paced).with_state(starts.clone());
    assert_eq!(values(within(etl.run(0..7)).await.unwrap()).len(), 7);
    assert_eq!(tenths(&starts), [0, 0, 0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn each_retry_is_a_start_for_the_rate() {
    let starts = Log::new();
    let etl = pipeline!(refuse).with_state(starts.clone());
    let results = within(etl.run([1])).await.unwrap();
    assert_eq!(count(&results, Outcome::Failed), 1);
    assert_eq!(tenths(&starts), [0, 10, 20]);
}
