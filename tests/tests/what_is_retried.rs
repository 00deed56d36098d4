//! Which part of a stage is repeated, with which item, and which errors are not retried at all.

use std::error::Error;

use antflow::{BoxError, ItemErrorKind, State, TaskContext, pipeline, stage, task};
use antflow_tests::{Boom, Log, Outcome, outcomes, seconds, values, within};

type Calls = Log<(&'static str, u64, u32)>;

#[task]
async fn first(item: u64, cx: &TaskContext, calls: State<Calls>) -> u64 {
    calls.push(("first", item, cx.attempt()));
    item * 10
}

/// Succeeds in its third call.
#[task]
async fn second(item: u64, cx: &TaskContext, calls: State<Calls>) -> Result<u64, Boom> {
    calls.push(("second", item, cx.attempt()));
    let so_far = calls.entries();
    let own = so_far.iter().filter(|(name, ..)| *name == "second");
    if own.count() < 3 {
        Err(Boom(item))
    } else {
        Ok(item + 1)
    }
}

/// Succeeds in its second call.
#[task]
async fn third(item: &u64, cx: &TaskContext, calls: State<Calls>) -> Result<u64, Boom> {
    calls.push(("third", *item, cx.attempt()));
    let so_far = calls.entries();
    let own = so_far.iter().filter(|(name, ..)| *name == "third");
    if own.count() < 2 {
        Err(Boom(*item))
    } else {
        Ok(item * 2)
    }
}

#[stage(retry = "per_task", attempts = 3)]
struct PerTask(first, second, third);

#[stage(retry = "per_task", attempts = 3, on_wait = "release")]
struct PerTaskRelease(first, second, third);

#[stage(retry = "per_stage", attempts = 4)]
struct PerStage(first, second, third);

#[stage(retry = "per_stage", attempts = 4, on_wait = "release")]
struct PerStageRelease(first, second, third);

#[tokio::test(start_paused = true)]
async fn per_task_keeps_what_the_tasks_before_have_made() {
    let expected = [
        ("first", 5, 1),
        ("second", 50, 1),
        ("second", 50, 2),
        ("second", 50, 3),
        ("third", 51, 1),
        ("third", 51, 2),
    ];
    for release in [false, true] {
        let calls = Calls::new();
        let results = if release {
            let etl = pipeline!(PerTaskRelease).with_state(calls.clone());
            within(etl.run([5])).await.unwrap()
        } else {
            let etl = pipeline!(PerTask).with_state(calls.clone());
            within(etl.run([5])).await.unwrap()
        };
        assert_eq!(values(results), [102]);
        assert_eq!(calls.entries(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn per_stage_starts_again_from_the_input() {
    let expected = [
        ("first", 5, 1),
        ("second", 50, 1),
        ("first", 5, 2),
        ("second", 50, 2),
        ("first", 5, 3),
        ("second", 50, 3),
        ("third", 51, 3),
        ("first", 5, 4),
        ("second", 50, 4),
        ("third", 51, 4),
    ];
    for release in [false, true] {
        let calls = Calls::new();
        let results = if release {
            let etl = pipeline!(PerStageRelease).with_state(calls.clone());
            within(etl.run([5])).await.unwrap()
        } else {
            let etl = pipeline!(PerStage).with_state(calls.clone());
            within(etl.run([5])).await.unwrap()
        };
        assert_eq!(values(results), [102]);
        assert_eq!(calls.entries(), expected);
    }
}

/// Each attempt gets the item as it was: what an attempt did to its own copy is gone with it.
#[tokio::test(start_paused = true)]
async fn an_attempt_does_not_see_what_the_one_before_did_to_the_item() {
    #[stage(retry = "per_task", attempts = 3)]
    async fn spoil(mut items: Vec<u64>, cx: &TaskContext) -> Result<Vec<u64>, Boom> {
        items.push(u64::from(cx.attempt()));
        if cx.attempt() < 3 {
            Err(Boom(0))
        } else {
            Ok(items)
        }
    }
    #[stage(retry = "per_stage", attempts = 3)]
    async fn spoil_again(mut items: Vec<u64>, cx: &TaskContext) -> Result<Vec<u64>, Boom> {
        items.push(10 * u64::from(cx.attempt()));
        if cx.attempt() < 3 {
            Err(Boom(0))
        } else {
            Ok(items)
        }
    }
    let results = within(pipeline!(spoil >> spoil_again).run([vec![0]])).await;
    assert_eq!(values(results.unwrap()), [[0, 3, 30]]);
}

fn is_small(error: &Boom) -> bool {
    error.0 < 10
}

fn is_small_boom(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    error.downcast_ref().is_some_and(is_small)
}

#[stage(retry = "per_task", retry_if = is_small)]
async fn picky(item: u64, calls: State<Log<u64>>) -> Result<u64, Boom> {
    calls.push(item);
    Err(Boom(item))
}

#[task]
async fn refuse(item: u64, calls: State<Log<u64>>) -> Result<u64, BoxError> {
    calls.push(item);
    if item == 7 {
        return Err("not a boom".into());
    }
    Err(Boom(item).into())
}

#[stage(retry = "per_stage", retry_if = is_small_boom)]
struct PickyList(refuse);

#[task(retry_if = is_small)]
async fn refuse_picky(item: u64, calls: State<Log<u64>>) -> Result<u64, Boom> {
    calls.push(item);
    Err(Boom(item))
}

#[stage(retry = "per_task")]
struct PickyTask(refuse_picky);

#[tokio::test(start_paused = true)]
async fn retry_if_decides_on_a_function_on_a_list_and_on_a_task() {
    macro_rules! calls {
        ($stage:ident) => {{
            let calls = Log::new();
            let etl = pipeline!($stage).with_state(calls.clone());
            let results = within(etl.run([3, 30])).await.unwrap();
            assert_eq!(outcomes(&results), [Outcome::Failed; 2]);
            let attempts: Vec<_> = results
                .iter()
                .map(|result| result.error().unwrap().attempts())
                .collect();
            assert_eq!(attempts, [3, 1]);
            let mut calls = calls.entries();
            calls.sort_unstable();
            calls
        }};
    }
    assert_eq!(calls!(picky), [3, 3, 3, 30]);
    assert_eq!(calls!(PickyList), [3, 3, 3, 30]);
    assert_eq!(calls!(PickyTask), [3, 3, 3, 30]);
}

#[tokio::test(start_paused = true)]
async fn retry_if_of_a_list_sees_errors_of_any_type() {
    let calls = Log::new();
    let etl = pipeline!(PickyList).with_state(calls.clone());
    let results = within(etl.run([7])).await.unwrap();
    assert_eq!(results[0].error().unwrap().attempts(), 1);
    let ItemErrorKind::Failed(source) = results[0].error().unwrap().kind() else {
        panic!("{results:?}");
    };
    assert_eq!(source.to_string(), "not a boom");
    assert_eq!(calls.len(), 1);
}

fn never(_: &Boom) -> bool {
    false
}

#[stage(retry = "per_task", attempts = 3, wait = "0s", timeout = "1s", retry_if = never)]
async fn stuck(item: u64, calls: State<Log<u64>>) -> Result<u64, Boom> {
    calls.push(item);
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_no_error_of_the_task_so_retry_if_is_not_asked() {
    let calls = Log::new();
    let etl = pipeline!(stuck).with_state(calls.clone());
    let start = tokio::time::Instant::now();
    let results = within(etl.run([1])).await.unwrap();
    assert_eq!(outcomes(&results), [Outcome::TimedOut]);
    assert_eq!(calls.len(), 3);
    assert_eq!(start.elapsed(), seconds(3));
}

#[tokio::test(start_paused = true)]
async fn the_source_of_an_error_is_kept_and_named() {
    let etl = pipeline!(picky).with_state(Log::new());
    let results = within(etl.run([30])).await.unwrap();
    let error = results[0].error().unwrap();
    assert_eq!(error.downcast_ref::<Boom>(), Some(&Boom(30)));
    assert!(error.downcast_ref::<std::io::Error>().is_none());
    assert_eq!(error.source().unwrap().to_string(), "boom 30");
    assert_eq!(error.to_string(), "stage `Picky`, task `picky`: boom 30");
    assert_eq!(error.type_name(), "Boom");
}
