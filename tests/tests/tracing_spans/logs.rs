//! What user code says and does in a task is in the span of the task.

use antflow::{State, Trace, pipeline, stage};
use antflow_tests::{Gauge, Outcome, millis, outcomes, seconds, within};
use tracing::info;

use super::{Spans, run};

#[stage(workers = 8)]
async fn talk(item: u64) -> u64 {
    info!(item, "before");
    tokio::time::sleep(millis(item % 3)).await;
    info!(item, "after a sleep");
    tokio::task::yield_now().await;
    info!(item, "at the end");
    item
}

#[stage(workers = 3)]
async fn nest(item: u64) -> u64 {
    let span = tracing::info_span!("theirs", message = "theirs", item);
    let inner = async {
        tokio::task::yield_now().await;
        info!(item, "in theirs");
    };
    tracing::Instrument::instrument(inner, span).await;
    item
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_many_workers_at_once_each_line_is_in_the_span_of_its_item() {
    let (results, tree) = run(pipeline!(talk >> nest).trace(Trace::all()), 0..200).await;
    assert_eq!(results.len(), 200);
    assert!(tree.all_closed());
    for message in [
        "before",
        "after a sleep",
        "at the end",
        "theirs",
        "in theirs",
    ] {
        let said = tree.all().filter(|node| &node.entry["message"] == message);
        let said: Vec<_> = said.collect();
        assert_eq!(said.len(), 200, "{message}");
        for node in said {
            let mut above = tree.parent(node);
            if above.entry.name == "theirs" {
                above = tree.parent(above);
            }
            assert_eq!(above.entry.name, "antflow.task", "{message}");
            let stage = tree.parent(above);
            assert_eq!(stage.entry.name, "antflow.stage", "{message}");
            assert_eq!(
                &stage.entry["sequence_id"], &node.entry["item"],
                "{message}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_span_is_entered_only_while_its_task_is_polled() {
    let spans = Spans::global();
    let run = pipeline!(talk).trace(Trace::all()).start().unwrap();
    within(run.feed([2, 2])).await.unwrap();
    tokio::time::sleep(millis(1)).await;
    let tree = spans.of(run.view().id());
    assert_eq!(tree.tasks().count(), 2);
    for node in tree.tasks() {
        assert!(!node.entry.is_closed);
        assert_eq!(node.entry.entered, 0, "nobody polls it now");
    }
    within(run.join()).await;
    assert!(spans.of(run.view().id()).all_closed());
}

/// Says so when it is dropped.
struct Farewell;

impl Drop for Farewell {
    fn drop(&mut self) {
        info!("farewell");
    }
}

#[stage(timeout = "10s", workers = 3)]
async fn hold(item: u64, inside: State<Gauge>) -> u64 {
    let _inside = inside.enter();
    let _farewell = Farewell;
    match item {
        0 => {}
        1 => std::future::pending().await,
        _ => tokio::time::sleep(seconds(20)).await,
    }
    item
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_dropped_is_dropped_in_its_span() {
    let (spans, gauge) = (Spans::global(), Gauge::new());
    let etl = pipeline!(hold)
        .with_state(gauge.clone())
        .trace(Trace::all());
    let run = etl.start().unwrap();
    within(run.feed([0, 1])).await.unwrap();
    // By then one is done, and another has run out of time.
    tokio::time::sleep(seconds(15)).await;
    within(run.feed([2])).await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    let results = within(run.shutdown()).await;
    use Outcome::{Cancelled, Completed, TimedOut};
    assert_eq!(outcomes(&results), [Completed, TimedOut, Cancelled]);
    assert_eq!(gauge.now(), 0);
    assert_eq!(
        spans.of(run.view().id()).lines(),
        "\
Hold 0 1 completed
  hold 1 completed
    farewell
Hold 1 1 failed: timed out after 10s
  hold 1 timed_out: timed out after 10s
    farewell
Hold 2 1 cancelled
  hold 1 cancelled
    farewell
"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_said_in_a_run_that_is_not_traced_is_in_no_span_of_it() {
    let spans = Spans::global();
    let (_, tree) = run(pipeline!(say), [0, 1]).await;
    assert!(tree.is_empty());
    let said = spans.all();
    let said = said
        .iter()
        .filter(|entry| &entry["message"] == "nobody traces");
    assert_eq!(said.filter(|entry| entry.is_alone()).count(), 2);
}

#[stage]
async fn say(item: u64) -> u64 {
    info!("nobody traces");
    item
}
