//! A panic in user code fails the item it happened for; the worker goes on with the next.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};

use antflow::event::{Status, TaskEventKind};
use antflow::{
    Hooks, ItemError, ItemErrorKind, Pipeline, PipelineResult, Retry, TaskContext, from_fn,
    pipeline, stage, task,
};
use antflow_tests::{Boom, Outcome, Recorder, count, outcomes, panic_quietly, values, within};

/// Checks that the item 1 of 0..5 panicked with this message, in one attempt, and that the others did not notice.
fn check_one_panic<T: std::fmt::Debug>(results: &[PipelineResult<T>], message: &str) {
    use Outcome::{Completed, Panicked};
    assert_eq!(
        outcomes(results),
        [Completed, Panicked, Completed, Completed, Completed],
        "{results:?}"
    );
    let error = results[1].error().expect("it panicked");
    assert_eq!(error.attempts(), 1, "a panic is not tried again");
    let ItemErrorKind::Panicked(text) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(text, message);
}

#[stage(retry = "per_task", attempts = 3)]
async fn panic_at_one(item: u64) -> Result<u64, Boom> {
    tokio::task::yield_now().await;
    assert!(item != 1, "item {item} is odd");
    Ok(item)
}

#[tokio::test(start_paused = true)]
async fn one_worker_goes_on_after_the_panic_of_a_stage_function() {
    let recorder = Recorder::new();
    let run = pipeline!(panic_at_one).observe(recorder.clone()).start();
    let run = run.unwrap();
    run.feed(0..5).await.unwrap();
    let results = within(run.join()).await;
    check_one_panic(&results, "item 1 is odd");
    recorder.check(&results, &run.stats());
    let error = results[1].error().unwrap();
    assert_eq!(error.stage(), "PanicAtOne");
    assert_eq!(error.task(), Some("panic_at_one"));
    assert_eq!(error.worker().unwrap().to_string(), "PanicAtOne-W0");
    assert_eq!(
        recorder.task_lines(1),
        ["panic_at_one start 1", "panic_at_one fail 1"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_there_is_a_future() {
    fn eager(item: u64) -> Ready<Result<u64, Boom>> {
        if item == 1 {
            std::panic::panic_any("static text");
        }
        ready(Ok(item))
    }
    let etl = Pipeline::builder().stage(from_fn("Eager", eager));
    let results = within(etl.run(0..5)).await.unwrap();
    check_one_panic(&results, "static text");
}

#[tokio::test(start_paused = true)]
async fn a_panic_whose_payload_is_no_text() {
    let stage = from_fn("Number", async |item: u64| {
        if item == 1 {
            std::panic::panic_any(42_i32);
        }
        Ok::<_, Infallible>(item)
    });
    let results = within(Pipeline::builder().stage(stage).run(0..5)).await;
    check_one_panic(&results.unwrap(), "no message");
}

/// Cannot be copied when it is 1, nor be thrown away when it is 7.
#[derive(Debug)]
struct Fragile(u64);

impl Clone for Fragile {
    fn clone(&self) -> Self {
        assert!(self.0 != 1, "one of a kind");
        Self(self.0)
    }
}

#[stage(retry = "per_task")]
async fn unwrap_task(item: Fragile) -> Result<u64, Boom> {
    Ok(item.0)
}

#[stage(retry = "per_stage")]
async fn unwrap_stage(item: Fragile) -> Result<u64, Boom> {
    Ok(item.0)
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_clone_of_an_item() {
    let per_task = within(pipeline!(unwrap_task).run((0..5).map(Fragile))).await;
    check_one_panic(&per_task.unwrap(), "one of a kind");
    let per_stage = within(pipeline!(unwrap_stage).run((0..5).map(Fragile))).await;
    check_one_panic(&per_stage.unwrap(), "one of a kind");
    let stage = from_fn("Own", async |item: Fragile| Ok::<_, Boom>(item.0));
    let stage = stage.retry(Retry::per_task());
    let own = within(Pipeline::builder().stage(stage).run((0..5).map(Fragile))).await;
    check_one_panic(&own.unwrap(), "one of a kind");
}

fn panic_if_one(item: &u64) -> bool {
    assert!(*item != 1, "cannot decide");
    false
}

#[stage(skip_if = panic_if_one)]
async fn choosy(item: u64) -> u64 {
    item
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_skip_if() {
    let recorder = Recorder::new();
    let run = pipeline!(choosy).observe(recorder.clone()).start().unwrap();
    run.feed(0..5).await.unwrap();
    let results = within(run.join()).await;
    check_one_panic(&results, "cannot decide");
    recorder.check(&results, &run.stats());
    assert_eq!(results[1].error().unwrap().task(), None);
    assert_eq!(
        recorder.status_lines(1),
        [
            "Choosy queued",
            "Choosy in_progress Choosy-W0",
            "Choosy failed Choosy-W0"
        ]
    );
    assert!(recorder.task_lines(1).is_empty(), "a task ran");
}

fn panic_on_success(_: &TaskContext, item: &u64) {
    assert!(*item != 1, "no applause");
}

fn panic_on_failure(_: &TaskContext, _: &ItemError) {
    panic!("no condolence");
}

#[stage(on_success = panic_on_success, on_failure = panic_on_failure)]
async fn applauded(item: u64) -> Result<u64, Boom> {
    if item > 2 { Err(Boom(item)) } else { Ok(item) }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_hook_is_counted_and_changes_nothing() {
    let run = pipeline!(applauded).start().unwrap();
    run.feed(0..5).await.unwrap();
    let results = within(run.join()).await;
    assert_eq!(count(&results, Outcome::Completed), 3);
    assert_eq!(count(&results, Outcome::Failed), 2);
    assert_eq!(results[4].error().unwrap().downcast_ref(), Some(&Boom(4)));
    assert_eq!(run.stats().observer_panics, 3);
}

/// Hooks that panic before they return a future.
struct Eager;

impl Hooks<u64, u64> for Eager {
    fn skip(&self, _: &TaskContext, input: u64) -> impl Future<Output = Result<u64, u64>> + Send {
        if input == 1 {
            panic_quietly("eager");
        }
        ready(if input == 2 { Ok(input) } else { Err(input) })
    }

    fn on_success(&self, _: &TaskContext, _: &u64) -> impl Future<Output = ()> + Send {
        panic_quietly("no applause");
        ready(())
    }

    fn on_failure(&self, _: &TaskContext, _: &ItemError) -> impl Future<Output = ()> + Send {
        panic_quietly("no condolence");
        ready(())
    }

    fn on_skip(&self, _: &TaskContext, _: &u64) -> impl Future<Output = ()> + Send {
        panic_quietly("no pity");
        ready(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_a_hook_has_made_its_future() {
    let stage = from_fn("Hooked", async |item: u64| Ok::<_, Infallible>(item));
    let etl = Pipeline::builder().stage(stage.hooks(Eager));
    let run = etl.start().unwrap();
    run.feed(0..5).await.unwrap();
    let results = within(run.join()).await;
    check_one_panic(&results, "eager");
    assert_eq!(run.stats().observer_panics, 5);
    assert_eq!(run.stats().stage_stats[0].skipped_items, 1);
}

fn panic_about(error: &Boom) -> bool {
    assert!(error.0 != 1, "cannot judge");
    false
}

#[stage(retry = "per_task", retry_if = panic_about)]
async fn judged(item: u64) -> Result<u64, Boom> {
    if item == 1 { Err(Boom(item)) } else { Ok(item) }
}

#[task]
async fn sentence(item: u64) -> Result<u64, Boom> {
    judged(item).await
}

fn panic_about_any(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    panic_about(error.downcast_ref().expect("a boom"))
}

#[stage(retry = "per_stage", retry_if = panic_about_any)]
struct Court(sentence);

#[tokio::test(start_paused = true)]
async fn a_panic_in_retry_if() {
    for list in [false, true] {
        let recorder = Recorder::new();
        let (results, stats) = if list {
            let run = pipeline!(Court).observe(recorder.clone()).start().unwrap();
            run.feed(0..5).await.unwrap();
            (within(run.join()).await, run.stats())
        } else {
            let run = pipeline!(judged).observe(recorder.clone()).start().unwrap();
            run.feed(0..5).await.unwrap();
            (within(run.join()).await, run.stats())
        };
        check_one_panic(&results, "cannot judge");
        recorder.check(&results, &stats);
        let kinds: Vec<_> = recorder.tasks().iter().map(|event| event.kind).collect();
        let fails = kinds.iter().filter(|kind| **kind == TaskEventKind::Fail);
        assert_eq!(fails.count(), 1);
    }
}

/// An error that panics when it is boxed.
#[derive(Debug)]
struct Unboxable;

impl From<Unboxable> for antflow::BoxError {
    fn from(_: Unboxable) -> Self {
        panic!("does not fit into a box");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_an_error_is_boxed() {
    let recorder = Recorder::new();
    let stage = from_fn(
        "Box",
        async |item: u64| {
            if item == 1 { Err(Unboxable) } else { Ok(item) }
        },
    );
    let run = Pipeline::builder()
        .stage(stage)
        .observe(recorder.clone())
        .start()
        .unwrap();
    run.feed(0..5).await.unwrap();
    let results = within(run.join()).await;
    check_one_panic(&results, "does not fit into a box");
    recorder.check(&results, &run.stats());
}

/// An item that panics when it is dropped, if it is 1.
#[derive(Debug, Clone)]
struct Sticky(u64);

impl Drop for Sticky {
    fn drop(&mut self) {
        assert!(self.0 != 1 || std::thread::panicking(), "sticks");
    }
}

#[stage(retry = "per_stage", attempts = 1)]
async fn keep(item: &Sticky) -> Result<u64, Boom> {
    if item.0 == 1 {
        Err(Boom(1))
    } else {
        Ok(item.0)
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_drop_of_an_item_leaves_the_worker() {
    let run = pipeline!(keep).start().unwrap();
    run.feed((0..5).map(Sticky)).await.unwrap();
    let results = within(run.join()).await;
    assert_eq!(results.len(), 5);
    assert_eq!(count(&results, Outcome::Completed), 4, "{results:?}");
    assert!(!results[1].is_success());
}

#[stage]
async fn explode(item: u64) -> Result<u64, Boom> {
    panic!("item {item}");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_panics_and_no_worker_is_lost() {
    let run = pipeline!(explode.workers(3).queue(2)).start().unwrap();
    within(run.feed(0..1000)).await.unwrap();
    let results = within(run.join()).await;
    assert_eq!(count(&results, Outcome::Panicked), 1000);
    assert_eq!(run.stats().items_failed, 1000);
    assert_eq!(
        run.stats().observer_panics,
        0,
        "no observer had a part in it"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn panics_on_many_threads_stay_with_their_items() {
    let stage = from_fn("Odd", async |item: u64| {
        tokio::task::yield_now().await;
        if item % 2 == 1 {
            panic_quietly("odd");
        }
        Ok::<_, Infallible>(item)
    });
    let recorder = Recorder::new();
    let etl = Pipeline::builder().stage(stage.workers(8));
    let run = etl.observe(recorder.clone()).start().unwrap();
    within(run.feed(0..1000)).await.unwrap();
    let results = within(run.join()).await;
    recorder.check(&results, &run.stats());
    assert_eq!(recorder.count(Status::Failed), 500);
    let even = results
        .into_iter()
        .filter(antflow::PipelineResult::is_success);
    let even = values(even.collect());
    assert_eq!(even, (0..1000).step_by(2).collect::<Vec<_>>());
}
