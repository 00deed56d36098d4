//! One function for many items: all values at once, or a stream of results that looks ahead a little.

use std::convert::Infallible;
use std::future::pending;

use antflow::executor::TaskError;
use antflow_tests::{
    Boom, Gauge, Log, after, executor, fine, millis, panic_quietly, quiet, seconds, within,
};
use futures::{StreamExt, TryStreamExt};
use tokio::time::Instant;

/// Items that are counted when they are taken.
fn counted(taken: &Gauge, items: std::ops::RangeFrom<u64>) -> impl Iterator<Item = u64> + use<> {
    let taken = taken.clone();
    items.inspect(move |_| drop(taken.enter()))
}

#[tokio::test(start_paused = true)]
async fn map_gives_the_value_of_each_item() {
    let squares = executor(3).map([1, 2, 3], async |item: i32| fine(item * item));
    assert_eq!(within(squares).await, Ok(vec![1, 4, 9]));
}

#[tokio::test(start_paused = true)]
async fn map_keeps_the_order_of_the_items_whatever_they_take() {
    let (executor, ends) = (executor(10), Log::new());
    let log = ends.clone();
    let values = executor.map(0..10_u64, move |item| {
        let log = log.clone();
        async move {
            tokio::time::sleep(seconds(10 - item)).await;
            log.push(item);
            fine(item)
        }
    });
    assert_eq!(within(values).await, Ok((0..10).collect()));
    assert_eq!(ends.entries(), (0..10).rev().collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn map_takes_several_iterators_zipped() {
    let (widths, heights) = ([1, 2, 3, 4], [10, 20, 30]);
    let areas = executor(2).map(widths.into_iter().zip(heights), async |(width, height)| {
        fine(width * height)
    });
    assert_eq!(within(areas).await, Ok(vec![10, 40, 90]));
}

#[tokio::test(start_paused = true)]
async fn nothing_gives_nothing() {
    let executor = executor(2);
    let none = executor.map([], async |item: u64| fine(item));
    assert_eq!(within(none).await, Ok(vec![]));
    let mut none = executor.map_iter([], async |item: u64| fine(item));
    assert_eq!(within(none.next()).await, None);
}

#[tokio::test(start_paused = true)]
async fn map_runs_so_many_at_once() {
    let inside = Gauge::new();
    let gauge = inside.clone();
    let start = Instant::now();
    let values = executor(3).map(0..9, move |item| {
        let inside = gauge.enter();
        async move {
            let _inside = inside;
            after(seconds(1), fine(item)).await
        }
    });
    assert_eq!(within(values).await.unwrap().len(), 9);
    assert_eq!((inside.peak(), start.elapsed()), (3, seconds(3)));
}

/// Item 3 fails first, item 1 is the first that fails.
#[tokio::test(start_paused = true)]
async fn map_gives_the_first_error_in_the_order_of_the_items_and_the_others_run_to_their_end() {
    let (executor, ended) = (executor(5), Gauge::new());
    let gauge = ended.clone();
    let start = Instant::now();
    let values = executor.map(0..5_u64, move |item| {
        let gauge = gauge.clone();
        async move {
            tokio::time::sleep(seconds(if item == 3 { 1 } else { item * 10 })).await;
            drop(gauge.enter());
            if item % 2 == 1 {
                Err(Boom(item))
            } else {
                Ok(item)
            }
        }
    });
    assert_eq!(within(values).await, Err(TaskError::Failed(Boom(1))));
    assert_eq!(start.elapsed(), seconds(10), "no later than it had to");
    assert_eq!(ended.total(), 3);
    within(executor.shutdown()).await;
    assert_eq!((ended.total(), start.elapsed()), (5, seconds(40)));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_the_error_of_map() {
    let values = executor(2).map(0..3, |item| {
        if item == 1 {
            panic_quietly("at one");
        }
        async move { fine(item) }
    });
    let expected = TaskError::Panicked("at one".to_owned());
    assert_eq!(within(values).await, Err(expected));
}

#[tokio::test(start_paused = true)]
async fn map_on_a_closed_executor_says_so() {
    let executor = executor(2);
    executor.close();
    let called = Gauge::new();
    let values = executor.map(counted(&called, 0..), async |item| fine(item));
    assert_eq!(within(values).await, Err(TaskError::ShutDown));
    assert_eq!(called.total(), 1, "it does not go through all of them");
}

#[tokio::test(start_paused = true)]
async fn map_that_an_executor_is_closed_under_gives_the_values_to_no_one() {
    let executor = executor(2);
    let closing = executor.clone();
    let items = (0..5).inspect(move |item| {
        if *item == 2 {
            closing.close();
        }
    });
    let ended = Gauge::new();
    let gauge = ended.clone();
    let values = executor.map(items, move |item| {
        drop(gauge.enter());
        async move { fine(item) }
    });
    assert_eq!(within(values).await, Err(TaskError::ShutDown));
    within(executor.shutdown()).await;
    assert_eq!(ended.total(), 2, "what was submitted runs");
}

#[tokio::test(start_paused = true)]
async fn map_can_be_awaited_again_after_a_timeout() {
    let start = Instant::now();
    let mut values = executor(1).map(1..=3, |item| after(seconds(10), fine(item)));
    assert!(within(values.timeout(seconds(15))).await.is_err());
    assert_eq!(start.elapsed(), seconds(15));
    assert_eq!(
        within(values.timeout(seconds(100))).await.unwrap(),
        Ok(vec![1, 2, 3])
    );
    assert_eq!(start.elapsed(), seconds(30));
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "the results were taken before")]
async fn the_values_of_map_are_there_once() {
    let mut values = executor(1).map([1], async |item| fine(item));
    assert_eq!(within(&mut values).await, Ok(vec![1]));
    drop(within(&mut values).await);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "the results were taken before")]
async fn there_are_no_values_after_the_error_of_map() {
    let mut values = executor(1).map(
        [1, 2],
        async |item| if item == 1 { Err(Boom(1)) } else { Ok(item) },
    );
    assert_eq!(within(&mut values).await, Err(TaskError::Failed(Boom(1))));
    drop(within(&mut values).await);
}

#[tokio::test(start_paused = true)]
async fn a_map_that_is_dropped_goes_on_and_one_that_is_cancelled_does_not() {
    for cancelled in [false, true] {
        let (executor, ended) = (executor(1), Gauge::new());
        let gauge = ended.clone();
        let values = executor.map(0..5, move |_| {
            let gauge = gauge.clone();
            async move {
                tokio::time::sleep(seconds(1)).await;
                drop(gauge.enter());
                fine(())
            }
        });
        tokio::time::sleep(millis(1500)).await;
        if cancelled {
            values.cancel();
        }
        drop(values);
        within(executor.shutdown()).await;
        assert_eq!(ended.total(), if cancelled { 1 } else { 5 });
    }
}

#[tokio::test(start_paused = true)]
async fn map_iter_streams_the_results_in_the_order_of_the_items() {
    let mut results =
        executor(10).map_iter(0..10_u64, |item| after(seconds(10 - item), fine(item)));
    for expected in 0..10 {
        assert_eq!(within(results.next()).await, Some(Ok(expected)));
    }
    assert_eq!(within(results.next()).await, None);
    assert_eq!(within(results.next()).await, None, "it stays at its end");
}

#[tokio::test(start_paused = true)]
async fn map_iter_gives_errors_in_place_and_goes_on() {
    let results = executor(2).map_iter(0..6_u64, async |item| match item {
        1 => Err(Boom(item)),
        4 => {
            panic_quietly("four");
            Ok(item)
        }
        _ => Ok(item),
    });
    let results: Vec<_> = within(results.collect::<Vec<_>>()).await;
    let four = TaskError::Panicked("four".to_owned());
    let one = TaskError::Failed(Boom(1));
    assert_eq!(results, [Ok(0), Err(one), Ok(2), Ok(3), Err(four), Ok(5)]);
}

#[tokio::test(start_paused = true)]
async fn map_iter_can_be_left_at_the_first_error() {
    let results = executor(2).map_iter(0.., async |item: u64| {
        if item == 100 {
            Err(Boom(item))
        } else {
            Ok(item)
        }
    });
    let all: Result<Vec<_>, _> = within(results.try_collect()).await;
    assert_eq!(all, Err(TaskError::Failed(Boom(100))));
}

#[tokio::test(start_paused = true)]
async fn map_iter_takes_nothing_before_it_is_asked() {
    let taken = Gauge::new();
    let results = executor(2).map_iter(counted(&taken, 0..), async |item| fine(item));
    quiet().await;
    assert_eq!(taken.total(), 0);
    drop(results);
    assert_eq!(taken.total(), 0);
}

#[tokio::test(start_paused = true)]
async fn map_iter_looks_ahead_as_far_as_its_window() {
    for (window, expected) in [(None, 6), (Some(1), 1), (Some(0), 1), (Some(50), 50)] {
        let taken = Gauge::new();
        let mut results = executor(3).map_iter(counted(&taken, 0..), async |item| fine(item));
        if let Some(window) = window {
            results = results.window(window);
        }
        for given in 0..100 {
            assert_eq!(within(results.next()).await, Some(Ok(given as u64)));
            quiet().await;
            assert_eq!(taken.total(), given + expected, "window {window:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn map_iter_keeps_all_workers_busy() {
    let inside = Gauge::new();
    let gauge = inside.clone();
    let start = Instant::now();
    let results = executor(3).map_iter(0..9, move |item| {
        let inside = gauge.enter();
        async move {
            let _inside = inside;
            after(seconds(1), fine(item)).await
        }
    });
    assert_eq!(within(results.count()).await, 9);
    assert_eq!((inside.peak(), start.elapsed()), (3, seconds(3)));
}

#[tokio::test(start_paused = true)]
async fn map_iter_that_is_dropped_cancels_what_it_has_submitted() {
    let (executor, taken, inside) = (executor(2), Gauge::new(), Gauge::new());
    let gauge = inside.clone();
    let mut results = executor.map_iter(counted(&taken, 0..), move |item| {
        let inside = gauge.enter();
        async move {
            let _inside = inside;
            if item > 0 {
                pending::<()>().await;
            }
            fine(item)
        }
    });
    assert_eq!(within(results.next()).await, Some(Ok(0)));
    quiet().await;
    assert_eq!((taken.total(), inside.total(), inside.now()), (4, 3, 2));
    drop(results);
    within(executor.shutdown()).await;
    assert_eq!((taken.total(), inside.total(), inside.now()), (4, 3, 0));
}

#[tokio::test(start_paused = true)]
async fn map_iter_ends_when_its_executor_is_closed() {
    let (executor, taken) = (executor(1), Gauge::new());
    let mut results = executor
        .map_iter(counted(&taken, 0..), async |item| Ok::<_, Infallible>(item))
        .window(3);
    assert_eq!(within(results.next()).await, Some(Ok(0)));
    executor.close();
    // What was submitted comes out, then the item that was refused.
    let expected = [
        Some(Ok(1)),
        Some(Ok(2)),
        Some(Err(TaskError::ShutDown)),
        None,
        None,
    ];
    for expected in expected {
        assert_eq!(within(results.next()).await, expected);
    }
    assert_eq!(taken.total(), 4);
}

#[tokio::test(start_paused = true)]
async fn map_iter_goes_on_after_its_caller_had_no_time() {
    let mut results = executor(1).map_iter(0..3, |item| after(seconds(10), fine(item)));
    for expected in 0..3 {
        let early = tokio::time::timeout(seconds(1), results.next()).await;
        assert!(early.is_err());
        assert_eq!(within(results.next()).await, Some(Ok(expected)));
    }
}
