//! A runtime that is dropped in the middle of a run ends the run; nothing hangs and nothing panics.

use std::convert::Infallible;
use std::future::pending;
use std::thread;

use antflow::event::{Callbacks, Status, StatusEvent};
use antflow::{FeedError, OnWait, Pipeline, Retry, StartError, from_fn};
use antflow_tests::{Boom, Gauge, Log, Outcome, Recorder, count, outcomes, quiet, seconds, within};
use tokio::runtime::{Builder, Runtime};

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

/// A stage whose items never end, and who counts the futures that are alive.
fn endless(gauge: &Gauge) -> Pipeline<impl antflow::Launch<(), Input = u64, Output = u64> + use<>> {
    let gauge = gauge.clone();
    let stage = from_fn("Endless", move |item: u64| {
        let inside = gauge.enter();
        async move {
            pending::<()>().await;
            drop(inside);
            Ok::<_, Infallible>(item)
        }
    });
    let next = from_fn("Next", async |item: u64| Ok::<_, Infallible>(item));
    Pipeline::builder().stage(stage.workers(3)).stage(next)
}

#[test]
fn a_run_that_was_spawned_is_dropped_with_its_runtime() {
    for make in [current_thread, multi_thread] {
        let gauge = Gauge::new();
        let recorder = Recorder::new();
        let etl = endless(&gauge).observe(recorder.clone());
        let runtime = make();
        let watched = gauge.clone();
        runtime.block_on(within(async move {
            tokio::spawn(async move { etl.run(0..10).await.unwrap() });
            while watched.now() < 3 {
                tokio::task::yield_now().await;
            }
        }));
        drop(runtime);
        assert_eq!(gauge.now(), 0, "a task outlived its runtime");
        // One in the hand of each worker; the others were not taken from the iterator.
        assert_eq!(recorder.count(Status::Cancelled), 3);
    }
}

#[test]
fn a_handle_outlives_its_runtime() {
    for make in [current_thread, multi_thread] {
        let gauge = Gauge::new();
        let recorder = Recorder::new();
        let etl = endless(&gauge).observe(recorder.clone());
        let first = make();
        let run = first.block_on(within(async {
            let run = etl.start().unwrap();
            run.feed(0..10).await.unwrap();
            while gauge.now() < 3 {
                tokio::task::yield_now().await;
            }
            run
        }));
        drop(first);
        assert_eq!(gauge.now(), 0);
        assert_eq!(run.stats().items_submitted, 10);
        let results = current_thread().block_on(within(run.shutdown()));
        assert_eq!(outcomes(&results), [Outcome::Cancelled; 10]);
        recorder.check(&results, &run.stats());
        let fed = current_thread().block_on(within(run.feed([1])));
        assert_eq!(fed, Err(FeedError::Closed { fed: 0 }));
    }
}

#[test]
fn joining_a_run_whose_runtime_is_gone_gives_all_results() {
    let gauge = Gauge::new();
    let first = current_thread();
    let run = first.block_on(within(async {
        let run = endless(&gauge).start().unwrap();
        run.feed(0..10).await.unwrap();
        quiet().await;
        run
    }));
    drop(first);
    let results = current_thread().block_on(within(run.join()));
    assert_eq!(outcomes(&results), [Outcome::Cancelled; 10]);
}

#[test]
fn a_run_whose_workers_never_got_their_turn_ends_with_the_runtime() {
    let gauge = Gauge::new();
    let first = current_thread();
    let run = first.block_on(async {
        let run = endless(&gauge).start().unwrap();
        // There is room for all, so the only thread goes on with this.
        run.feed(0..10).await.unwrap();
        run
    });
    drop(first);
    let results = current_thread().block_on(within(run.join()));
    assert_eq!(outcomes(&results), [Outcome::Cancelled; 10]);
}

#[test]
fn a_retry_that_waits_without_a_worker_ends_with_the_runtime() {
    let first = current_thread();
    let run = first.block_on(within(async {
        let stage = from_fn("Refuse", async |_: u64| Err::<u64, _>(Boom(1)));
        let retry = Retry::per_task().on_wait(OnWait::Release).wait(seconds(60));
        let run = Pipeline::builder().stage(stage.retry(retry)).start();
        let run = run.unwrap();
        run.feed(0..4).await.unwrap();
        quiet().await;
        run
    }));
    drop(first);
    let results = current_thread().block_on(within(run.shutdown()));
    assert_eq!(count(&results, Outcome::Cancelled), 4);
    assert!(
        results
            .iter()
            .all(|result| result.error().unwrap().attempts() == 1)
    );
}

#[test]
fn a_stream_outlives_its_runtime() {
    let first = current_thread();
    let mut stream = first.block_on(within(async {
        let stage = from_fn("Once", async |item: u64| {
            if item > 2 {
                pending::<()>().await;
            }
            Ok::<_, Infallible>(item)
        });
        let mut stream = Pipeline::builder().stage(stage).stream(0..10).unwrap();
        assert!(stream.next().await.unwrap().is_success());
        stream
    }));
    drop(first);
    let rest = current_thread().block_on(within(async {
        let mut rest = Vec::new();
        while let Some(result) = stream.next().await {
            rest.push(result);
        }
        rest
    }));
    assert_eq!(count(&rest, Outcome::Completed), 2);
}

#[test]
fn a_stream_that_is_first_polled_when_its_runtime_is_gone_ends() {
    let taken = Gauge::new();
    let counted = taken.clone();
    let first = current_thread();
    let mut stream = first.block_on(async {
        let items = (0..10).inspect(move |_| drop(counted.enter()));
        endless(&Gauge::new()).stream(items).unwrap()
    });
    drop(first);
    let result = current_thread().block_on(within(stream.next()));
    assert!(result.is_none());
    assert_eq!(taken.total(), 0);
}

#[test]
fn callbacks_go_on_in_the_next_runtime() {
    let seen = Log::new();
    let log = seen.clone();
    let callbacks = Callbacks::new().on_status_change(move |event: StatusEvent| {
        let log = log.clone();
        async move {
            tokio::task::yield_now().await;
            log.push(event.status);
        }
    });
    let stage = from_fn("Pass", async |item: u64| Ok::<_, Infallible>(item));
    let etl = Pipeline::builder().stage(stage).observe(callbacks.clone());
    for round in 1..=3 {
        let results = current_thread().block_on(within(etl.run([1])));
        assert_eq!(results.unwrap().len(), 1);
        assert_eq!(seen.len(), 3 * round);
    }
    assert_eq!(callbacks.dropped(), 0);
}

#[test]
fn callbacks_of_a_run_end_with_its_runtime_and_what_they_miss_is_counted() {
    let seen = Log::new();
    let log = seen.clone();
    let callbacks = Callbacks::new().on_status_change(move |event: StatusEvent| {
        log.push(event.status);
    });
    let recorder = Recorder::new();
    let etl = endless(&Gauge::new()).observe(callbacks.clone());
    let etl = etl.observe(recorder.clone());
    let first = current_thread();
    // It goes before a worker or the callbacks have begun.
    let run = first.block_on(within(async {
        let run = etl.start().unwrap();
        run.feed(0..10).await.unwrap();
        run
    }));
    drop(first);
    current_thread().block_on(within(run.shutdown()));
    assert!(seen.is_empty(), "{:?}", seen.entries());
    assert_eq!(recorder.count(Status::Cancelled), 10);
    assert_eq!(callbacks.dropped(), recorder.statuses().len() as u64);
}

#[test]
fn dropping_a_handle_outside_of_any_runtime_is_fine() {
    let gauge = Gauge::new();
    let runtime = multi_thread();
    let recorder = Recorder::new();
    let etl = endless(&gauge).observe(recorder.clone());
    let run = runtime.block_on(within(async {
        let run = etl.start().unwrap();
        run.feed(0..10).await.unwrap();
        run
    }));
    thread::spawn(move || drop(run)).join().unwrap();
    drop(runtime);
    assert_eq!(gauge.now(), 0);
    assert_eq!(recorder.count(Status::Cancelled), 10);
}

#[test]
fn without_a_runtime_nothing_starts() {
    let etl = endless(&Gauge::new());
    assert_eq!(etl.start().unwrap_err(), StartError::NoRuntime);
    assert_eq!(etl.stream(0..3).unwrap_err(), StartError::NoRuntime);
    let run = futures::executor::block_on(etl.run(0..3).into_future());
    assert_eq!(run.unwrap_err(), StartError::NoRuntime);
    let message = StartError::NoRuntime.to_string();
    assert!(message.contains("#[tokio::main]"), "{message}");
}

#[test]
fn a_runtime_that_goes_does_not_wait_for_callbacks() {
    for _ in 0..50 {
        let runtime = multi_thread();
        let callbacks = Callbacks::new().on_status_change(|_: StatusEvent| {});
        let etl = endless(&Gauge::new()).observe(callbacks.clone());
        let run = runtime.block_on(within(async {
            let run = etl.start().unwrap();
            run.feed(0..20).await.unwrap();
            run
        }));
        drop(runtime);
        drop(run);
        assert_eq!(callbacks.panics(), 0);
    }
}
