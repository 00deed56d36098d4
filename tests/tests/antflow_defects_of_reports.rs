//! What a run says of its items and of itself: true, complete, and without an effect on them.

use std::convert::Infallible;
use std::sync::LazyLock;

use antflow::event::{Callbacks, Status, StatusEvent, TaskEvent, TaskEventKind};
use antflow::{
    BoxError, Item, ItemError, ItemErrorKind, Pipeline, Rate, State, TaskContext, from_fn,
    pipeline, stage,
};
use antflow_tests::{
    Boom, Gauge, Log, Outcome, millis, outcomes, panic_quietly, quiet, record, second, seconds,
    values, within,
};

#[stage(retry = "per_task", attempts = 3, wait = "0s")]
async fn not_three(item: u64, calls: State<Gauge>) -> Result<u64, Boom> {
    drop(calls.enter());
    if item == 3 { Err(Boom(3)) } else { Ok(item) }
}

#[tokio::test(start_paused = true)]
async fn a_callback_of_a_task_that_panics_repeats_no_task() {
    let calls = Gauge::new();
    let callbacks = Callbacks::new().on_task_event(|event: TaskEvent| {
        if event.kind != TaskEventKind::Retry {
            panic_quietly("on_task");
        }
    });
    let etl = pipeline!(not_three)
        .with_state(calls.clone())
        .observe(callbacks);
    let results = within(etl.run([1, 2, 4])).await.unwrap();
    assert_eq!(values(results), [1, 2, 4]);
    assert_eq!(calls.total(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_panics_at_any_status_changes_no_outcome() {
    for status in Status::ALL {
        let callbacks = Callbacks::new().on_status_change(move |event: StatusEvent| {
            if event.status == status {
                panic_quietly("on_status_change");
            }
        });
        let etl = pipeline!(not_three).with_state(Gauge::new());
        let results = within(etl.observe(callbacks).run([1, 3])).await.unwrap();
        assert_eq!(outcomes(&results), [Outcome::Completed, Outcome::Failed]);
    }
}

static FAILURES: LazyLock<Log<String>> = LazyLock::new(Log::new);

fn note(cx: &TaskContext, error: &ItemError) {
    FAILURES.push(format!("{}: {}", cx.item_id(), error.attempts()));
}

/// Nothing for 0, an error for 1.
#[stage(retry = "per_stage", attempts = 2, wait = "0s", on_failure = note)]
async fn look_up(item: u64) -> Result<Option<u64>, Boom> {
    match item {
        0 => Ok(None),
        1 => Err(Boom(1)),
        _ => Ok(Some(item)),
    }
}

#[tokio::test(start_paused = true)]
async fn under_per_stage_nothing_is_a_value_and_a_failure_is_reported_everywhere() {
    let run = pipeline!(look_up).start().unwrap();
    within(run.feed(0..3)).await.unwrap();
    let results = within(run.join()).await;
    use Outcome::{Completed, Failed};
    assert_eq!(outcomes(&results), [Completed, Failed, Completed]);
    assert_eq!(results[0].value.as_ref().unwrap(), &None);
    assert_eq!(FAILURES.entries(), ["1: 2"]);
    let stats = run.stats();
    let stage = &stats.stage_stats[0];
    assert_eq!(
        (stats.items_failed, stage.failed_items, stage.retries),
        (1, 1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn failures_are_among_the_results_with_the_error_that_the_task_returned() {
    let etl = pipeline!(not_three).with_state(Gauge::new());
    let results = within(etl.run([2, 3, 4])).await.unwrap();
    assert_eq!(results.len(), 3);
    let error = results[1].error().unwrap();
    assert_eq!(error.downcast_ref(), Some(&Boom(3)));
    assert_eq!(
        (error.stage(), error.task()),
        ("NotThree", Some("not_three"))
    );
}

#[derive(Debug, thiserror::Error)]
#[error("Host down: {0}")]
struct Unreachable(&'static str);

#[tokio::test(start_paused = true)]
async fn the_type_of_an_error_is_the_name_of_its_type_whatever_its_text_says() {
    let stage = from_fn("Ping", async |host: &'static str| {
        Err::<(), _>(Unreachable(host))
    });
    let results = within(Pipeline::builder().stage(stage).run(["ant"])).await;
    let results = results.unwrap();
    let error = results[0].error().unwrap();
    assert_eq!(error.type_name(), "Unreachable");
    let ItemErrorKind::Failed(source) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(source.to_string(), "Host down: ant");
}

#[tokio::test(start_paused = true)]
async fn an_error_in_a_box_is_an_error_and_no_box() {
    let stage = from_fn("Ping", async |host: &'static str| {
        Err::<(), BoxError>(Unreachable(host).into())
    });
    let results = within(Pipeline::builder().stage(stage).run(["ant"])).await;
    let results = results.unwrap();
    let error = results[0].error().unwrap();
    assert_eq!(error.type_name(), "Error");
    assert!(error.downcast_ref::<Unreachable>().is_some());
}

#[tokio::test(start_paused = true)]
async fn the_attempts_of_a_failed_item_are_those_that_were_made() {
    let calls = Gauge::new();
    let etl = pipeline!(not_three).with_state(calls.clone());
    let (results, recorder) = record(&etl, [3]).await;
    assert_eq!(results[0].error().unwrap().attempts(), 3);
    assert_eq!(calls.total(), 3);
    let last = &recorder.tasks_of(TaskEventKind::Fail)[0];
    assert_eq!(
        (last.attempt, last.sequence_id),
        (3, results[0].sequence_id)
    );
}

#[tokio::test(start_paused = true)]
async fn two_items_of_one_id_stay_two_and_are_counted() {
    let etl = pipeline!(not_three).with_state(Gauge::new());
    let twins = [1, 3].map(|value| Item::new(value).id("twin"));
    let run = etl.start().unwrap();
    within(run.feed(twins.clone())).await.unwrap();
    let results = within(run.join()).await;
    assert_eq!(outcomes(&results), [Outcome::Completed, Outcome::Failed]);
    assert!(results.iter().all(|result| result.id == "twin"));
    assert_eq!(run.stats().duplicate_ids, 1);
    let (_, recorder) = record(&etl, twins).await;
    assert_eq!(recorder.statuses_of(Status::Completed)[0].sequence_id, 0);
    assert_eq!(recorder.statuses_of(Status::Failed)[0].sequence_id, 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_of_a_run_stays_as_it_was_when_it_was_asked() {
    let etl = pipeline!(second).with_state(Gauge::new());
    let run = etl.start().unwrap();
    within(run.feed(0..4)).await.unwrap();
    quiet().await;
    let (stats, states) = (run.stats(), run.worker_states());
    within(run.join()).await;
    assert_eq!((stats.items_processed, stats.items_in_flight), (0, 4));
    assert!(states.iter().all(antflow::WorkerState::is_busy));
    assert_eq!(run.stats().items_processed, 4);
}

/// Spoils its item and fails, the first time.
#[stage(retry = "per_stage", attempts = 2, wait = "0s")]
async fn spoil(mut items: Vec<u64>, cx: &TaskContext) -> Result<Vec<u64>, Boom> {
    items.push(9);
    if cx.attempt() == 1 {
        Err(Boom(9))
    } else {
        Ok(items)
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_gets_the_item_as_it_was_before_the_last_one() {
    let results = within(pipeline!(spoil).run([vec![1]])).await.unwrap();
    assert_eq!(values(results), [[1, 9]]);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_task_is_its_own_and_not_that_of_the_stage_behind_it() {
    let fast = from_fn("Fast", async |item: u64| {
        tokio::time::sleep(millis(10)).await;
        Ok::<_, Infallible>(item)
    });
    let etl = pipeline!((fast.queue(1)) >> second.workers(1).queue(1));
    let (_, recorder) = record(&etl.with_state(Gauge::new()), 0..10).await;
    for event in recorder.tasks_of(TaskEventKind::Complete) {
        let own = if &*event.stage == "Fast" {
            millis(10)
        } else {
            seconds(1)
        };
        assert_eq!(event.duration, Some(own), "{event:?}");
    }
}

async fn is_odd(item: &u64) -> bool {
    quiet().await;
    *item % 2 == 1
}

#[stage(skip_if = is_odd)]
async fn add_hundred(item: u64) -> u64 {
    item + 100
}

#[tokio::test(start_paused = true)]
async fn an_async_skip_if_is_waited_for() {
    let results = within(pipeline!(add_hundred).run(0..4)).await.unwrap();
    assert_eq!(values(results), [100, 1, 102, 3]);
}

#[tokio::test(start_paused = true)]
async fn limits_that_let_nothing_through_are_refused() {
    let none = 0;
    let rate = Rate::new(0, seconds(1));
    let etl = pipeline!(
        second
            .queue(none)
            .concurrency(none)
            .rate(rate)
            .timeout(seconds(0))
    );
    let etl = etl.with_state(Gauge::new());
    let error = within(etl.run([1])).await.unwrap_err().to_string();
    for limit in ["queue", "concurrency", "rate", "timeout"] {
        assert!(error.contains(&format!("`{limit}`")), "{limit}: {error}");
    }
}
