//! The end of an executor: what is queued runs or not, what runs goes on or not, and every handle gets its result.

use std::future::pending;
use std::sync::Arc;

use antflow::executor::{Submitted, TaskError, WaitFor, wait};
use antflow::{CancellationToken, Executor};
use antflow_tests::{Boom, Gauge, after, executor, fine, millis, quiet, seconds, within};
use futures::future::join_all;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

type Task = Submitted<u64, Boom>;

/// Tasks of a second each, that are counted when they begin.
fn seconds_each(executor: &Executor, begun: &Gauge, count: u64) -> Vec<Task> {
    let submit = |number| {
        let begun = begun.clone();
        let task = move || async move {
            let _inside = begun.enter();
            after(seconds(1), fine(number)).await
        };
        executor.submit(task).expect("the executor is open")
    };
    (0..count).map(submit).collect()
}

async fn results(tasks: Vec<Task>) -> Vec<Result<u64, TaskError<Boom>>> {
    within(join_all(tasks)).await
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_everything_that_was_submitted() {
    let (executor, begun, start) = (executor(2), Gauge::new(), Instant::now());
    let tasks = seconds_each(&executor, &begun, 10);
    within(executor.shutdown()).await;
    assert_eq!(start.elapsed(), seconds(5));
    assert!(tasks.iter().all(Submitted::is_done));
    assert_eq!(results(tasks).await, (0..10).map(Ok).collect::<Vec<_>>());
    within(executor.shutdown()).await;
    assert_eq!(start.elapsed(), seconds(5), "calling it again does no harm");
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_retries() {
    let executor = executor(1);
    let retrying = executor.retries(2).retry_delay(seconds(10));
    let task = retrying
        .submit(|| async { Err::<u64, _>(Boom(1)) })
        .unwrap();
    let start = Instant::now();
    within(executor.shutdown()).await;
    assert_eq!(start.elapsed(), seconds(30));
    assert!(task.is_done());
}

#[tokio::test(start_paused = true)]
async fn a_task_submitted_after_the_end_comes_back() {
    let ends: [fn(&Executor); 3] = [
        Executor::close,
        Executor::shutdown_now,
        Executor::cancel_all,
    ];
    for end in ends {
        let (closed, open) = (executor(1), executor(1));
        let clone = closed.clone();
        assert!(!clone.is_closed());
        end(&closed);
        assert!(clone.is_closed());
        for closed in [
            &closed,
            &clone,
            &clone.limit(&Arc::new(tokio::sync::Semaphore::new(1))),
        ] {
            let rejected = closed.submit(|| async { fine(7) }).unwrap_err();
            assert_eq!(
                rejected.to_string(),
                "the executor is closed and accepts no task"
            );
            let accepted = open.submit(rejected.into_task()).unwrap();
            assert_eq!(within(accepted).await, Ok(7));
        }
        let rejected = closed.retries(1).submit(|| async { fine(8) }).unwrap_err();
        let accepted = open.submit(rejected.into_task()).unwrap();
        assert_eq!(within(accepted).await, Ok(8));
        within(closed.shutdown()).await;
        assert_eq!((closed.running(), closed.queued()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_rejected_task_is_an_error_of_tasks_too() {
    async fn submit(executor: &Executor) -> Result<u64, TaskError<Boom>> {
        executor.submit(|| async { fine(7) })?.await
    }
    let executor = executor(1);
    assert_eq!(within(submit(&executor)).await, Ok(7));
    within(executor.shutdown()).await;
    let error = within(submit(&executor)).await.unwrap_err();
    assert_eq!(error, TaskError::ShutDown);
    assert_eq!(
        error.to_string(),
        "the executor was shut down before the task began"
    );
}

#[tokio::test(start_paused = true)]
async fn close_returns_at_once_and_what_was_submitted_runs() {
    let (executor, begun, start) = (executor(1), Gauge::new(), Instant::now());
    let tasks = seconds_each(&executor, &begun, 3);
    executor.close();
    assert_eq!(start.elapsed(), seconds(0));
    assert!(executor.submit(|| async { fine(7) }).is_err());
    assert_eq!(results(tasks).await, [Ok(0), Ok(1), Ok(2)]);
}

#[tokio::test(start_paused = true)]
async fn shutdown_now_returns_at_once_and_only_what_runs_goes_on() {
    let (executor, begun, start) = (executor(2), Gauge::new(), Instant::now());
    let mut tasks = seconds_each(&executor, &begun, 5);
    tokio::time::sleep(millis(500)).await;
    executor.shutdown_now();
    assert_eq!(start.elapsed(), millis(500));
    let queued = tasks.split_off(2);
    for task in results(queued).await {
        assert_eq!(task, Err(TaskError::ShutDown));
    }
    assert_eq!(start.elapsed(), millis(500), "nothing was waited for");
    assert!(!tasks[0].is_done());
    executor.shutdown_now();
    within(executor.shutdown()).await;
    assert_eq!(start.elapsed(), seconds(1));
    assert_eq!(results(tasks).await, [Ok(0), Ok(1)]);
    assert_eq!(begun.total(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_runs_has_its_retries_after_shutdown_now() {
    let (executor, calls) = (executor(1), Gauge::new());
    let gauge = calls.clone();
    let task = executor.retries(2).submit(move || {
        drop(gauge.enter());
        async { Err::<u64, _>(Boom(1)) }
    });
    quiet().await;
    executor.shutdown_now();
    assert_eq!(within(task.unwrap()).await, Err(TaskError::Failed(Boom(1))));
    assert_eq!(calls.total(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_waits_ends_sooner_when_the_queue_is_given_up() {
    let (executor, begun, start) = (executor(1), Gauge::new(), Instant::now());
    let tasks = seconds_each(&executor, &begun, 100);
    let waiting = executor.clone();
    let waiting = tokio::spawn(async move { waiting.shutdown().await });
    tokio::time::sleep(millis(1500)).await;
    executor.shutdown_now();
    within(waiting).await.unwrap();
    assert_eq!(start.elapsed(), seconds(2));
    let results = results(tasks).await;
    assert_eq!(results[..2], [Ok(0), Ok(1)]);
    assert!(
        results[2..]
            .iter()
            .all(|task| *task == Err(TaskError::ShutDown))
    );
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_not_waited_for_can_be_called_again() {
    let (executor, begun, start) = (executor(1), Gauge::new(), Instant::now());
    let tasks = seconds_each(&executor, &begun, 3);
    let early = tokio::time::timeout(millis(1500), executor.shutdown()).await;
    assert!(early.is_err());
    assert!(executor.is_closed());
    within(executor.shutdown()).await;
    assert_eq!(start.elapsed(), seconds(3));
    assert_eq!(results(tasks).await, [Ok(0), Ok(1), Ok(2)]);
}

#[tokio::test(start_paused = true)]
async fn cancel_all_ends_what_runs_and_what_is_queued() {
    let (executor, begun, start) = (executor(2), Gauge::new(), Instant::now());
    let tasks = seconds_each(&executor, &begun, 5);
    tokio::time::sleep(millis(500)).await;
    executor.cancel_all();
    executor.cancel_all();
    for task in results(tasks).await {
        assert_eq!(task, Err(TaskError::Cancelled));
    }
    within(executor.shutdown()).await;
    assert_eq!(start.elapsed(), millis(500));
    assert_eq!((begun.total(), begun.now()), (2, 0));
}

/// The task that has the only worker does not come to an `.await`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_queued_is_cancelled_behind_a_task_that_blocks() {
    let executor = executor(1);
    let (go, gone) = std::sync::mpsc::channel::<()>();
    let (begin, begun) = tokio::sync::oneshot::channel();
    let blocking = executor.submit(move || async move {
        begin.send(()).unwrap();
        fine(gone.recv().is_err())
    });
    within(begun).await.unwrap();
    let queued = executor.submit(|| async { fine(7) }).unwrap();
    executor.cancel_all();
    assert_eq!(within(queued).await, Err(TaskError::Cancelled));
    drop(go);
    assert_eq!(within(blocking.unwrap()).await, Ok(true));
}

#[tokio::test(start_paused = true)]
async fn a_token_cancels_everything() {
    let token = CancellationToken::new();
    let executor = Executor::builder().workers(2).cancel_on(token.clone());
    let (executor, begun, start) = (executor.build().unwrap(), Gauge::new(), Instant::now());
    let tasks = seconds_each(&executor, &begun, 5);
    tokio::time::sleep(millis(500)).await;
    token.cancel();
    assert!(executor.is_closed());
    assert!(executor.submit(|| async { fine(7) }).is_err());
    for task in results(tasks).await {
        assert_eq!(task, Err(TaskError::Cancelled));
    }
    within(executor.shutdown()).await;
    assert_eq!(start.elapsed(), millis(500));
    assert_eq!((begun.total(), begun.now()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn an_executor_leaves_the_token_that_cancels_it_alone() {
    let token = CancellationToken::new();
    let executor = Executor::builder()
        .cancel_on(token.clone())
        .build()
        .unwrap();
    executor.cancel_all();
    assert!(!token.is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn what_was_submitted_runs_when_the_last_clone_is_dropped() {
    let (executor, begun, start) = (executor(1), Gauge::new(), Instant::now());
    let tasks = seconds_each(&executor, &begun, 3);
    let clone = executor.clone();
    drop(executor);
    drop(clone);
    assert_eq!(results(tasks).await, [Ok(0), Ok(1), Ok(2)]);
    assert_eq!(start.elapsed(), seconds(3));
}

#[tokio::test(start_paused = true)]
async fn shutdown_of_an_executor_that_has_done_nothing_returns_at_once() {
    let start = Instant::now();
    within(executor(3).shutdown()).await;
    assert_eq!(start.elapsed(), seconds(0));
}

fn current_thread() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
}

fn multi_thread() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime")
}

#[test]
fn every_task_ends_with_its_runtime() {
    for make in [current_thread, multi_thread] {
        let runtime = make();
        let running = Gauge::new();
        let (executor, tasks) = runtime.block_on(async {
            let executor = executor(2);
            let submit = |_| {
                let running = running.clone();
                let task = move || async move {
                    let _inside = running.enter();
                    pending::<Result<u64, Boom>>().await
                };
                executor.submit(task).unwrap()
            };
            let tasks: Vec<_> = (0..5).map(submit).collect();
            while running.now() < 2 {
                tokio::task::yield_now().await;
            }
            (executor, tasks)
        });
        drop(runtime);
        assert_eq!(running.now(), 0);
        assert!(tasks.iter().all(Submitted::is_done));
        let other = current_thread();
        for task in other.block_on(results(tasks)) {
            assert_eq!(task, Err(TaskError::Cancelled));
        }
        // The executor is of no use any more, and says so.
        let late = executor.submit(|| async { fine(7) }).unwrap();
        assert_eq!(other.block_on(within(late)), Err(TaskError::Cancelled));
        let map = executor.map([1, 2], async |item| fine(item));
        assert_eq!(other.block_on(within(map)), Err(TaskError::Cancelled));
        other.block_on(within(executor.shutdown()));
    }
}

/// Whoever was told that the task is accepted finds it done when `shutdown` returns.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn shutdown_misses_no_task_that_is_submitted_meanwhile() {
    for _ in 0..200 {
        let executor = executor(4);
        let submitting = (0..3).map(|_| {
            let executor = executor.clone();
            tokio::spawn(async move {
                let submit = || executor.submit(|| async { fine(7) }).ok();
                std::iter::from_fn(submit).take(10_000).collect::<Vec<_>>()
            })
        });
        let submitting: Vec<_> = submitting.collect();
        tokio::task::yield_now().await;
        within(executor.shutdown()).await;
        for tasks in submitting {
            let tasks = within(tasks).await.unwrap();
            assert!(tasks.iter().all(Submitted::is_done));
        }
        assert_eq!((executor.running(), executor.queued()), (0, 0));
    }
}

/// However an executor ends, and whatever its tasks do meanwhile, every handle gets a result.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_handle_waits_for_ever() {
    for round in 0..300_usize {
        let executor = executor(3);
        let task = |number: usize| {
            move || async move {
                match number % 4 {
                    0 => tokio::task::yield_now().await,
                    1 => std::panic::resume_unwind(Box::new("rough")),
                    2 => return Err(Boom(1)),
                    _ => tokio::time::sleep(millis(1)).await,
                }
                fine(number)
            }
        };
        let tasks: Vec<_> = (0..40)
            .map(|number| executor.submit(task(number)).unwrap())
            .collect();
        for task in tasks.iter().skip(round % 7).step_by(7) {
            task.cancel();
        }
        let other = executor.clone();
        let ending = tokio::spawn(async move {
            for _ in 0..round % 5 {
                tokio::task::yield_now().await;
            }
            match round % 3 {
                0 => other.shutdown_now(),
                1 => other.cancel_all(),
                _ => other.close(),
            }
        });
        drop(executor);
        let waited = within(wait(tasks, WaitFor::All)).await;
        assert_eq!((waited.done.len(), waited.pending.len()), (40, 0));
        within(ending).await.unwrap();
    }
}
