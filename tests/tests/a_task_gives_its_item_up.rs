//! A task that was cancelled cancels its item: it is not retried, and the worker goes on with the next.

use antflow::event::Status;
use antflow::{BoxError, Cancelled, Pipeline, Retry, from_fn, pipeline, stage, task};
use antflow_tests::{Boom, Gauge, Log, Outcome, Recorder, outcomes, within};
use tokio::task::JoinError;

/// The error of a task that was aborted.
async fn aborted() -> JoinError {
    let task = tokio::spawn(std::future::pending::<()>());
    task.abort();
    task.await.expect_err("it was aborted")
}

fn expected() -> [Outcome; 4] {
    use Outcome::{Cancelled, Completed};
    [Completed, Cancelled, Completed, Completed]
}

#[stage(retry = "per_task", attempts = 5)]
async fn join_another(item: u64) -> Result<u64, JoinError> {
    if item == 1 {
        Err(aborted().await)
    } else {
        Ok(item)
    }
}

#[tokio::test(start_paused = true)]
async fn the_join_error_of_an_aborted_task_cancels_the_item() {
    let recorder = Recorder::new();
    let run = pipeline!(join_another).observe(recorder.clone()).start();
    let run = run.unwrap();
    run.feed(0..4).await.unwrap();
    let results = within(run.join()).await;
    assert_eq!(outcomes(&results), expected());
    recorder.check(&results, &run.stats());
    assert_eq!(
        recorder.status_lines(1),
        [
            "JoinAnother queued",
            "JoinAnother in_progress JoinAnother-W0",
            "JoinAnother cancelled JoinAnother-W0"
        ]
    );
    assert_eq!(
        recorder.task_lines(1),
        ["join_another start 1", "join_another fail 1"]
    );
    let error = results[1].error().unwrap();
    assert!(error.is_cancelled());
    assert_eq!(error.attempts(), 1);
    assert_eq!(error.task(), Some("join_another"));
    let stats = run.stats();
    assert_eq!((stats.items_cancelled, stats.items_failed), (1, 0));
    assert_eq!(stats.stage_stats[0].cancelled_items, 1);
}

#[tokio::test(start_paused = true)]
async fn a_join_error_inside_a_box_cancels_too() {
    let stage = from_fn("Boxed", async |item: u64| {
        if item == 1 {
            return Err(BoxError::from(aborted().await));
        }
        Ok(item)
    });
    let etl = Pipeline::builder().stage(stage.retry(Retry::per_stage()));
    let results = within(etl.run(0..4)).await.unwrap();
    assert_eq!(outcomes(&results), expected());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panicked_elsewhere_is_a_failure_and_no_cancellation() {
    let stage = from_fn("Elsewhere", async |item: u64| {
        let work = tokio::spawn(async move {
            if item == 1 {
                std::panic::resume_unwind(Box::new("elsewhere"));
            }
            item
        });
        work.await
    });
    let results = within(Pipeline::builder().stage(stage).run(0..4)).await;
    assert_eq!(outcomes(&results.unwrap())[1], Outcome::Failed);
}

#[task]
async fn check(item: u64) -> Result<u64, BoxError> {
    if item == 1 {
        return Err(Cancelled.into());
    }
    Ok(item)
}

#[task]
async fn keep(item: u64) -> u64 {
    item
}

#[stage(retry = "per_stage", attempts = 4, on_wait = "release")]
struct PerStage(keep, check, keep);

#[stage(retry = "per_task", attempts = 4, on_failure = not_called)]
struct PerTask(keep, check, keep);

fn not_called(_: &antflow::TaskContext, error: &antflow::ItemError) {
    panic!("no failure: {error}");
}

#[tokio::test(start_paused = true)]
async fn cancelled_in_a_list_of_tasks_ends_the_item_under_both_modes() {
    let recorder = Recorder::new();
    let etl = pipeline!(PerStage >> PerTask).observe(recorder.clone());
    let run = etl.start().unwrap();
    run.feed(0..4).await.unwrap();
    run.feed_at::<PerTask>([1]).await.unwrap();
    let results = within(run.join()).await;
    assert_eq!(outcomes(&results)[..4], expected());
    assert_eq!(outcomes(&results)[4], Outcome::Cancelled);
    assert_eq!(recorder.count(Status::Retrying), 0);
    assert_eq!(recorder.count(Status::Cancelled), 2);
    assert_eq!(run.stats().observer_panics, 0, "`on_failure` was called");
    let mut stages: Vec<_> = recorder
        .statuses()
        .iter()
        .filter(|event| event.status == Status::Cancelled)
        .map(|event| event.stage.to_string())
        .collect();
    stages.sort();
    assert_eq!(stages, ["PerStage", "PerTask"]);
}

#[stage(workers = 2)]
async fn give_up(_item: u64) -> Result<u64, Cancelled> {
    Err(Cancelled)
}

#[tokio::test(start_paused = true)]
async fn all_items_may_be_given_up_and_all_workers_stay() {
    let run = pipeline!(give_up.queue(2)).start().unwrap();
    within(run.feed(0..500)).await.unwrap();
    let results = within(run.join()).await;
    assert_eq!(outcomes(&results), [Outcome::Cancelled; 500]);
    assert_eq!(run.stats().items_cancelled, 500);
}

#[tokio::test(start_paused = true)]
async fn work_that_was_started_elsewhere_hears_of_the_shutdown() {
    let heard = Gauge::new();
    let seen = Log::new();
    #[stage]
    async fn delegate(
        item: u64,
        cx: &antflow::TaskContext,
        state: antflow::State<(Gauge, Log<u64>)>,
    ) -> Result<u64, Boom> {
        let token = cx.cancellation().clone();
        assert!(!token.is_cancelled());
        let (gauge, seen) = (*state).clone();
        let inside = gauge.enter();
        tokio::spawn(async move {
            token.cancelled().await;
            seen.push(item);
            drop(inside);
        });
        std::future::pending().await
    }
    let etl = pipeline!(delegate).with_state((heard.clone(), seen.clone()));
    let run = etl.start().unwrap();
    run.feed([5]).await.unwrap();
    antflow_tests::quiet().await;
    assert_eq!(heard.now(), 1);
    within(run.shutdown()).await;
    antflow_tests::quiet().await;
    assert_eq!(heard.now(), 0);
    assert_eq!(seen.entries(), [5]);
}
