//! What the documents say of the short ways: one call for one function, and a builder for stages made of closures.

use std::convert::Infallible;

use antflow::{Pipeline, Retry, from_fn, pipeline};
use antflow_tests::{Boom, Log, Outcome, add_one, double, millis, outcomes, values, within};

#[tokio::test(start_paused = true)]
async fn one_call_applies_one_function_to_all_items() {
    let results = Pipeline::quick(0..5, async |item: u64| Ok::<_, Infallible>(item * 2));
    assert_eq!(values(within(results).await.unwrap()), [0, 2, 4, 6, 8]);
}

#[tokio::test(start_paused = true)]
async fn one_call_makes_one_attempt_and_keeps_failures_in_place() {
    let calls = Log::new();
    let log = calls.clone();
    let results = Pipeline::quick([1, 2, 3], move |item: u64| {
        log.push(item);
        async move { if item == 2 { Err(Boom(2)) } else { Ok(item) } }
    });
    let results = within(results).await.unwrap();
    use Outcome::{Completed, Failed};
    assert_eq!(outcomes(&results), [Completed, Failed, Completed]);
    assert_eq!(calls.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_row_of_functions_is_a_stage_for_each() {
    let etl = pipeline!(add_one >> double);
    assert_eq!(etl.stage_names(), ["AddOne", "Double"]);
    assert_eq!(values(within(etl.run(0..3)).await.unwrap()), [2, 4, 6]);
}

#[tokio::test(start_paused = true)]
async fn a_builder_puts_closures_and_functions_into_a_row() {
    let parse = from_fn("Parse", async |text: &'static str| text.parse::<u64>());
    let show = from_fn("Show", async |item: u64| {
        Ok::<_, Infallible>(item.to_string())
    });
    let etl = Pipeline::builder()
        .stage(parse.workers(4))
        .stage(double {})
        .stage(show);
    assert_eq!(etl.stage_names(), ["Parse", "Double", "Show"]);
    assert_eq!(etl.worker_names()["Parse"].len(), 4);
    let results = within(etl.run(["1", "20"])).await.unwrap();
    assert_eq!(values(results), ["2", "40"]);
}

#[tokio::test(start_paused = true)]
async fn a_stage_of_a_closure_makes_as_many_attempts_as_it_is_told() {
    for (retry, attempts) in [(Retry::per_task(), 2), (Retry::per_stage(), 4)] {
        let calls = Log::new();
        let log = calls.clone();
        let stage = from_fn("Refuse", move |item: u64| {
            log.push(item);
            async move { Err::<u64, _>(Boom(item)) }
        });
        let retry = retry.attempts(attempts).wait(millis(1));
        let etl = Pipeline::builder().stage(stage.retry(retry));
        let results = within(etl.run([1])).await.unwrap();
        assert_eq!(results[0].error().unwrap().attempts(), attempts);
        assert_eq!(calls.entries(), vec![1; attempts as usize]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_is_added_later_changes_no_pipeline_that_was_built_before() {
    let one = Pipeline::builder().stage(add_one {});
    let two = one.clone().stage(double {});
    assert_eq!(one.stage_names(), ["AddOne"]);
    assert_eq!(values(within(one.run([1])).await.unwrap()), [2]);
    assert_eq!(values(within(two.run([1])).await.unwrap()), [4]);
}
