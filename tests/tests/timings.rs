//! Where an observer wants to know how long things take, everything is timed once, under the right name.

use std::thread;

use antflow::event::{Callbacks, StatusEvent, Stopwatch, TaskEventKind};
use antflow::{
    Cancelled, Histogram, ItemErrorKind, StageTimings, TaskContext, Timings, pipeline, stage, task,
};
use antflow_tests::{Boom, Recorder, millis, quiet, seconds, within};

#[stage(workers = 3)]
async fn load(item: u64) -> u64 {
    item
}

#[stage(workers = 3)]
async fn double(item: u64) -> u64 {
    item * 2
}

macro_rules! timings {
    ($pipeline:expr, $items:expr) => {{
        let run = $pipeline.observe(Stopwatch).start().unwrap();
        within(run.feed($items)).await.unwrap();
        let results = within(run.join()).await;
        let timings = run.view().timings().unwrap();
        assert_eq!(timings.items.count(), results.len() as u64);
        timings
    }};
}

/// How many attempts of the first task succeeded, failed, timed out, panicked, and how many are followed by another.
fn attempts(stage: &StageTimings) -> [u64; 5] {
    let task = &stage.tasks[0];
    [
        task.succeeded,
        task.failed,
        task.timed_out,
        task.panicked,
        task.retries,
    ]
}

#[tokio::test(start_paused = true)]
async fn where_nobody_wants_to_know_there_are_no_timings() {
    let run = pipeline!(load).observe(Recorder::new()).start().unwrap();
    within(run.feed(0..3)).await.unwrap();
    within(run.join()).await;
    assert_eq!(run.view().timings(), None);
}

#[tokio::test(start_paused = true)]
async fn each_item_is_timed_once_in_each_stage() {
    let timings = timings!(pipeline!(load >> double), 0..1000);
    for stage in &timings.stages {
        assert_eq!(stage.processing_time.count(), 1000);
        assert!(stage.queue_wait.count() >= 1000);
        assert_eq!(attempts(stage), [1000, 0, 0, 0, 0]);
        assert_eq!(stage.tasks[0].duration, stage.processing_time);
    }
    let names: Vec<_> = timings
        .stages
        .iter()
        .map(|stage| (&*stage.stage_name, &*stage.tasks[0].task_name))
        .collect();
    assert_eq!(names, [("Load", "load"), ("Double", "double")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_the_same_on_many_threads_and_beside_others_who_watch() {
    let seen = Callbacks::new().on_status_change(|_: StatusEvent| {});
    for observed in [false, true] {
        let etl = pipeline!(load >> double);
        let etl = if observed {
            etl.observe(seen.clone())
        } else {
            etl
        };
        let timings = timings!(etl, 0..20_000);
        for stage in &timings.stages {
            assert_eq!(stage.processing_time.count(), 20_000);
            assert!(stage.queue_wait.count() >= 20_000);
            assert_eq!(attempts(stage), [20_000, 0, 0, 0, 0]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn items_of_an_iterator_do_not_wait_in_the_first_queue() {
    let etl = pipeline!(narrow >> double).observe(Stopwatch);
    let seen = std::sync::Arc::new(std::sync::OnceLock::new());
    let view = std::sync::Arc::clone(&seen);
    let run = etl.run(0..100).on_start(move |run| drop(view.set(run)));
    assert_eq!(within(run).await.unwrap().len(), 100);
    let timings = seen.get().and_then(antflow::RunView::timings).unwrap();
    let waits: Vec<_> = timings
        .stages
        .iter()
        .map(|stage| stage.queue_wait.count())
        .collect();
    assert_eq!(waits, [0, 100]);
}

/// Item `n` does what `n` says.
#[stage(
    workers = 2,
    retry = "per_task",
    attempts = 3,
    wait = "1s",
    timeout = "5s"
)]
async fn behave(item: u64, cx: &TaskContext) -> Result<u64, antflow::BoxError> {
    match item {
        1 => Err(Boom(item).into()),
        2 if cx.attempt() < 3 => Err(Boom(item).into()),
        3 => std::panic::resume_unwind(Box::new("planned")),
        4 => std::future::pending().await,
        5 => Err(Cancelled.into()),
        _ => Ok(item),
    }
}

#[stage(
    workers = 2,
    retry = "per_stage",
    attempts = 3,
    wait = "1s",
    on_wait = "release",
    timeout = "5s"
)]
async fn behave_released(item: u64, cx: &TaskContext) -> Result<u64, antflow::BoxError> {
    match item {
        1 => Err(Boom(item).into()),
        2 if cx.attempt() < 3 => Err(Boom(item).into()),
        3 => std::panic::resume_unwind(Box::new("planned")),
        4 => std::future::pending().await,
        5 => Err(Cancelled.into()),
        _ => Ok(item),
    }
}

/// Items 0, 6 and 7 succeed at once; 1 fails three times, 2 twice, 3 panics, 4 takes too long three times, 5 gives up.
const BEHAVED: [u64; 5] = [3 + 1, 3 + 2 + 1, 3, 1, 2 + 2 + 2];

#[tokio::test(start_paused = true)]
async fn attempts_are_counted_by_how_they_ended() {
    let timings = timings!(pipeline!(behave), 0..8);
    let stage = &timings.stages[0];
    assert_eq!(attempts(stage), BEHAVED);
    assert_eq!(
        stage.tasks[0].duration.count(),
        BEHAVED[..4].iter().sum::<u64>()
    );
    assert_eq!(stage.processing_time.count(), 8);
    assert!(stage.queue_wait.count() >= 8);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_lets_go_of_its_worker_counts_each_time_that_one_has_it() {
    let timings = timings!(pipeline!(behave_released), 0..8);
    let stage = &timings.stages[0];
    assert_eq!(attempts(stage), BEHAVED);
    assert_eq!(stage.processing_time.count(), 8 + 2 + 2 + 2);
    assert!(stage.queue_wait.count() >= 8 + 2 + 2 + 2);
}

#[stage(workers = 2, retry = "per_task", attempts = 2, wait = "0s")]
async fn plain(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    if item.is_multiple_of(2) && cx.attempt() == 1 {
        Err(Boom(item))
    } else {
        Ok(item)
    }
}

fn undecided(_: &Boom) -> bool {
    std::panic::resume_unwind(Box::new("planned"))
}

#[stage(
    workers = 2,
    retry = "per_task",
    attempts = 2,
    wait = "0s",
    retry_if = undecided
)]
async fn judged_by_a_panic(item: u64) -> Result<u64, Boom> {
    Err(Boom(item))
}

#[tokio::test(start_paused = true)]
async fn an_error_that_nobody_can_judge_counts_as_the_panic_that_its_event_tells_of() {
    for observed in [false, true] {
        let recorder = Recorder::new();
        let etl = pipeline!(judged_by_a_panic);
        let etl = if observed {
            etl.observe(recorder.clone())
        } else {
            etl
        };
        let timings = timings!(etl, 0..5);
        assert_eq!(attempts(&timings.stages[0]), [0, 0, 0, 5, 0]);
        for event in recorder.tasks_of(TaskEventKind::Fail) {
            let kind = event.error.as_ref().unwrap().kind();
            assert!(matches!(kind, ItemErrorKind::Panicked(_)), "{event:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn they_agree_with_the_events_of_tasks() {
    for observed in [false, true] {
        let recorder = Recorder::new();
        let etl = pipeline!(plain);
        let etl = if observed {
            etl.observe(recorder.clone())
        } else {
            etl
        };
        let timings = timings!(etl, 0..50);
        assert_eq!(attempts(&timings.stages[0]), [50, 25, 0, 0, 25]);
        assert_eq!(timings.stages[0].processing_time.count(), 50);
        if observed {
            let count = |kind| recorder.tasks_of(kind).len();
            assert_eq!(count(TaskEventKind::Complete), 50);
            assert_eq!(count(TaskEventKind::Retry), 25);
        }
    }
}

#[task]
async fn first(item: u64) -> u64 {
    thread::sleep(millis(6));
    item
}

#[task]
async fn second(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    if cx.attempt() == 1 {
        Err(Boom(item))
    } else {
        Ok(item)
    }
}

#[stage(retry = "per_task", attempts = 2, wait = "1s")]
struct Steps(first, second);

#[tokio::test(start_paused = true)]
async fn each_task_of_a_stage_is_timed_for_itself() {
    let Timings { stages, .. } = timings!(pipeline!(Steps), 0..3);
    let [first, second] = &stages[0].tasks[..] else {
        panic!("{stages:?}");
    };
    assert_eq!((first.succeeded, first.retries), (3, 0));
    assert_eq!((second.succeeded, second.failed, second.retries), (3, 3, 3));
    assert_eq!((first.duration.count(), second.duration.count()), (3, 6));
    assert!(first.duration.sum() >= millis(18));
    // The second of pause is no work.
    let work = stages[0].processing_time;
    assert_eq!(work.count(), 3);
    let tasks = first.duration.sum() + second.duration.sum();
    assert!(work.sum().abs_diff(tasks) < std::time::Duration::from_micros(1));
}

/// Blocks its thread, so that no other item is longer than this one.
#[stage(workers = 2)]
async fn slow_seventh(item: u64) -> u64 {
    if item == 7 {
        thread::sleep(millis(30));
    }
    item
}

fn longer_than(histogram: &Histogram, bound: std::time::Duration) -> u64 {
    let buckets = Histogram::BOUNDS.iter().zip(&histogram.counts()[1..]);
    buckets
        .filter(|(lower, _)| **lower >= bound)
        .map(|(_, count)| count)
        .sum()
}

#[tokio::test(start_paused = true)]
async fn a_slow_item_among_quick_ones_is_the_only_one_in_its_bucket() {
    let timings = timings!(pipeline!(slow_seventh), 0..20);
    let stage = &timings.stages[0];
    assert_eq!(longer_than(&stage.processing_time, millis(25)), 1);
    assert_eq!(longer_than(&stage.tasks[0].duration, millis(25)), 1);
    assert!(longer_than(&timings.items, millis(25)) >= 1);
}

#[stage(workers = 1, queue = 1)]
async fn narrow(item: u64) -> u64 {
    tokio::time::sleep(seconds(1)).await;
    item
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_waits_for_room_is_timed_as_often_as_it_does() {
    let timings = timings!(pipeline!(load >> narrow), 0..20);
    let waits = timings.stages[0].send_wait.count();
    assert!((1..=20).contains(&waits), "{waits}");
    assert_eq!(timings.stages[1].send_wait.count(), 0);
    assert_eq!(timings.stages[0].processing_time.count(), 20);
}

#[tokio::test(start_paused = true)]
async fn items_that_are_cut_off_have_their_time_as_well() {
    let run = pipeline!(narrow).observe(Stopwatch).start().unwrap();
    within(run.feed([1, 2])).await.unwrap();
    quiet().await;
    let view = run.view();
    assert_eq!(view.timings().unwrap().items.count(), 0);
    assert_eq!(view.last_outcome(), None);
    within(run.shutdown()).await;
    assert_eq!(view.timings().unwrap().items.count(), 2);
    assert!(view.last_outcome().is_some());
}

#[tokio::test(start_paused = true)]
async fn items_with_priorities_are_timed_like_others() {
    let items = (0..100).map(|item| antflow::Item::new(item).priority((item % 3) as i32));
    let timings = timings!(pipeline!(load >> narrow), items);
    for stage in &timings.stages {
        assert!(stage.queue_wait.count() >= 100);
        assert_eq!(stage.processing_time.count(), 100);
    }
}
