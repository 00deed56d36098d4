//! What the documents say of a run: results in input order under the ids of the items, numbers, names.

use antflow::{FeedError, Item, ItemId, State, TaskContext, pipeline, stage, task};
use antflow_tests::{Boom, add_one, double, from_attempt, millis, record, values, within};

#[tokio::test(start_paused = true)]
async fn two_stages_give_their_results_in_input_order() {
    let results = within(pipeline!(add_one >> double).run(0..10)).await;
    assert_eq!(
        values(results.unwrap()),
        [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]
    );
}

/// Of three that are worked on at once, the last one is done first.
#[stage(workers = 3)]
async fn overtake(item: u64) -> u64 {
    tokio::time::sleep(millis(100 - item)).await;
    item
}

#[tokio::test(start_paused = true)]
async fn without_ids_of_their_own_items_are_numbered_in_the_order_of_feeding() {
    let results = within(pipeline!(overtake).run(0..20)).await.unwrap();
    let ids = results.iter().map(|result| result.id.clone());
    assert!(ids.eq((0..20_u64).map(ItemId::from)), "{results:?}");
    assert_eq!(values(results), (0..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn items_keep_the_ids_that_they_are_fed_with() {
    let items = [("user_1", 10), ("user_2", 20)].map(|(id, value)| Item::new(value).id(id));
    let results = within(pipeline!(double).run(items)).await.unwrap();
    assert_eq!(results[0].id, "user_1");
    assert_eq!(results[1].id, "user_2");
    assert_eq!(values(results), [20, 40]);
}

#[tokio::test(start_paused = true)]
async fn results_that_are_taken_one_by_one_are_not_collected() {
    let run = pipeline!(double).start().unwrap();
    within(run.feed(0..5)).await.unwrap();
    for place in 0..5 {
        let result = within(run.next_result()).await.unwrap();
        assert_eq!(result.value.unwrap(), 2 * place);
    }
    assert!(within(run.join()).await.is_empty());
    assert_eq!(run.stats().items_processed, 5);
}

#[tokio::test(start_paused = true)]
async fn a_run_in_a_scope_leaves_its_results_and_nothing_that_could_be_fed() {
    let (results, feeder) = {
        let run = pipeline!(add_one >> double).start().unwrap();
        within(run.feed(0..5)).await.unwrap();
        (within(run.join()).await, run.feeder())
    };
    assert_eq!(values(results), [2, 4, 6, 8, 10]);
    assert_eq!(feeder.feed([5]).await, Err(FeedError::Closed { fed: 0 }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_items_through_ten_workers_are_all_right_and_in_order() {
    let etl = pipeline!(add_one.workers(10) >> double.workers(10));
    let (results, _) = record(&etl, 0..1000).await;
    let expected = (0..1000).map(|item| (item + 1) * 2);
    assert_eq!(values(results), expected.collect::<Vec<_>>());
}

#[derive(Debug, Clone, PartialEq)]
struct Order {
    id: u64,
    steps: Vec<&'static str>,
}

/// The steps of a whole job, which may fail a few times first.
#[derive(Clone)]
struct Processor {
    failures: u32,
}

impl Processor {
    fn step(&self, name: &'static str, mut order: Order, cx: &TaskContext) -> Result<Order, Boom> {
        from_attempt(self.failures + 1, order.id, cx)?;
        order.steps.push(name);
        Ok(order)
    }
}

#[stage(workers = 10, retry = "per_task", attempts = 5, wait = "2s")]
async fn extract(id: u64, cx: &TaskContext, processor: State<Processor>) -> Result<Order, Boom> {
    let steps = Vec::new();
    processor.step("extract", Order { id, steps }, cx)
}

#[task]
async fn validate(order: Order, cx: &TaskContext, by: State<Processor>) -> Result<Order, Boom> {
    by.step("validate", order, cx)
}

#[task]
async fn enrich(order: Order, cx: &TaskContext, by: State<Processor>) -> Result<Order, Boom> {
    by.step("enrich", order, cx)
}

#[stage(workers = 5, retry = "per_stage", attempts = 3)]
struct Transform(validate, enrich);

#[stage(workers = 3, retry = "per_task", attempts = 5, wait = "3s")]
async fn load(order: Order, cx: &TaskContext, by: State<Processor>) -> Result<Order, Boom> {
    by.step("load", order, cx)
}

#[tokio::test(start_paused = true)]
async fn extract_transform_and_load_in_both_retry_modes_keep_every_order_and_step() {
    for failures in [0, 2] {
        let etl = pipeline!(extract >> Transform >> load).with_state(Processor { failures });
        let (results, _) = record(&etl, 0..20).await;
        let steps = vec!["extract", "validate", "enrich", "load"];
        let order = |id| Order {
            id,
            steps: steps.clone(),
        };
        assert_eq!(values(results), (0..20).map(order).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn stats_after_a_run_count_all_items_and_nothing_is_left_in_a_queue() {
    let run = pipeline!(add_one >> double).start().unwrap();
    within(run.feed(0..10)).await.unwrap();
    within(run.join()).await;
    let stats = run.stats();
    assert_eq!((stats.items_processed, stats.items_failed), (10, 0));
    assert_eq!(stats.items_in_flight, 0);
    for name in ["AddOne", "Double"] {
        let stage = stats.stage(name).unwrap();
        assert_eq!((stage.completed_items, stage.pending_items), (10, 0));
    }
}
