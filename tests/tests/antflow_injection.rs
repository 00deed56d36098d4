//! What the documents say of feeding a stage in the middle: the stages before it are left out.

use antflow::{FeedError, Item, State, pipeline, stage};
use antflow_tests::{Boom, Log, add_one, quiet, values, within};
use futures::stream;

#[stage]
async fn times_ten(item: u64) -> u64 {
    item * 10
}

#[stage]
async fn add_five(item: u64) -> u64 {
    item + 5
}

#[stage]
async fn elsewhere(item: u64) -> u64 {
    item
}

#[tokio::test(start_paused = true)]
async fn an_item_goes_through_the_stage_it_is_fed_to_and_those_behind() {
    let run = pipeline!(add_one >> times_ten >> add_five).start().unwrap();
    within(run.feed_at::<add_one>([1])).await.unwrap();
    within(run.feed_at::<times_ten>([1])).await.unwrap();
    within(run.feed_at::<add_five>([1])).await.unwrap();
    assert_eq!(values(within(run.join()).await), [25, 15, 6]);
}

#[tokio::test(start_paused = true)]
async fn without_a_stage_the_first_one_is_fed_by_iterators_and_by_streams() {
    let run = pipeline!(add_one >> times_ten).start().unwrap();
    within(run.feed([1])).await.unwrap();
    let later = stream::unfold(2, async |item| {
        quiet().await;
        (item < 4).then_some((Item::new(item), item + 1))
    });
    assert_eq!(within(run.feed_stream(later)).await, Ok(2));
    assert_eq!(values(within(run.join()).await), [20, 30, 40]);
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_is_not_in_the_pipeline_is_fed_nothing() {
    let run = pipeline!(add_one >> times_ten).start().unwrap();
    let error = within(run.feed_at::<elsewhere>([1])).await.unwrap_err();
    assert!(matches!(error, FeedError::UnknownStage(_)), "{error}");
    assert!(
        error.to_string().contains("only AddOne, TimesTen"),
        "{error}"
    );
    assert!(within(run.join()).await.is_empty());
}

/// What was made by each stage so far.
#[derive(Clone, Default)]
struct Made {
    fetched: Log<u64>,
    saved: Log<u64>,
}

#[stage]
async fn fetch(item: u64, made: State<Made>) -> u64 {
    made.fetched.push(item * 100);
    item * 100
}

/// Fails the first time it gets 200.
#[stage]
async fn save(row: u64, made: State<Made>) -> Result<u64, Boom> {
    let first = !made.saved.entries().contains(&row);
    made.saved.push(row);
    if first && row == 200 {
        return Err(Boom(row));
    }
    Ok(row)
}

#[tokio::test(start_paused = true)]
async fn work_that_was_done_in_part_goes_on_at_the_stage_where_it_ended() {
    let made = Made::default();
    let etl = pipeline!(fetch >> save).with_state(made.clone());
    let results = within(etl.run([1, 2, 3])).await.unwrap();
    let run = etl.start().unwrap();
    for (result, row) in results.iter().zip(made.fetched.entries()) {
        if result.error().is_some_and(|error| error.stage() == "Save") {
            let item = Item::new(row).id(result.id.clone());
            within(run.feed_at::<save>([item])).await.unwrap();
        }
    }
    let results = within(run.join()).await;
    assert_eq!(results[0].id, 1);
    assert_eq!(values(results), [200]);
    assert_eq!(made.fetched.len(), 3, "one was fetched again");
}
