//! What the documents say of stages that cannot work: the compiler refuses most of it, the start of a run the rest.

use antflow::{StartError, pipeline, stage, task};
use antflow_tests::{values, within};

#[stage(retry = "per_stage")]
async fn double(item: u64) -> u64 {
    item * 2
}

#[task]
async fn check(item: u64) -> u64 {
    item
}

#[task]
async fn add_one(item: u64) -> u64 {
    item + 1
}

#[stage(workers = 2, retry = "per_task", attempts = 2)]
struct Several(check, add_one, add_one);

#[tokio::test(start_paused = true)]
async fn a_stage_of_several_tasks_is_valid_and_runs_them_in_order() {
    let etl = pipeline!(Several >> double);
    assert_eq!(etl.validate(), Ok(()));
    assert_eq!(values(within(etl.run(0..3)).await.unwrap()), [4, 6, 8]);
}

#[tokio::test(start_paused = true)]
async fn a_stage_without_workers_is_refused_before_anything_is_run() {
    let none = 0;
    let error = within(pipeline!(double.workers(none)).run([1])).await;
    let Err(StartError::Config(error)) = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        error.to_string(),
        "stage `Double`: `workers` must be at least 1"
    );
}

#[test]
fn no_attempts_at_all_are_refused() {
    let none = 0;
    let error = pipeline!(double.attempts(none)).validate().unwrap_err();
    assert_eq!(
        error.mistakes(),
        ["stage `Double`: `attempts` must be at least 1: the first try counts"]
    );
}

#[test]
fn two_stages_of_one_name_are_refused() {
    let error = pipeline!(double >> Several.named("Double")).validate();
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("`Double`: there is another stage of this name"),
        "{error}"
    );
    assert_eq!(
        pipeline!(double >> double.named("Again")).validate(),
        Ok(())
    );
}
