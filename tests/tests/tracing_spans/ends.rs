//! Spans end with what they are of, also when a run is cut off.

use antflow::{State, Trace, pipeline, stage};
use antflow_tests::{Gauge, Outcome, count, quiet, seconds, within};
use tracing::{Instrument, info_span};

use super::Spans;

#[stage(workers = 3)]
async fn endless(item: u64, inside: State<Gauge>) -> u64 {
    let _inside = inside.enter();
    std::future::pending::<()>().await;
    item
}

#[stage]
async fn next(item: u64) -> u64 {
    item
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_ends_the_spans_of_what_was_under_way() {
    let (spans, gauge) = (Spans::global(), Gauge::new());
    let etl = pipeline!(endless >> next)
        .with_state(gauge.clone())
        .trace(Trace::all());
    let run = etl.start().unwrap();
    within(run.feed(0..10)).await.unwrap();
    within(async {
        while gauge.now() < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let results = within(run.shutdown()).await;
    assert_eq!(count(&results, Outcome::Cancelled), 10);
    let tree = spans.of(run.view().id());
    assert!(tree.all_closed());
    // What was in the queue has none.
    assert_eq!((tree.stages().count(), tree.tasks().count()), (3, 3));
    for node in tree.stages().chain(tree.tasks()) {
        assert_eq!(&node.entry["outcome"], "cancelled");
        assert_eq!(&node.entry["otel.status_code"], "");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_dropped_ends_its_spans() {
    let (spans, gauge) = (Spans::global(), Gauge::new());
    let etl = pipeline!(endless)
        .with_state(gauge.clone())
        .trace(Trace::all());
    let run = etl.start().unwrap();
    within(run.feed(0..5)).await.unwrap();
    quiet().await;
    let view = run.view();
    assert_eq!(spans.of(view.id()).tasks().count(), 3);
    drop(run);
    within(view.ended()).await;
    quiet().await;
    let tree = spans.of(view.id());
    assert!(tree.all_closed());
    assert!(
        tree.tasks()
            .all(|node| &node.entry["outcome"] == "cancelled")
    );
}

#[tokio::test(start_paused = true)]
async fn the_span_of_a_run_ends_with_it_and_is_in_that_of_whoever_started_it() {
    let spans = Spans::global();
    let request = info_span!("request");
    let run = async { pipeline!(next).trace(Trace::all()).start().unwrap() };
    let run = run.instrument(request.clone()).await;
    within(run.feed(0..3)).await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    assert!(!spans.of(run.view().id()).run().is_closed);
    within(run.join()).await;
    let tree = spans.of(run.view().id());
    assert!(tree.all_closed(), "there still is a handle");
    assert_eq!(spans.parent(tree.run()).unwrap().name, "request");
    drop((run, request));
}
