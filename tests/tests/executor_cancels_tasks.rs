//! A task is cancelled before it begins, while it runs or by itself, and its worker takes the next one.

use std::future::pending;

use antflow::Cancelled;
use antflow::executor::{Submitted, TaskError};
use antflow_tests::{Boom, Gauge, after, executor, fine, millis, quiet, seconds, within};
use tokio::sync::oneshot;
use tokio::task::JoinError;
use tokio::time::Instant;

/// A task that never ends.
fn endless() -> std::future::Pending<Result<u64, Boom>> {
    pending()
}

/// A task that ends as cancelled in whatever way leaves its worker to the next one.
#[tokio::test(start_paused = true)]
async fn a_worker_survives_a_task_that_is_cancelled_from_within() {
    let executor = executor(1);
    let gives_up = executor
        .submit(|| async { Err::<(), _>(Cancelled) })
        .unwrap();
    let awaits_cancelled = executor.submit(|| async {
        let inner = tokio::spawn(endless());
        inner.abort();
        inner.await.map(drop)
    });
    let (own, handle) = oneshot::channel::<Submitted<u64, Boom>>();
    let cancels_itself = executor.submit(|| async {
        let own = handle.await.unwrap();
        own.cancel();
        drop(own);
        endless().await
    });
    let cancelled = cancels_itself.unwrap();
    own.send(cancelled).unwrap();
    let next = executor.submit(|| async { fine(7) }).unwrap();

    assert_eq!(within(gives_up).await, Err(TaskError::Failed(Cancelled)));
    let error: TaskError<JoinError> = within(awaits_cancelled.unwrap()).await.unwrap_err();
    assert!(matches!(error, TaskError::Failed(error) if error.is_cancelled()));
    assert_eq!(within(next).await, Ok(7));
    assert_eq!((executor.running(), executor.queued()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_running_task_is_cancelled_at_its_next_await() {
    let (executor, inside) = (executor(1), Gauge::new());
    let gauge = inside.clone();
    let running = executor.submit(move || async move {
        let _inside = gauge.enter();
        endless().await
    });
    let running = running.unwrap();
    let next = executor.submit(|| async { fine(7) }).unwrap();
    quiet().await;
    assert_eq!(inside.now(), 1);
    running.cancel();
    running.cancel();
    assert_eq!(within(running).await, Err(TaskError::Cancelled));
    assert_eq!(inside.now(), 0, "it was dropped before");
    assert_eq!(within(next).await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn a_queued_task_that_is_cancelled_never_begins() {
    let (executor, begun) = (executor(1), Gauge::new());
    let running = executor.submit(|| after(seconds(10), fine(7))).unwrap();
    let gauge = begun.clone();
    let queued = executor.submit(move || {
        drop(gauge.enter());
        endless()
    });
    let queued = queued.unwrap();
    let next = executor.submit(|| after(seconds(1), fine(8))).unwrap();
    quiet().await;
    let start = Instant::now();
    queued.cancel();
    assert_eq!(within(queued).await, Err(TaskError::Cancelled));
    assert_eq!(start.elapsed(), millis(0), "nothing was waited for");
    assert_eq!((executor.running(), executor.queued()), (1, 1));
    assert_eq!(within(running).await, Ok(7));
    assert_eq!(within(next).await, Ok(8));
    assert_eq!(begun.total(), 0);
}

#[tokio::test(start_paused = true)]
async fn cancelling_what_is_done_changes_nothing() {
    let executor = executor(1);
    let done = executor.submit(|| async { fine(7) }).unwrap();
    within(executor.shutdown()).await;
    done.cancel();
    quiet().await;
    assert_eq!(within(done).await, Ok(7));
}
