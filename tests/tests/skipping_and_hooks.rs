//! `skip_if` lets items pass untouched; `on_success`, `on_failure` and `on_skip` are called beside the tasks, once.

use std::sync::{LazyLock, Mutex, PoisonError};

use antflow::{Hooks, ItemError, Pipeline, TaskContext, from_fn, pipeline, stage, task};
use antflow_tests::{Boom, Log, Outcome, Recorder, count, millis, values, within};

/// What the hooks of one test said: a line for each call. Hooks are plain functions, so the lines lie in a static.
struct Lines(LazyLock<Mutex<Vec<String>>>);

impl Lines {
    const fn new() -> Self {
        Self(LazyLock::new(Mutex::default))
    }

    fn say(&self, line: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    fn take(&self) -> Vec<String> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.sort();
        std::mem::take(&mut *lines)
    }
}

static PLAIN: Lines = Lines::new();

fn is_negative(item: &i64) -> bool {
    *item < 0
}

fn said_success(cx: &TaskContext, output: &i64) {
    PLAIN.say(format!("success {} {output} {}", cx.item_id(), cx.worker()));
}

fn said_failure(cx: &TaskContext, error: &ItemError) {
    PLAIN.say(format!("failure {} {error}", cx.item_id()));
}

fn said_skip(cx: &TaskContext, value: &i64) {
    PLAIN.say(format!("skip {} {value}", cx.item_id()));
}

#[stage(
    retry = "per_task", attempts = 2, wait = "0s", skip_if = is_negative, on_success = said_success,
    on_failure = said_failure, on_skip = said_skip
)]
async fn half(item: i64, cx: &TaskContext) -> Result<i64, Boom> {
    match item {
        0 => Err(Boom(0)),
        // Succeeds in the second attempt, which makes one success and no failure.
        4 if cx.attempt() == 1 => Err(Boom(4)),
        _ => Ok(item / 2),
    }
}

#[tokio::test(start_paused = true)]
async fn plain_hooks_are_called_once_for_what_they_are_for() {
    let recorder = Recorder::new();
    let run = pipeline!(half).observe(recorder.clone()).start().unwrap();
    run.feed([8, -3, 0, 4]).await.unwrap();
    let results = within(run.join()).await;
    recorder.check(&results, &run.stats());
    let values: Vec<_> = results
        .iter()
        .map(|result| result.value.as_ref().ok().copied())
        .collect();
    assert_eq!(values, [Some(4), Some(-3), None, Some(2)]);
    assert_eq!(
        PLAIN.take(),
        [
            "failure 2 stage `Half`, task `half`: boom 0 (attempt 2 of 2)",
            "skip 1 -3",
            "success 0 4 Half-W0",
            "success 3 2 Half-W0",
        ]
    );
    assert_eq!(run.stats().stage_stats[0].skipped_items, 1);
    assert_eq!(
        recorder.status_lines(1),
        ["Half queued", "Half skipped Half-W0"]
    );
    assert!(
        recorder.task_lines(1).is_empty(),
        "a task ran for a skipped item"
    );
}

static ASYNC: Lines = Lines::new();

async fn is_long(text: &str) -> bool {
    tokio::time::sleep(millis(5)).await;
    text.len() > 5
}

async fn later_success(cx: &TaskContext, output: &String) {
    tokio::time::sleep(millis(5)).await;
    ASYNC.say(format!("success {} {output}", cx.sequence_id()));
}

async fn later_failure(cx: &TaskContext, error: &ItemError) {
    tokio::time::sleep(millis(5)).await;
    ASYNC.say(format!("failure {} {}", cx.sequence_id(), error.attempts()));
}

async fn later_skip(cx: &TaskContext, value: &String) {
    tokio::time::sleep(millis(5)).await;
    ASYNC.say(format!("skip {} {value}", cx.sequence_id()));
}

#[task]
async fn trim(text: String) -> String {
    text.trim().to_owned()
}

#[task]
async fn refuse_empty(text: String) -> Result<String, Boom> {
    if text.is_empty() {
        Err(Boom(0))
    } else {
        Ok(text)
    }
}

#[stage(
    workers = 2, retry = "per_stage", attempts = 3, wait = "1s", on_wait = "release",
    skip_if = is_long, on_success = later_success, on_failure = later_failure, on_skip = later_skip
)]
struct Clean(trim, refuse_empty);

#[tokio::test(start_paused = true)]
async fn async_hooks_on_a_list_of_tasks() {
    let texts = [" ant ", "pipeline", "  ", "flow"].map(String::from);
    let results = within(pipeline!(Clean).run(texts)).await.unwrap();
    assert_eq!(count(&results, Outcome::Completed), 3);
    assert_eq!(results[1].value.as_deref().ok(), Some("pipeline"));
    assert_eq!(
        ASYNC.take(),
        [
            "failure 2 3",
            "skip 1 pipeline",
            "success 0 ant",
            "success 3 flow"
        ]
    );
}

/// Hooks by hand, for a stage made of a closure: what is skipped may become another value.
#[derive(Clone)]
struct ByHand(Log<String>);

impl Hooks<u64, String> for ByHand {
    async fn skip(&self, cx: &TaskContext, input: u64) -> Result<String, u64> {
        assert_eq!(cx.task(), None);
        if input.is_multiple_of(2) {
            Ok(format!("even {input}"))
        } else {
            Err(input)
        }
    }

    async fn on_success(&self, _: &TaskContext, output: &String) {
        self.0.push(output.clone());
    }

    async fn on_skip(&self, _: &TaskContext, value: &String) {
        self.0.push(value.clone());
    }
}

#[tokio::test(start_paused = true)]
async fn hooks_by_hand_may_turn_a_skipped_item_into_an_output() {
    let said = Log::new();
    let stage = from_fn("Odd", async |item: u64| {
        Ok::<_, Boom>(format!("odd {item}"))
    });
    let etl = Pipeline::builder().stage(stage.hooks(ByHand(said.clone())));
    let results = within(etl.run(0..4)).await.unwrap();
    assert_eq!(values(results), ["even 0", "odd 1", "even 2", "odd 3"]);
    assert_eq!(said.entries(), ["even 0", "odd 1", "even 2", "odd 3"]);
}

/// Is asked once, although there are three attempts.
#[tokio::test(start_paused = true)]
async fn skip_is_not_asked_again_before_a_retry() {
    #[derive(Clone)]
    struct Asked(Log<u64>);
    impl Hooks<u64, u64> for Asked {
        async fn skip(&self, _: &TaskContext, input: u64) -> Result<u64, u64> {
            self.0.push(input);
            Err(input)
        }
    }
    for retry in [antflow::Retry::per_task(), antflow::Retry::per_stage()] {
        for on_wait in [antflow::OnWait::Hold, antflow::OnWait::Release] {
            let asked = Log::new();
            let stage = from_fn("Refuse", async |item: u64| Err::<u64, _>(Boom(item)));
            let stage = stage
                .hooks(Asked(asked.clone()))
                .retry(retry.clone().on_wait(on_wait));
            let results = within(Pipeline::builder().stage(stage).run([7]))
                .await
                .unwrap();
            assert_eq!(results[0].error().unwrap().attempts(), 3);
            assert_eq!(asked.entries(), [7]);
        }
    }
}

fn always(_: &u64) -> bool {
    true
}

#[stage(skip_if = always)]
async fn never_runs(item: u64) -> Result<u64, Boom> {
    Err(Boom(item))
}

#[stage(workers = 2)]
async fn runs(item: u64) -> u64 {
    item + 1
}

#[tokio::test(start_paused = true)]
async fn what_a_stage_skips_goes_through_the_next() {
    let recorder = Recorder::new();
    let etl = pipeline!(never_runs >> runs >> never_runs.named("Last"));
    let run = etl.observe(recorder.clone()).start().unwrap();
    within(run.feed(0..20)).await.unwrap();
    let results = within(run.join()).await;
    recorder.check(&results, &run.stats());
    assert_eq!(values(results), (1..=20).collect::<Vec<_>>());
    assert_eq!(run.stats().stage("Last").unwrap().skipped_items, 20);
}
