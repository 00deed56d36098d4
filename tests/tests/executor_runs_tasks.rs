//! What is submitted runs, so many at once and in order, and its handle tells how it ended.

use std::error::Error;
use std::future::pending;
use std::num::ParseIntError;
use std::thread;

use antflow::executor::{ExecutorError, Submitted, TaskError};
use antflow::{BoxError, Executor};
use antflow_tests::{
    Boom, Gauge, Log, after, executor, fine, millis, panic_quietly, quiet, seconds, within,
};
use futures::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::Instant;

/// A task that fails.
async fn fails(number: u64) -> Result<u64, Boom> {
    Err(Boom(number))
}

/// A task that never ends.
fn endless() -> std::future::Pending<Result<u64, Boom>> {
    pending()
}

#[tokio::test(start_paused = true)]
async fn a_task_is_submitted_and_awaited() {
    let submitted = executor(1).submit(|| after(seconds(1), fine(7))).unwrap();
    assert_eq!(within(submitted).await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn many_tasks_are_submitted_and_awaited() {
    let executor = executor(3);
    let submitted: Vec<_> = (0..20)
        .map(|number| executor.submit(move || after(millis(number), fine(number * 2))))
        .collect();
    for (number, submitted) in (0..).zip(submitted) {
        assert_eq!(within(submitted.unwrap()).await, Ok(number * 2));
    }
}

/// Dropped at once, the executor is not there any more when its task begins.
#[tokio::test(start_paused = true)]
async fn nothing_has_to_be_started_or_kept_for_a_task_to_run() {
    let (sender, receiver) = oneshot::channel();
    let submitted = executor(1).submit(move || async { sender.send(7) });
    drop(submitted);
    assert_eq!(within(receiver).await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn values_and_errors_keep_their_types() {
    let executor = executor(2);
    let number: Submitted<u8, ParseIntError> =
        executor.submit(|| async { "256".parse::<u8>() }).unwrap();
    let text: Submitted<String, Boom> = executor.submit(|| async { fine("a".repeat(3)) }).unwrap();
    let expected = "256".parse::<u8>().unwrap_err();
    assert_eq!(within(number).await, Err(TaskError::Failed(expected)));
    assert_eq!(within(text).await.unwrap(), "aaa");
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_task_comes_out_where_it_is_awaited() {
    let failed = executor(1).submit(|| fails(3)).unwrap();
    let error = within(failed).await.unwrap_err();
    assert_eq!(error, TaskError::Failed(Boom(3)));
    assert_eq!(error.to_string(), "the task failed: boom 3");
    let source = error.source().expect("what the task returned");
    assert_eq!(source.downcast_ref(), Some(&Boom(3)));
}

#[tokio::test(start_paused = true)]
async fn errors_of_any_kind_can_be_passed_on() {
    async fn boxed(executor: &Executor, boom: bool) -> Result<u64, BoxError> {
        let task = move || async move {
            if boom {
                Err(Boom(1).into())
            } else {
                endless().await.map_err(BoxError::from)
            }
        };
        let submitted = executor.submit(task)?;
        if !boom {
            submitted.cancel();
        }
        submitted.await.map_err(TaskError::into_boxed)
    }
    let executor = executor(1);
    let error = within(boxed(&executor, true)).await.unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Boom(1)));
    let error = within(boxed(&executor, false)).await.unwrap_err();
    assert_eq!(error.to_string(), "the task was cancelled");
    executor.close();
    let error = within(boxed(&executor, true)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the executor is closed and accepts no task"
    );
}

#[tokio::test]
async fn an_executor_without_workers_is_refused() {
    assert_eq!(Executor::new(0).unwrap_err(), ExecutorError::NoWorkers);
    let built = Executor::builder().workers(0).build();
    assert_eq!(built.unwrap_err(), ExecutorError::NoWorkers);
}

#[test]
fn an_executor_without_a_runtime_is_refused() {
    let error = Executor::new(1).unwrap_err();
    assert_eq!(error, ExecutorError::NoRuntime);
    assert!(error.to_string().contains("no tokio runtime here"));
}

#[tokio::test]
async fn options_have_defaults() {
    assert_eq!(Executor::builder().build().unwrap().workers(), 5);
    assert_eq!(executor(7).workers(), 7);
    assert_eq!(executor(usize::MAX).workers(), Semaphore::MAX_PERMITS);
}

#[tokio::test(start_paused = true)]
async fn so_many_run_at_once_and_no_more() {
    let (executor, inside) = (executor(3), Gauge::new());
    let start = Instant::now();
    for _ in 0..12 {
        let inside = inside.clone();
        let task = move || async move {
            let _inside = inside.enter();
            after(seconds(1), fine(())).await
        };
        drop(executor.submit(task).unwrap());
    }
    assert_eq!((executor.running(), executor.queued()), (3, 9));
    quiet().await;
    assert_eq!((executor.running(), executor.queued()), (3, 9));
    within(executor.shutdown()).await;
    assert_eq!((executor.running(), executor.queued()), (0, 0));
    assert_eq!((inside.peak(), inside.total()), (3, 12));
    assert_eq!(start.elapsed(), seconds(4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_more_than_so_many_run_at_once_on_many_threads() {
    let (executor, inside) = (executor(3), Gauge::new());
    let gauge = inside.clone();
    let values = executor.map(0..2000_u64, move |number| {
        let inside = gauge.enter();
        async move {
            tokio::task::yield_now().await;
            drop(inside);
            fine(number)
        }
    });
    assert_eq!(within(values).await.unwrap(), (0..2000).collect::<Vec<_>>());
    assert!(inside.peak() <= 3, "{} at once", inside.peak());
    assert_eq!(inside.total(), 2000);
}

/// One thread that polls the task it made last first.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn tasks_begin_in_the_order_in_which_they_were_submitted() {
    let (executor, order) = (executor(1), Log::new());
    let log = order.clone();
    let submitting = async move {
        for number in 0..100 {
            let log = log.clone();
            let task = move || async move { fine(log.push(number)) };
            drop(executor.submit(task).unwrap());
        }
        executor.shutdown().await;
    };
    within(tokio::spawn(submitting)).await.unwrap();
    assert_eq!(order.entries(), (0..100).collect::<Vec<_>>());
}

/// Also if the caller has used up its turn, and Tokio lets it wait even for what is there.
#[tokio::test(start_paused = true)]
async fn a_task_has_its_place_in_the_queue_when_it_is_submitted() {
    let executor = executor(1);
    let semaphore = Semaphore::new(1);
    while semaphore.acquire().now_or_never().is_some() {}
    let first = executor.submit(|| async { fine(1) }).unwrap();
    let second = executor.submit(|| async { fine(2) }).unwrap();
    assert_eq!((executor.running(), executor.queued()), (1, 1));
    assert_eq!(within(first).await, Ok(1));
    assert_eq!(within(second).await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn a_result_that_is_late_can_be_awaited_again() {
    let mut slow = executor(1).submit(|| after(seconds(10), fine(7))).unwrap();
    let start = Instant::now();
    for waited in [1, 2, 3] {
        assert!(within(slow.timeout(seconds(1))).await.is_err());
        assert_eq!(start.elapsed(), seconds(waited));
        assert!(!slow.is_done());
    }
    assert_eq!(within(slow.timeout(seconds(100))).await, Ok(Ok(7)));
    assert_eq!(start.elapsed(), seconds(10));
}

#[tokio::test(start_paused = true)]
async fn is_done_says_whether_it_has_ended() {
    let executor = executor(1);
    let mut fast = executor.submit(|| after(seconds(1), fine(7))).unwrap();
    let failing = executor.submit(|| fails(1)).unwrap();
    let cancelled = executor.submit(endless).unwrap();
    assert!(!fast.is_done() && !failing.is_done() && !cancelled.is_done());
    cancelled.cancel();
    within(executor.shutdown()).await;
    assert!(fast.is_done() && failing.is_done() && cancelled.is_done());
    // Also when the result was taken.
    assert_eq!(within(&mut fast).await, Ok(7));
    assert!(fast.is_done());
}

#[tokio::test(start_paused = true)]
async fn the_error_can_be_asked_for_without_waiting() {
    let executor = executor(2);
    let mut failing = executor
        .submit(|| after(seconds(1), Err::<u64, _>(Boom(1))))
        .unwrap();
    let mut fine = executor.submit(|| after(seconds(1), fine(7))).unwrap();
    assert_eq!((failing.try_result(), fine.try_result()), (None, None));
    within(executor.shutdown()).await;
    assert_eq!(failing.try_result(), Some(Err(TaskError::Failed(Boom(1)))));
    assert_eq!(fine.try_result(), Some(Ok(7)));
    assert_eq!(fine.try_result(), None, "it was taken");
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "called after complete")]
async fn a_result_is_there_once() {
    let mut submitted = executor(1).submit(|| fails(1)).unwrap();
    assert!(within(&mut submitted).await.is_err());
    drop(within(&mut submitted).await);
}

#[tokio::test(start_paused = true)]
async fn tasks_are_numbered_in_the_order_of_submission() {
    let executor = executor(2);
    let first = executor.submit(|| fails(1)).unwrap();
    let map = executor.clone().map(0..3, fails);
    let last = executor.retries(1).submit(|| fails(1)).unwrap();
    assert_eq!((first.sequence_id(), last.sequence_id()), (0, 4));
    drop((first, map, last));
}

#[tokio::test(start_paused = true)]
async fn what_a_task_owns_need_not_be_cloned() {
    struct Ticket(u64);
    let ticket = Ticket(7);
    let submitted = executor(1).submit(move || async move { fine(ticket.0) });
    assert_eq!(within(submitted.unwrap()).await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_the_error_of_its_task_alone() {
    let executor = executor(1);
    let in_task = executor.submit(|| async {
        panic_quietly("in the task");
        fine(1)
    });
    let in_closure = executor.submit(|| {
        panic_quietly("in the closure");
        async { fine(1) }
    });
    let formatted = executor.submit(|| async {
        std::panic::resume_unwind(Box::new(format!("number {}", 3)));
        #[expect(unreachable_code, reason = "it gives the task its types")]
        fine(1)
    });
    let nameless = executor.submit(|| async {
        std::panic::resume_unwind(Box::new(3));
        #[expect(unreachable_code, reason = "it gives the task its types")]
        fine(1)
    });
    let next = executor.submit(|| async { fine(1) }).unwrap();
    for (submitted, message) in [
        (in_task.unwrap(), "in the task"),
        (in_closure.unwrap(), "in the closure"),
        (formatted.unwrap(), "number 3"),
        (nameless.unwrap(), "no message"),
    ] {
        let error = within(submitted).await.unwrap_err();
        assert_eq!(error, TaskError::Panicked(message.to_owned()));
        assert_eq!(error.to_string(), format!("the task panicked: {message}"));
    }
    assert_eq!(within(next).await, Ok(1));
    assert_eq!(executor.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_handle_is_dropped_goes_on() {
    let (executor, ends) = (executor(1), Log::new());
    for number in 0..3 {
        let ends = ends.clone();
        let task = move || async move {
            tokio::time::sleep(seconds(1)).await;
            fine(ends.push(number))
        };
        drop(executor.submit(task).unwrap());
    }
    within(executor.shutdown()).await;
    assert_eq!(ends.entries(), [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn tasks_can_be_submitted_from_inside_a_task() {
    let executor = executor(2);
    let inner = executor.clone();
    let outer = executor.submit(|| async move {
        let submitted = inner.submit(|| after(seconds(1), fine(7)));
        submitted.unwrap().await
    });
    assert_eq!(within(outer.unwrap()).await, Ok(7));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn tasks_can_be_submitted_from_outside_of_the_runtime() {
    let executor = executor(1);
    let elsewhere = thread::spawn(move || executor.submit(|| after(millis(1), fine(7))).unwrap());
    let submitted = elsewhere.join().unwrap();
    assert_eq!(within(submitted).await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn an_executor_can_be_made_for_a_runtime_elsewhere() {
    let runtime = Handle::current();
    let built = thread::spawn(|| Executor::builder().workers(2).runtime(runtime).build());
    let executor = built.join().unwrap().unwrap();
    assert_eq!(
        within(executor.submit(|| async { fine(7) }).unwrap()).await,
        Ok(7)
    );
}
