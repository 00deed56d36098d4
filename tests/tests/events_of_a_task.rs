//! What an observer hears of each attempt of a task: a start, then one of complete, retry and fail.

use antflow::event::TaskEventKind::{self, Complete, Fail, Retry, Start};
use antflow::{TaskContext, pipeline, stage, task};
use antflow_tests::{Boom, Recorder, millis, quiet, seconds, within};

#[task]
async fn read(item: u64) -> u64 {
    tokio::time::sleep(millis(30)).await;
    item
}

/// Item `n` succeeds in attempt `n`.
#[task]
async fn parse(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    tokio::time::sleep(millis(20)).await;
    if u64::from(cx.attempt()) < item {
        Err(Boom(item))
    } else {
        Ok(item)
    }
}

#[stage(retry = "per_task", attempts = 3, wait = "1s")]
struct PerTask(read, parse, read);

#[stage(retry = "per_stage", attempts = 3, wait = "1s")]
struct PerStage(read, parse, read);

#[stage(retry = "per_task", attempts = 3, wait = "1s", on_wait = "release")]
struct PerTaskRelease(read, parse, read);

#[stage(retry = "per_stage", attempts = 3, wait = "1s", on_wait = "release")]
struct PerStageRelease(read, parse, read);

macro_rules! record {
    ($stage:ident, $items:expr) => {{
        let recorder = Recorder::new();
        let run = pipeline!($stage).observe(recorder.clone()).start().unwrap();
        run.feed($items).await.unwrap();
        let results = within(run.join()).await;
        recorder.check(&results, &run.stats());
        recorder
    }};
}

fn count(recorder: &Recorder, kind: TaskEventKind) -> usize {
    let tasks = recorder.tasks();
    tasks.iter().filter(|event| event.kind == kind).count()
}

#[tokio::test(start_paused = true)]
async fn each_task_of_a_list_starts_and_completes() {
    let lines = [
        "read start 1",
        "read complete 1",
        "parse start 1",
        "parse complete 1",
        "read start 1",
        "read complete 1",
    ];
    assert_eq!(record!(PerTask, [1]).task_lines(0), lines);
    assert_eq!(record!(PerStage, [1]).task_lines(0), lines);
}

#[tokio::test(start_paused = true)]
async fn per_task_repeats_the_task_alone() {
    let expected = [
        "read start 1",
        "read complete 1",
        "parse start 1",
        "parse retry 1",
        "parse start 2",
        "parse retry 2",
        "parse start 3",
        "parse complete 3",
        "read start 1",
        "read complete 1",
    ];
    assert_eq!(record!(PerTask, [3]).task_lines(0), expected);
    assert_eq!(record!(PerTaskRelease, [3]).task_lines(0), expected);
}

#[tokio::test(start_paused = true)]
async fn per_stage_repeats_from_the_first_task() {
    let expected = [
        "read start 1",
        "read complete 1",
        "parse start 1",
        "parse retry 1",
        "read start 2",
        "read complete 2",
        "parse start 2",
        "parse complete 2",
        "read start 2",
        "read complete 2",
    ];
    assert_eq!(record!(PerStage, [2]).task_lines(0), expected);
    assert_eq!(record!(PerStageRelease, [2]).task_lines(0), expected);
}

#[tokio::test(start_paused = true)]
async fn attempts_that_all_fail_give_as_many_starts_one_retry_less_and_one_fail() {
    let check = |recorder: &Recorder, reads: usize| {
        let tasks = recorder.tasks();
        let parse = tasks.iter().filter(|event| &*event.task == "parse");
        let kinds: Vec<_> = parse.map(|event| (event.kind, event.attempt)).collect();
        assert_eq!(
            kinds,
            [
                (Start, 1),
                (Retry, 1),
                (Start, 2),
                (Retry, 2),
                (Start, 3),
                (Fail, 3)
            ]
        );
        assert_eq!(count(recorder, Complete), reads);
    };
    check(&record!(PerTask, [9]), 1);
    check(&record!(PerTaskRelease, [9]), 1);
    check(&record!(PerStage, [9]), 3);
    check(&record!(PerStageRelease, [9]), 3);
}

#[tokio::test(start_paused = true)]
async fn events_name_worker_and_error_and_count_the_time_of_the_attempt() {
    let recorder = record!(PerTask, [2]);
    for event in recorder.tasks() {
        assert_eq!(event.worker.to_string(), "PerTask-W0");
        assert_eq!(event.worker_id(), 0);
        assert_eq!(&*event.stage, "PerTask");
        let took = if &*event.task == "read" { 30 } else { 20 };
        let duration = (event.kind != Start).then_some(millis(took));
        assert_eq!(event.duration, duration, "{event:?}");
        let boom = event.error.as_ref().and_then(|error| error.downcast_ref());
        assert_eq!(boom, (event.kind == Retry).then_some(&Boom(2)));
    }
    let names: Vec<_> = [Start, Complete, Retry, Fail]
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, ["start", "complete", "retry", "fail"]);
}

/// Waits for the permit are not the attempt's.
#[stage(workers = 3, concurrency = 1)]
async fn exclusive(item: u64) -> u64 {
    tokio::time::sleep(millis(50)).await;
    item
}

#[tokio::test(start_paused = true)]
async fn a_start_is_when_the_limits_let_it_in() {
    let recorder = record!(exclusive, 0..3);
    let kinds: Vec<_> = recorder.tasks().iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [Start, Complete, Start, Complete, Start, Complete]);
    let durations: Vec<_> = recorder
        .tasks()
        .iter()
        .filter_map(|event| event.duration)
        .collect();
    assert_eq!(durations, [millis(50); 3]);
}

#[task(name = "Slow one")]
async fn stall(item: u64, cx: &TaskContext) -> u64 {
    if cx.attempt() < 2 {
        std::future::pending::<()>().await;
    }
    item
}

#[stage(retry = "per_stage", attempts = 2, wait = "0s", timeout = "2s")]
struct Timed(read, stall);

#[stage(timeout = "2s")]
struct TimedOnce(read, stall);

#[tokio::test(start_paused = true)]
async fn a_task_that_the_stages_timeout_ends_gets_its_event() {
    let recorder = record!(Timed, [1]);
    assert_eq!(
        recorder.task_lines(0),
        [
            "read start 1",
            "read complete 1",
            "Slow one start 1",
            "Slow one retry 1",
            "read start 2",
            "read complete 2",
            "Slow one start 2",
            "Slow one complete 2",
        ]
    );
    let retry = recorder
        .tasks()
        .into_iter()
        .find(|event| event.kind == Retry)
        .unwrap();
    assert_eq!(
        retry.duration,
        Some(seconds(2) - millis(30)),
        "what was left of the stage's"
    );
    let recorder = record!(TimedOnce, [1]);
    assert_eq!(
        recorder.task_lines(0),
        [
            "read start 1",
            "read complete 1",
            "Slow one start 1",
            "Slow one fail 1"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_cut_off_ends_with_the_items_cancellation() {
    let recorder = Recorder::new();
    let run = pipeline!(TimedOnce)
        .observe(recorder.clone())
        .start()
        .unwrap();
    run.feed([1]).await.unwrap();
    quiet().await;
    let results = within(run.shutdown()).await;
    recorder.check(&results, &run.stats());
    assert_eq!(recorder.task_lines(0), ["read start 1"]);
}

#[tokio::test(start_paused = true)]
async fn numbers_of_events_agree_for_many_items() {
    let recorder = record!(PerStageRelease, (0..50).map(|n| n % 5));
    let items = |n: u64| 10 * usize::try_from(n).unwrap();
    // 0 and 1 succeed at once, 2 and 3 later, 4 never.
    assert_eq!(count(&recorder, Retry), items(1 + 2 + 2));
    assert_eq!(count(&recorder, Fail), items(1));
    assert_eq!(
        count(&recorder, Start),
        count(&recorder, Complete) + count(&recorder, Retry) + count(&recorder, Fail)
    );
}
