//! A share of the items is traced, each of them in all stages.

use std::collections::BTreeSet;

use antflow::{TaskContext, Trace, pipeline, stage};
use antflow_tests::{Boom, from_attempt, values};

use super::layer::{Node, Tree};
use super::run;

#[stage(workers = 4)]
async fn first(item: u64) -> u64 {
    item
}

#[stage(
    workers = 3,
    retry = "per_stage",
    attempts = 2,
    wait = "0s",
    on_wait = "release"
)]
async fn again(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    from_attempt(if item.is_multiple_of(7) { 2 } else { 1 }, item, cx)
}

#[stage(workers = 2, ordered)]
async fn last(item: u64) -> u64 {
    item
}

/// The items that have a span in this stage.
fn items(tree: &Tree, stage: &str) -> BTreeSet<u64> {
    let of_stage = |node: &&Node| &node.entry["stage"] == stage;
    let number = |node: &Node| node.entry["sequence_id"].parse().unwrap();
    tree.stages().filter(of_stage).map(number).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_is_traced_in_all_stages_or_in_none() {
    const ITEMS: u64 = 10_000;
    let etl = pipeline!(first >> again >> last);
    for share in [0.01, 0.3] {
        let (results, tree) = run(etl.clone().trace(Trace::ratio(share)), 0..ITEMS).await;
        assert_eq!(values(results).len(), 10_000);
        assert!(tree.all_closed());
        let traced = items(&tree, "First");
        let off = (traced.len() as f64 / ITEMS as f64 - share).abs();
        assert!(off < 0.02, "{} of {ITEMS} for {share}", traced.len());
        assert_eq!(traced, items(&tree, "Again"));
        assert_eq!(traced, items(&tree, "Last"));
        let repeated = traced.iter().filter(|item| item.is_multiple_of(7)).count();
        assert_eq!(tree.stages().count(), 3 * traced.len() + repeated);
        assert_eq!(tree.tasks().count(), tree.stages().count());
    }
}

#[tokio::test(start_paused = true)]
async fn all_of_them_or_none() {
    for (trace, traced) in [(Trace::all(), 100), (Trace::ratio(1.0), 100)] {
        let (_, tree) = run(pipeline!(first >> last).trace(trace), 0..100).await;
        assert_eq!(items(&tree, "First").len(), traced);
        assert_eq!(items(&tree, "Last").len(), traced);
    }
    for trace in [Trace::none(), Trace::ratio(0.0), Trace::ratio(f64::NAN)] {
        let (results, tree) = run(pipeline!(first >> last).trace(trace), 0..100).await;
        assert_eq!(results.len(), 100);
        assert!(tree.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_last_counts_and_stages_may_follow() {
    let etl = pipeline!(first)
        .trace(Trace::all())
        .stage(last {})
        .with_state(7);
    let (_, tree) = run(etl.clone().with_state(()), 0..10).await;
    assert_eq!(items(&tree, "Last").len(), 10);
    let (_, tree) = run(etl.with_state(()).trace(Trace::none()), 0..10).await;
    assert!(tree.is_empty());
}
