//! What the documents say of retries: of the task that failed, or of the whole stage from its input.

use antflow::event::Status;
use antflow::{State, TaskContext, pipeline, stage, task};
use antflow_tests::{Boom, Log, Outcome, count, from_attempt, millis, record, values, within};
use tokio::time::Instant;

#[stage(retry = "per_task", attempts = 5, wait = "200ms")]
async fn third_time(item: u64, cx: &TaskContext, calls: State<Log<Instant>>) -> Result<u64, Boom> {
    calls.push(Instant::now());
    from_attempt(3, item, cx)
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_twice_succeeds_at_its_third_attempt() {
    let (start, calls) = (Instant::now(), Log::new());
    let etl = pipeline!(third_time).with_state(calls.clone());
    assert_eq!(values(within(etl.run([7])).await.unwrap()), [7]);
    let times = calls.entries().into_iter().map(|call| call - start);
    assert_eq!(
        times.collect::<Vec<_>>(),
        [0, 200, 400].map(millis),
        "the pause is always the same"
    );
}

type Calls = Log<&'static str>;

#[task]
async fn begin(item: u64, calls: State<Calls>) -> u64 {
    calls.push("begin");
    item + 1
}

#[task]
async fn commit(item: u64, cx: &TaskContext, calls: State<Calls>) -> Result<u64, Boom> {
    calls.push("commit");
    from_attempt(2, item, cx)
}

#[stage(retry = "per_task")]
struct Independent(begin, commit);

#[stage(retry = "per_stage")]
struct Transaction(begin, commit);

#[tokio::test(start_paused = true)]
async fn per_task_repeats_the_failed_task_alone() {
    let calls = Calls::new();
    let etl = pipeline!(Independent).with_state(calls.clone());
    assert_eq!(values(within(etl.run([1])).await.unwrap()), [2]);
    assert_eq!(calls.entries(), ["begin", "commit", "commit"]);
}

#[tokio::test(start_paused = true)]
async fn per_stage_repeats_all_tasks_and_gives_one_result() {
    let calls = Calls::new();
    let etl = pipeline!(Transaction).with_state(calls.clone());
    assert_eq!(values(within(etl.run([1])).await.unwrap()), [2]);
    assert_eq!(calls.entries(), ["begin", "commit", "begin", "commit"]);
}

#[stage(retry = "per_stage", attempts = 2, wait = "0s")]
async fn refuse_zero(item: u64, order: State<Log<u64>>) -> Result<u64, Boom> {
    order.push(item);
    if item == 0 { Err(Boom(item)) } else { Ok(item) }
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_is_repeated_says_so_with_the_next_attempt_and_the_error() {
    let etl = pipeline!(refuse_zero).with_state(Log::new());
    let (results, recorder) = record(&etl, [0]).await;
    assert_eq!(results[0].error().unwrap().attempts(), 2);
    let retrying = recorder.statuses_of(Status::Retrying);
    assert_eq!(retrying.len(), 1);
    assert_eq!(retrying[0].next_attempt, Some(2));
    assert_eq!(retrying[0].worker_id(), Some(0));
    let error = retrying[0].error.as_ref().unwrap().to_string();
    assert!(error.ends_with("boom 0"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_repeated_goes_behind_those_that_wait() {
    let order = Log::new();
    let etl = pipeline!(refuse_zero).with_state(order.clone());
    record(&etl, 0..4).await;
    assert_eq!(order.entries(), [0, 1, 2, 3, 0]);
}

#[stage(workers = 4, queue = 4, retry = "per_stage", attempts = 2, wait = "0s")]
async fn second_time(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    tokio::task::yield_now().await;
    from_attempt(2, item, cx)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_items_fail_once_in_front_of_a_queue_as_small_as_the_pool_and_none_hangs() {
    let (results, recorder) = record(&pipeline!(second_time), 0..400).await;
    assert_eq!(values(results), (0..400).collect::<Vec<_>>());
    assert_eq!(recorder.count(Status::Retrying), 400);
}

#[stage(retry = "per_stage")]
async fn find(item: u64) -> Option<u64> {
    (item > 1).then_some(item)
}

#[stage(retry = "per_stage")]
async fn forget(_item: Option<u64>) {}

#[tokio::test(start_paused = true)]
async fn nothing_is_a_value_too_under_per_stage() {
    let (found, _) = record(&pipeline!(find), 0..3).await;
    assert_eq!(values(found), [None, None, Some(2)]);
    let (forgotten, _) = record(&pipeline!(find >> forget), 0..3).await;
    assert_eq!(values(forgotten), [(), (), ()]);
}

/// One item of five never succeeds, the others at their first, second or third attempt.
#[stage(workers = 8, retry = "per_stage", attempts = 3, wait = "0s")]
async fn moody(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    tokio::task::yield_now().await;
    let attempt = if item.is_multiple_of(5) {
        4
    } else {
        item % 3 + 1
    };
    from_attempt(u32::try_from(attempt).expect("small"), item, cx)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_item_is_lost_under_per_stage() {
    let (results, _) = record(&pipeline!(moody), 0..1000).await;
    assert_eq!(count(&results, Outcome::Completed), 800);
    assert_eq!(count(&results, Outcome::Failed), 200);
    let attempts = results.iter().filter_map(|result| result.error());
    assert!(attempts.map(antflow::ItemError::attempts).all(|n| n == 3));
}
