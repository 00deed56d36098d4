//! Waiting for the first of several tasks, the first that fails, or all: what is done, what is not, and nothing lost.

use antflow::Executor;
use antflow::executor::{Submitted, TaskError, WaitFor, WaitTimeout, Waited, wait};
use antflow_tests::{Boom, after, executor, fine, millis, panic_quietly, seconds, within};
use tokio::time::Instant;

const EVERY: [WaitFor; 3] = [WaitFor::First, WaitFor::FirstError, WaitFor::All];

type Task = Submitted<u64, Boom>;

/// A task that ends after so many seconds, with the number of seconds.
fn sleeper(executor: &Executor, time: u64) -> Task {
    executor
        .submit(move || after(seconds(time), fine(time)))
        .expect("the executor is open")
}

/// A task that fails after so many seconds.
fn failing(executor: &Executor, time: u64) -> Task {
    executor
        .submit(move || after(seconds(time), Err(Boom(time))))
        .expect("the executor is open")
}

/// The ids of the tasks that are done, and of those that are not.
fn ids(waited: &Waited<u64, Boom>) -> (Vec<u64>, Vec<u64>) {
    let done = waited.done.iter().map(|completed| completed.sequence_id);
    let pending = waited.pending.iter().map(Submitted::sequence_id);
    (done.collect(), pending.collect())
}

#[tokio::test(start_paused = true)]
async fn all_waits_for_all() {
    let (executor, start) = (executor(3), Instant::now());
    let tasks = [3, 1, 2].map(|time| sleeper(&executor, time));
    let waited = within(wait(tasks, WaitFor::All)).await;
    assert_eq!(ids(&waited), (vec![1, 2, 0], vec![]));
    let values = waited.done.into_iter().map(|completed| completed.result);
    assert_eq!(values.collect::<Vec<_>>(), [Ok(1), Ok(2), Ok(3)]);
    assert_eq!(start.elapsed(), seconds(3));
}

#[tokio::test(start_paused = true)]
async fn first_splits_into_one_that_is_done_and_the_others() {
    let (executor, start) = (executor(3), Instant::now());
    let tasks = [3, 1, 2].map(|time| sleeper(&executor, time));
    let waited = within(wait(tasks, WaitFor::First)).await;
    assert_eq!(ids(&waited), (vec![1], vec![0, 2]));
    assert_eq!(start.elapsed(), seconds(1));
    // The others go on and can be waited for again.
    let waited = within(wait(waited.pending, WaitFor::All)).await;
    assert_eq!(ids(&waited), (vec![2, 0], vec![]));
    assert_eq!(start.elapsed(), seconds(3));
}

#[tokio::test(start_paused = true)]
async fn of_racing_tasks_the_fastest_wins_and_the_others_are_cancelled() {
    let executor = executor(3);
    let tasks = [300, 1, 200].map(|time| sleeper(&executor, time));
    let waited = within(wait(tasks, WaitFor::First)).await;
    assert_eq!(waited.done[0].result, Ok(1));
    let start = Instant::now();
    waited.pending.iter().for_each(Submitted::cancel);
    for loser in waited.pending {
        assert_eq!(within(loser).await, Err(TaskError::Cancelled));
    }
    assert_eq!(start.elapsed(), seconds(0));
}

#[tokio::test(start_paused = true)]
async fn first_gives_all_that_are_done_by_then() {
    let executor = executor(3);
    let tasks = [1, 5, 1].map(|time| sleeper(&executor, time));
    let last = sleeper(&executor, 1);
    tokio::time::sleep(millis(1500)).await;
    let waited = within(wait(tasks.into_iter().chain([last]), WaitFor::First)).await;
    assert_eq!(ids(&waited), (vec![0, 2], vec![1, 3]));
}

#[tokio::test(start_paused = true)]
async fn first_error_waits_for_a_failure() {
    let (executor, start) = (executor(4), Instant::now());
    let tasks = [
        sleeper(&executor, 1),
        sleeper(&executor, 9),
        failing(&executor, 2),
        failing(&executor, 3),
    ];
    let waited = within(wait(tasks, WaitFor::FirstError)).await;
    assert_eq!(ids(&waited), (vec![0, 2], vec![1, 3]));
    assert_eq!(waited.done[1].result, Err(TaskError::Failed(Boom(2))));
    assert_eq!(start.elapsed(), seconds(2));
}

#[tokio::test(start_paused = true)]
async fn first_error_counts_panics_and_cancelled_tasks() {
    let executor = executor(4);
    let panicking = || {
        let task = || async {
            panic_quietly("now");
            fine(1)
        };
        executor.submit(task).unwrap()
    };
    let waited = within(wait(
        [sleeper(&executor, 5), panicking()],
        WaitFor::FirstError,
    ))
    .await;
    assert_eq!(ids(&waited), (vec![1], vec![0]));
    let cancelled = sleeper(&executor, 9);
    cancelled.cancel();
    let waited = within(wait(
        [sleeper(&executor, 5), cancelled],
        WaitFor::FirstError,
    ))
    .await;
    assert_eq!(waited.done[0].result, Err(TaskError::Cancelled));
    assert_eq!((waited.done.len(), waited.pending.len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn first_error_without_an_error_waits_for_all() {
    let (executor, start) = (executor(3), Instant::now());
    let tasks = [3, 1, 2].map(|time| sleeper(&executor, time));
    let waited = within(wait(tasks, WaitFor::FirstError)).await;
    assert_eq!(ids(&waited), (vec![1, 2, 0], vec![]));
    assert_eq!(start.elapsed(), seconds(3));
}

#[tokio::test(start_paused = true)]
async fn all_waits_for_successes_and_failures_alike() {
    let executor = executor(3);
    let tasks = [
        sleeper(&executor, 1),
        failing(&executor, 2),
        sleeper(&executor, 3),
    ];
    let waited = within(wait(tasks, WaitFor::All)).await;
    let results = waited.done.into_iter().map(|completed| completed.result);
    let two = TaskError::Failed(Boom(2));
    assert_eq!(results.collect::<Vec<_>>(), [Ok(1), Err(two), Ok(3)]);
}

#[tokio::test(start_paused = true)]
async fn no_tasks_give_two_empty_sets() {
    for until in EVERY {
        let waited = within(wait::<u64, Boom>([], until)).await;
        assert_eq!(ids(&waited), (vec![], vec![]));
        let waited = within(wait::<u64, Boom>([], until).timeout(seconds(1))).await;
        assert_eq!(ids(&waited.unwrap()), (vec![], vec![]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_all_gives_the_tasks_back() {
    let (executor, start) = (executor(3), Instant::now());
    let tasks = [30, 1, 20].map(|time| sleeper(&executor, time));
    let waited = within(wait(tasks, WaitFor::All).timeout(seconds(5))).await;
    let error = waited.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the time is over, and 2 tasks are not done"
    );
    assert_eq!(start.elapsed(), seconds(5));
    let WaitTimeout(waited) = error;
    assert_eq!(ids(&waited), (vec![1], vec![0, 2]));
    assert_eq!(waited.done[0].result, Ok(1));
    // Nothing was cancelled.
    for (task, time) in waited.pending.into_iter().zip([30, 20]) {
        assert_eq!(within(task).await, Ok(time));
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_first_and_first_error_gives_what_there_is() {
    let executor = executor(9);
    for until in [WaitFor::First, WaitFor::FirstError] {
        let start = Instant::now();
        let tasks = [30, 20].map(|time| sleeper(&executor, time));
        let waited = within(wait(tasks, until).timeout(seconds(5)))
            .await
            .unwrap();
        assert_eq!((waited.done.len(), waited.pending.len()), (0, 2));
        assert_eq!(start.elapsed(), seconds(5));
    }
    let tasks = [30, 1, 20].map(|time| sleeper(&executor, time));
    let waited = within(wait(tasks, WaitFor::FirstError).timeout(seconds(5))).await;
    let waited = waited.unwrap();
    assert_eq!((waited.done.len(), waited.pending.len()), (1, 2));
    assert_eq!(waited.done[0].result, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_is_long_enough_changes_nothing() {
    let (executor, start) = (executor(3), Instant::now());
    for (until, done, elapsed) in [
        (WaitFor::First, 1, 1),
        (WaitFor::FirstError, 2, 2),
        (WaitFor::All, 3, 3),
    ] {
        let began = start.elapsed();
        let tasks = [
            sleeper(&executor, 1),
            failing(&executor, 2),
            sleeper(&executor, 3),
        ];
        let waited = within(wait(tasks, until).timeout(seconds(100)))
            .await
            .unwrap();
        assert_eq!((waited.done.len(), waited.pending.len()), (done, 3 - done));
        assert_eq!(start.elapsed() - began, seconds(elapsed));
        within(wait(waited.pending, WaitFor::All)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_can_be_interrupted_and_taken_up_again() {
    let (executor, start) = (executor(3), Instant::now());
    let tasks = [3, 1, 2].map(|time| sleeper(&executor, time));
    let mut waiting = wait(tasks, WaitFor::All);
    let early = tokio::time::timeout(millis(1500), &mut waiting).await;
    assert!(early.is_err());
    let waited = within(waiting).await;
    assert_eq!(ids(&waited), (vec![1, 2, 0], vec![]));
    assert_eq!(start.elapsed(), seconds(3));
}
