//! With the feature `tracing`, a pipeline that is asked to trace makes spans of its runs, its stages and its tasks.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

mod attempts;
mod ends;
mod layer;
mod logs;
mod sampling;
mod subscribers;

use antflow::{IntoItem, Launch, Pipeline, PipelineResult, RunView};
use antflow_tests::within;

use self::layer::{Spans, Tree};

/// Runs all items, and gives the results with the spans of the run.
async fn run<C, I>(pipeline: Pipeline<C>, items: I) -> (Vec<PipelineResult<C::Output>>, Tree)
where
    C: Launch<()>,
    I: IntoIterator<Item: IntoItem<C::Input>, IntoIter: Send + 'static>,
{
    let spans = Spans::global();
    let (send, started) = std::sync::mpsc::channel();
    let run = pipeline.run(items);
    let run = run.on_start(move |run: RunView| send.send(run).unwrap());
    let results = within(run).await.unwrap();
    (results, spans.of(started.recv().unwrap().id()))
}
