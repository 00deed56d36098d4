//! What the documents say of `on_success`, `on_failure` and `on_skip`: each is called once, and none can do harm.

use std::sync::LazyLock;

use antflow::{Item, ItemError, TaskContext, pipeline, stage, task};
use antflow_tests::{Boom, Log, Outcome, outcomes, panic_quietly, within};

/// What the callbacks of one test said.
type Said = LazyLock<Log<String>>;

static PLAIN: Said = Said::new(Log::new);

fn succeeded(cx: &TaskContext, output: &u64) {
    PLAIN.push(format!("{} gave {output}", cx.item_id()));
}

fn failed(cx: &TaskContext, error: &ItemError) {
    let page = cx.metadata().get("page").expect("it was fed with one");
    PLAIN.push(format!("{} of page {page}: {error}", cx.item_id()));
}

#[stage(retry = "per_task", attempts = 2, on_success = succeeded, on_failure = failed)]
async fn half(item: u64) -> Result<u64, Boom> {
    if item.is_multiple_of(2) {
        Ok(item / 2)
    } else {
        Err(Boom(item))
    }
}

#[tokio::test(start_paused = true)]
async fn on_success_and_on_failure_are_called_once_with_id_and_result_or_error() {
    let bad = Item::new(7).id("bad").metadata("page", 3);
    let items = [Item::new(4), bad, Item::new(6)];
    within(pipeline!(half).run(items)).await.unwrap();
    assert_eq!(
        PLAIN.entries(),
        [
            "0 gave 2",
            "bad of page 3: stage `Half`, task `half`: boom 7 (attempt 2 of 2)",
            "2 gave 3"
        ]
    );
}

static ASYNC: Said = Said::new(Log::new);

async fn succeeded_later(cx: &TaskContext, output: &u64) {
    tokio::task::yield_now().await;
    ASYNC.push(format!("{} gave {output}", cx.item_id()));
}

async fn failed_later(cx: &TaskContext, error: &ItemError) {
    tokio::task::yield_now().await;
    ASYNC.push(format!(
        "{} failed {} times",
        cx.item_id(),
        error.attempts()
    ));
}

#[task]
async fn double(item: u64) -> u64 {
    item * 2
}

#[task]
async fn small(item: u64) -> Result<u64, Boom> {
    if item < 10 { Ok(item) } else { Err(Boom(item)) }
}

#[stage(retry = "per_stage", attempts = 3, on_success = succeeded_later, on_failure = failed_later)]
struct Transaction(double, small);

#[tokio::test(start_paused = true)]
async fn they_may_be_async_and_are_called_under_per_stage_too() {
    within(pipeline!(Transaction).run([1, 5, 2])).await.unwrap();
    assert_eq!(
        ASYNC.entries(),
        ["0 gave 2", "1 failed 3 times", "2 gave 4"]
    );
}

static SKIPPED: Said = Said::new(Log::new);

fn is_done(item: &u64) -> bool {
    *item >= 100
}

fn skipped(cx: &TaskContext, value: &u64) {
    SKIPPED.push(format!("{} skipped {value}", cx.item_id()));
}

fn done(_: &TaskContext, output: &u64) {
    SKIPPED.push(format!("gave {output}"));
}

#[stage(skip_if = is_done, on_skip = skipped, on_success = done)]
async fn add_hundred(item: u64) -> u64 {
    item + 100
}

#[tokio::test(start_paused = true)]
async fn for_a_skipped_item_on_skip_is_called_and_on_success_is_not() {
    within(pipeline!(add_hundred).run([500, 1])).await.unwrap();
    assert_eq!(SKIPPED.entries(), ["0 skipped 500", "gave 101"]);
}

fn broken_success(_: &TaskContext, _: &u64) {
    panic_quietly("on_success");
}

async fn broken_failure(_: &TaskContext, _: &ItemError) {
    panic_quietly("on_failure");
}

#[stage(on_success = broken_success, on_failure = broken_failure)]
async fn positive(item: u64) -> Result<u64, Boom> {
    if item > 0 { Ok(item) } else { Err(Boom(item)) }
}

#[tokio::test(start_paused = true)]
async fn callbacks_that_panic_are_counted_and_change_no_outcome() {
    let run = pipeline!(positive).start().unwrap();
    within(run.feed([1, 0, 2])).await.unwrap();
    let results = within(run.join()).await;
    use Outcome::{Completed, Failed};
    assert_eq!(outcomes(&results), [Completed, Failed, Completed]);
    assert_eq!(results[1].error().unwrap().downcast_ref(), Some(&Boom(0)));
    assert_eq!(run.stats().observer_panics, 3);
}
