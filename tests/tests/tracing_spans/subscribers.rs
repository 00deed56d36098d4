//! A subscriber may want no spans, be another one elsewhere, or panic.

use antflow::{Trace, pipeline, stage};
use antflow_tests::{values, within};
use tracing::Subscriber;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{NoSubscriber, set_default, with_default};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::Spans;

#[stage(workers = 2)]
async fn double(item: u64) -> u64 {
    item * 2
}

#[tokio::test(start_paused = true)]
async fn where_nobody_listens_nothing_is_made() {
    let _default = set_default(NoSubscriber::new());
    let run = pipeline!(double).trace(Trace::all()).start().unwrap();
    within(run.feed(0..10)).await.unwrap();
    assert_eq!(values(within(run.join()).await).len(), 10);
    assert!(Spans::global().of(run.view().id()).is_empty());
}

/// The workers are where the spans of the process are; the run is started elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_go_where_the_run_was_started() {
    let global = Spans::global();
    let spans = Spans::default();
    let subscriber = tracing_subscriber::registry().with(spans.clone());
    let run = with_default(subscriber, || {
        pipeline!(double).trace(Trace::all()).start().unwrap()
    });
    within(run.feed(0..10)).await.unwrap();
    within(run.join()).await;
    assert!(global.of(run.view().id()).is_empty());
    let tree = spans.of(run.view().id());
    assert_eq!((tree.stages().count(), tree.tasks().count()), (10, 10));
    assert!(tree.all_closed());
}

/// Panics whenever it is told of a span of a stage.
struct Clumsy;

impl<S: Subscriber> Layer<S> for Clumsy {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        if attributes.metadata().name() == "antflow.stage" {
            std::panic::resume_unwind(Box::new("clumsy"));
        }
    }

    fn on_record(&self, _: &Id, _: &Record<'_>, _: Context<'_, S>) {
        std::panic::resume_unwind(Box::new("clumsy"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_panics_harms_no_item() {
    let _default = set_default(tracing_subscriber::registry().with(Clumsy));
    let run = pipeline!(double).trace(Trace::all()).start().unwrap();
    within(run.feed(0..10)).await.unwrap();
    assert_eq!(values(within(run.join()).await).len(), 10);
    assert!(run.stats().observer_panics >= 10);
}
