//! An executor makes a task again when it fails, and shares limits with whoever holds them.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use antflow::executor::TaskError;
use antflow_tests::{
    Boom, Gauge, Log, after, executor, fine, millis, panic_quietly, quiet, seconds, within,
};
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// The pauses between calls.
fn pauses(calls: &Log<Instant>) -> Vec<Duration> {
    let calls = calls.entries();
    calls.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// A task that fails so many times, with the number of the attempt, and logs when it was called.
fn flaky(
    failures: usize,
    calls: &Log<Instant>,
) -> impl FnMut() -> std::future::Ready<Result<usize, Boom>> + Send + 'static {
    let calls = calls.clone();
    move || {
        let attempt = calls.push(Instant::now());
        std::future::ready(if attempt <= failures {
            Err(Boom(attempt as u64))
        } else {
            Ok(attempt)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_is_made_again_until_it_succeeds() {
    let calls = Log::new();
    let submitted = executor(1).retries(3).submit(flaky(2, &calls)).unwrap();
    assert_eq!(within(submitted).await, Ok(3));
    assert_eq!(calls.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn retries_are_attempts_beyond_the_first_and_the_last_error_stays_as_it_was() {
    for retries in [0, 1, 3] {
        let calls = Log::new();
        let submitted = executor(1).retries(retries).submit(flaky(99, &calls));
        let last = u64::from(retries) + 1;
        assert_eq!(
            within(submitted.unwrap()).await,
            Err(TaskError::Failed(Boom(last)))
        );
        assert_eq!(calls.len() as u64, last);
    }
}

#[tokio::test(start_paused = true)]
async fn without_retries_there_is_one_attempt() {
    let calls = Log::new();
    let submitted = executor(1).submit(flaky(1, &calls)).unwrap();
    assert_eq!(within(submitted).await, Err(TaskError::Failed(Boom(1))));
    assert_eq!(calls.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn pauses_begin_with_100_ms_and_double() {
    let calls = Log::new();
    let submitted = executor(1).retries(4).submit(flaky(99, &calls)).unwrap();
    assert!(within(submitted).await.is_err());
    assert_eq!(pauses(&calls), [100, 200, 400, 800].map(millis));
}

#[tokio::test(start_paused = true)]
async fn the_first_pause_can_be_set() {
    for (delay, expected) in [
        (seconds(1), [1, 2, 4].map(seconds)),
        (seconds(0), [seconds(0); 3]),
    ] {
        let calls = Log::new();
        let retrying = executor(1).retries(3).retry_delay(delay);
        assert!(
            within(retrying.submit(flaky(99, &calls)).unwrap())
                .await
                .is_err()
        );
        assert_eq!(pauses(&calls), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn there_may_be_any_number_of_retries() {
    let calls = Log::new();
    let retrying = executor(1).retries(u32::MAX).retry_delay(Duration::ZERO);
    let submitted = retrying.submit(flaky(100, &calls)).unwrap();
    assert_eq!(within(submitted).await, Ok(101));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_not_retried() {
    let calls = Gauge::new();
    let gauge = calls.clone();
    let submitted = executor(1).retries(3).submit(move || {
        drop(gauge.enter());
        async {
            panic_quietly("once");
            fine(())
        }
    });
    let error = within(submitted.unwrap()).await.unwrap_err();
    assert_eq!(error, TaskError::Panicked("once".to_owned()));
    assert_eq!(calls.total(), 1);
}

/// What becomes of three items, of which each fails twice and then gives ten times itself.
fn flaky_items() -> impl Fn(u64) -> std::future::Ready<Result<u64, Boom>> + Send + Sync + 'static {
    let calls = Log::new();
    move |item| {
        calls.push(item);
        let attempts = calls.entries().iter().filter(|call| **call == item).count();
        std::future::ready(if attempts < 3 {
            Err(Boom(item))
        } else {
            Ok(item * 10)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn map_retries_each_item_for_itself() {
    let executor = executor(2);
    let enough = executor.retries(2).map(1..=3, flaky_items());
    assert_eq!(within(enough).await, Ok(vec![10, 20, 30]));
    let too_few = executor.retries(1).map(1..=3, flaky_items());
    assert_eq!(within(too_few).await, Err(TaskError::Failed(Boom(1))));
}

#[tokio::test(start_paused = true)]
async fn map_iter_retries_each_item_for_itself() {
    let executor = executor(2);
    let mut enough = executor.retries(2).map_iter(1..=3, flaky_items());
    for expected in [10, 20, 30] {
        assert_eq!(within(enough.next()).await, Some(Ok(expected)));
    }
    assert_eq!(within(enough.next()).await, None);
    let mut too_few = executor.retries(1).map_iter(1..=3, flaky_items());
    for item in 1..=3 {
        let error = TaskError::Failed(Boom(item));
        assert_eq!(within(too_few.next()).await, Some(Err(error)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_keeps_its_worker_while_it_waits_for_its_next_attempt() {
    let (executor, calls) = (executor(1), Log::new());
    let retrying = executor.retries(1).retry_delay(seconds(10));
    let first = retrying.submit(flaky(1, &calls)).unwrap();
    let begun = executor.submit(|| async { fine(Instant::now()) }).unwrap();
    assert_eq!(within(first).await, Ok(2));
    assert!(within(begun).await.unwrap() >= calls.entries()[1]);
}

#[tokio::test(start_paused = true)]
async fn a_task_is_cancelled_in_its_pause() {
    let (executor, calls) = (executor(1), Log::new());
    let retrying = executor.retries(1).retry_delay(seconds(1000));
    let submitted = retrying.submit(flaky(99, &calls)).unwrap();
    quiet().await;
    let start = Instant::now();
    submitted.cancel();
    assert_eq!(within(submitted).await, Err(TaskError::Cancelled));
    within(executor.shutdown()).await;
    assert_eq!((start.elapsed(), calls.len()), (millis(0), 1));
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_two_lets_two_in_and_no_more() {
    let (limit, inside) = (Arc::new(Semaphore::new(2)), Gauge::new());
    let gauge = inside.clone();
    let start = Instant::now();
    let items = executor(10).limit(&limit).map(0..10, move |number| {
        let gauge = gauge.clone();
        async move {
            let _inside = gauge.enter();
            after(seconds(1), fine(number)).await
        }
    });
    assert_eq!(within(items).await.unwrap().len(), 10);
    assert_eq!((inside.peak(), inside.total()), (2, 10));
    assert_eq!(start.elapsed(), seconds(5));
    assert_eq!(limit.available_permits(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_limit_holds_for_all_who_share_it() {
    let (limit, inside) = (Arc::new(Semaphore::new(2)), Gauge::new());
    let (one, other) = (executor(3), executor(3));
    let work = |inside: &Gauge| {
        let gauge = inside.clone();
        move || {
            let inside = gauge.enter();
            async move {
                let _inside = inside;
                after(seconds(1), fine(())).await
            }
        }
    };
    for _ in 0..3 {
        drop(one.limit(&limit).submit(work(&inside)).unwrap());
        drop(one.limit(&limit).retries(1).submit(work(&inside)).unwrap());
        drop(
            other
                .retries(1)
                .limit(&limit)
                .submit(work(&inside))
                .unwrap(),
        );
        // Without the limit there is none.
        drop(other.submit(|| after(seconds(1), fine(()))).unwrap());
    }
    let permit = limit.acquire().await.unwrap();
    tokio::time::sleep(millis(2500)).await;
    assert_eq!(inside.peak(), 1, "this test has the other permit");
    drop(permit);
    within(one.shutdown()).await;
    within(other.shutdown()).await;
    assert_eq!((inside.peak(), inside.total()), (2, 9));
}

#[tokio::test(start_paused = true)]
async fn a_permit_is_held_for_an_attempt_and_not_in_the_pause() {
    let (limit, inside, calls) = (Arc::new(Semaphore::new(1)), Gauge::new(), Log::new());
    let retrying = executor(2)
        .limit(&limit)
        .retries(1)
        .retry_delay(seconds(100));
    let task = |inside: &Gauge, calls: &Log<Instant>| {
        let (gauge, calls) = (inside.clone(), calls.clone());
        move || {
            let inside = gauge.enter();
            let failing = calls.push(Instant::now()) <= 2;
            async move {
                let _inside = inside;
                after(seconds(1), if failing { Err(Boom(1)) } else { Ok(()) }).await
            }
        }
    };
    let start = Instant::now();
    let both = [0, 1].map(|_| retrying.submit(task(&inside, &calls)).unwrap());
    for submitted in both {
        assert_eq!(within(submitted).await, Ok(()));
    }
    let times = calls.entries().into_iter().map(|call| call - start);
    assert_eq!(times.collect::<Vec<_>>(), [0, 1, 101, 102].map(seconds));
    assert_eq!(inside.peak(), 1);
}

#[tokio::test(start_paused = true)]
async fn permits_come_back_from_panics_and_cancelled_tasks() {
    let (executor, limit) = (executor(4), Arc::new(Semaphore::new(1)));
    let limited = executor.limit(&limit);
    let panicking = limited.submit(|| async {
        panic_quietly("with a permit");
        fine(())
    });
    let cancelled = limited.submit(pending::<Result<(), Boom>>).unwrap();
    let waiting = limited.submit(pending::<Result<(), Boom>>).unwrap();
    let last = limited.submit(|| async { fine(7) }).unwrap();
    quiet().await;
    assert!(within(panicking.unwrap()).await.is_err());
    waiting.cancel();
    cancelled.cancel();
    assert_eq!(within(last).await, Ok(7));
    assert_eq!(limit.available_permits(), 1);
}

#[tokio::test(start_paused = true)]
async fn closing_a_limit_cancels_those_who_need_it() {
    let (executor, limit) = (executor(4), Arc::new(Semaphore::new(1)));
    let limited = executor.limit(&limit);
    let inside = limited.submit(|| after(seconds(1), fine(7))).unwrap();
    let waiting = limited.retries(5).submit(|| async { fine(8) }).unwrap();
    quiet().await;
    let start = Instant::now();
    limit.close();
    assert_eq!(within(waiting).await, Err(TaskError::Cancelled));
    assert_eq!(start.elapsed(), millis(0), "that is not retried");
    let late = limited.submit(|| async { fine(9) }).unwrap();
    assert_eq!(within(late).await, Err(TaskError::Cancelled));
    assert_eq!(within(inside).await, Ok(7));
}
