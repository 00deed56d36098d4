//! The results of several tasks in the order in which they end, with one bound of time for all of them.

use std::future::pending;

use antflow::Executor;
use antflow::executor::{Completed, Submitted, TaskError, WaitTimeout, as_completed};
use antflow_tests::{Boom, after, executor, fine, millis, panic_quietly, quiet, seconds, within};
use futures::{Stream, StreamExt};
use tokio::time::Instant;

type Task = Submitted<u64, Boom>;

/// Tasks that end after so many seconds, with the number of seconds.
fn sleepers(executor: &Executor, times: &[u64]) -> Vec<Task> {
    let submit = |time: &u64| {
        let time = *time;
        executor.submit(move || after(seconds(time), fine(time)))
    };
    times
        .iter()
        .map(|time| submit(time).expect("the executor is open"))
        .collect()
}

fn value(completed: Option<Completed<u64, Boom>>) -> u64 {
    completed.expect("another one").result.expect("a value")
}

#[tokio::test(start_paused = true)]
async fn all_results_come_in_the_order_in_which_the_tasks_end() {
    let completed = as_completed(sleepers(&executor(5), &[3, 1, 5, 2, 4]));
    assert_eq!(completed.size_hint(), (5, Some(5)));
    let completed: Vec<_> = within(completed.collect::<Vec<_>>()).await;
    let ids = completed.iter().map(|completed| completed.sequence_id);
    assert_eq!(ids.collect::<Vec<_>>(), [1, 3, 0, 4, 2]);
    let values = completed
        .into_iter()
        .map(|completed| completed.result.unwrap());
    assert_eq!(values.collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn each_result_is_there_as_soon_as_its_task_ends() {
    let start = Instant::now();
    let mut completed = as_completed(sleepers(&executor(3), &[3, 1, 2]));
    for time in 1..=3 {
        assert_eq!(value(within(completed.next()).await), time);
        assert_eq!(start.elapsed(), seconds(time));
    }
    assert!(within(completed.next()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn failures_are_results_like_others() {
    let executor = executor(4);
    let tasks = [
        executor.submit(|| after(seconds(1), Err(Boom(1)))).unwrap(),
        executor.submit(|| after(seconds(2), fine(2))).unwrap(),
        executor
            .submit(|| async {
                tokio::time::sleep(seconds(3)).await;
                panic_quietly("three");
                fine(3)
            })
            .unwrap(),
        executor.submit(pending).unwrap(),
    ];
    tasks[3].cancel();
    let results = as_completed(tasks).map(|completed| completed.result);
    let results: Vec<_> = within(results.collect::<Vec<_>>()).await;
    let three = TaskError::Panicked("three".to_owned());
    let one = TaskError::Failed(Boom(1));
    assert_eq!(
        results,
        [Err(TaskError::Cancelled), Err(one), Ok(2), Err(three)]
    );
}

#[tokio::test(start_paused = true)]
async fn no_tasks_give_no_results() {
    assert!(within(as_completed::<u64, Boom>([]).next()).await.is_none());
    let mut bounded = as_completed::<u64, Boom>([]).timeout(seconds(1));
    assert!(within(bounded.next()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_before_comes_first_in_the_order_in_which_it_was_passed_in() {
    let executor = executor(5);
    let tasks = sleepers(&executor, &[5, 3, 1, 2, 4]);
    tokio::time::sleep(millis(3500)).await;
    let values = as_completed(tasks).map(|completed| completed.result.unwrap());
    assert_eq!(within(values.collect::<Vec<_>>()).await, [3, 1, 2, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn tasks_of_several_executors_are_waited_for_together() {
    let (one, other) = (executor(1), executor(1));
    let mut tasks = sleepers(&one, &[1, 2]);
    tasks.extend(sleepers(&other, &[2, 2]));
    let values = as_completed(tasks).map(|completed| completed.result.unwrap());
    assert_eq!(within(values.collect::<Vec<_>>()).await, [1, 2, 2, 2]);
}

/// Six times half of the bound: it does not begin anew with each result.
#[tokio::test(start_paused = true)]
async fn the_bound_of_time_is_one_for_all_results() {
    let start = Instant::now();
    let tasks = sleepers(&executor(6), &[6, 4, 2, 8, 10, 12]);
    let mut completed = as_completed(tasks).timeout(seconds(5));
    for time in [2, 4] {
        assert_eq!(
            value(within(completed.next()).await.map(Result::unwrap)),
            time
        );
    }
    let WaitTimeout(rest) = within(completed.next()).await.unwrap().unwrap_err();
    assert_eq!(start.elapsed(), seconds(5));
    assert!(within(completed.next()).await.is_none(), "it is over");
    assert_eq!(start.elapsed(), seconds(5));

    // The others go on, and are awaited again.
    assert!(rest.done.is_empty());
    let ids = rest.pending.iter().map(Submitted::sequence_id);
    assert_eq!(ids.collect::<Vec<_>>(), [0, 3, 4, 5]);
    let values = as_completed(rest.pending).map(|completed| completed.result.unwrap());
    assert_eq!(within(values.collect::<Vec<_>>()).await, [6, 8, 10, 12]);
    assert_eq!(start.elapsed(), seconds(12));
}

#[tokio::test(start_paused = true)]
async fn a_bound_that_is_long_enough_changes_nothing() {
    let mut completed = as_completed(sleepers(&executor(3), &[3, 1, 2])).timeout(seconds(4));
    for time in 1..=3 {
        assert_eq!(
            value(within(completed.next()).await.map(Result::unwrap)),
            time
        );
    }
    assert!(within(completed.next()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn tasks_whose_results_were_not_taken_can_be_taken_back() {
    let mut completed = as_completed(sleepers(&executor(4), &[4, 1, 3, 2]));
    assert_eq!(value(within(completed.next()).await), 1);
    let pending = completed.into_pending();
    let ids = pending.iter().map(Submitted::sequence_id);
    assert_eq!(ids.collect::<Vec<_>>(), [0, 2, 3]);
    for (task, time) in pending.into_iter().zip([4, 3, 2]) {
        assert_eq!(within(task).await, Ok(time));
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_go_on_when_the_stream_is_dropped() {
    let executor = executor(1);
    let mut completed = as_completed(sleepers(&executor, &[1, 1, 1]));
    assert_eq!(value(within(completed.next()).await), 1);
    drop(completed);
    quiet().await;
    assert_eq!((executor.running(), executor.queued()), (1, 1));
    within(executor.shutdown()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_results_come_from_many_threads_each_of_them_once() {
    let executor = executor(16);
    let tasks = (0..20_000_u64).map(|number| executor.submit(move || async move { fine(number) }));
    let completed = as_completed(tasks.map(Result::unwrap).collect::<Vec<_>>());
    let values = completed.map(|completed| completed.result.unwrap());
    let mut values: Vec<_> = within(values.collect::<Vec<_>>()).await;
    values.sort_unstable();
    assert_eq!(values, (0..20_000).collect::<Vec<_>>());
}
