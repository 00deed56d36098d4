//! What the documents say of task events: each attempt has a start and one end.

use std::time::SystemTime;

use antflow::event::TaskEventKind::{Complete, Fail, Retry, Start};
use antflow::{ItemId, TaskContext, pipeline, stage, task};
use antflow_tests::{Boom, from_attempt, millis, record, values, within};

#[stage(name = "TestStage")]
async fn work(item: u64) -> u64 {
    tokio::time::sleep(millis(20)).await;
    item
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_task_that_succeeds_has_all_fields_and_no_error() {
    let before = SystemTime::now();
    let (_, recorder) = record(&pipeline!(work), [1]).await;
    let [complete] = &recorder.tasks_of(Complete)[..] else {
        panic!("{:?}", recorder.events());
    };
    assert_eq!(complete.item_id, ItemId::Number(0));
    assert_eq!(&*complete.stage, "TestStage");
    assert_eq!(&*complete.task, "work");
    assert_eq!(complete.worker.to_string(), "TestStage-W0");
    assert_eq!(complete.worker_id(), 0);
    assert_eq!(complete.kind.as_str(), "complete");
    assert_eq!(complete.attempt, 1);
    assert!(complete.timestamp >= before);
    assert!(complete.error.is_none());
    assert_eq!(complete.duration, Some(millis(20)));
}

#[tokio::test(start_paused = true)]
async fn a_start_has_neither_duration_nor_error() {
    let (_, recorder) = record(&pipeline!(work), 0..3).await;
    let starts = recorder.tasks_of(Start);
    assert_eq!(starts.len(), 3);
    for start in starts {
        assert!(start.duration.is_none() && start.error.is_none());
        assert_eq!((&*start.task, start.attempt), ("work", 1));
    }
}

#[stage(retry = "per_task", attempts = 3, wait = "1s")]
async fn flaky(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    tokio::time::sleep(millis(20)).await;
    from_attempt(2, item, cx)
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_once_has_one_retry_with_its_error_and_its_duration() {
    let (_, recorder) = record(&pipeline!(flaky), [7]).await;
    let [retry] = &recorder.tasks_of(Retry)[..] else {
        panic!("{:?}", recorder.events());
    };
    assert_eq!(retry.attempt, 1);
    assert_eq!(retry.duration, Some(millis(20)), "the pause is not its");
    let error = retry.error.as_ref().unwrap();
    assert_eq!(error.downcast_ref(), Some(&Boom(7)));
    assert_eq!(
        recorder.task_lines(0),
        [
            "flaky start 1",
            "flaky retry 1",
            "flaky start 2",
            "flaky complete 2"
        ]
    );
}

#[stage(retry = "per_task", attempts = 3, wait = "1s")]
async fn refuse(item: u64) -> Result<u64, Boom> {
    Err(Boom(item))
}

#[tokio::test(start_paused = true)]
async fn a_task_that_always_fails_has_one_fail_in_its_last_attempt() {
    let (_, recorder) = record(&pipeline!(refuse.attempts(2)), [7]).await;
    let [fail] = &recorder.tasks_of(Fail)[..] else {
        panic!("{:?}", recorder.events());
    };
    assert_eq!(fail.attempt, 2);
    assert_eq!(fail.error.as_ref().unwrap().type_name(), "Boom");
}

#[tokio::test(start_paused = true)]
async fn three_failing_attempts_are_three_starts_two_retries_and_one_fail() {
    let (_, recorder) = record(&pipeline!(refuse), [7]).await;
    let kinds = [Start, Complete, Retry, Fail].map(|kind| recorder.tasks_of(kind).len());
    assert_eq!(kinds, [3, 0, 2, 1]);
}

#[task]
async fn first(item: u64) -> u64 {
    item
}

#[task]
async fn second(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    from_attempt(u32::try_from(item).expect("small"), item, cx)
}

#[stage(retry = "per_task", wait = "0s")]
struct Two(first, second);

#[tokio::test(start_paused = true)]
async fn two_tasks_have_two_starts_and_two_ends() {
    let (_, recorder) = record(&pipeline!(Two), [1]).await;
    assert_eq!(
        recorder.task_lines(0),
        [
            "first start 1",
            "first complete 1",
            "second start 1",
            "second complete 1"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_that_nobody_observes_does_the_same() {
    let results = within(pipeline!(Two >> flaky).run([1, 2])).await;
    assert_eq!(values(results.unwrap()), [1, 2]);
}

#[stage(retry = "per_stage", attempts = 2, wait = "0s")]
struct Transaction(first, second);

#[tokio::test(start_paused = true)]
async fn under_per_stage_only_the_last_attempt_of_the_stage_has_a_fail() {
    let (_, recorder) = record(&pipeline!(Transaction), [2, 9]).await;
    for (item, end) in [(0, "second complete 2"), (1, "second fail 2")] {
        let lines = [
            "first start 1",
            "first complete 1",
            "second start 1",
            "second retry 1",
            "first start 2",
            "first complete 2",
            "second start 2",
            end,
        ];
        assert_eq!(recorder.task_lines(item), lines);
    }
}
