//! A durable worker with a handler written by hand: it dies in the middle, starts again, and goes on where it was.

use std::sync::Arc;
use std::time::Duration;

use antflow::BoxError;
use antflow::cluster::bus::InProcessBus;
use antflow::cluster::graph::{Catalog, Graph, Node};
use antflow::cluster::handler::{Batch, BatchResult, Finalization, Handler, RunContext};
use antflow::cluster::store::{NewRun, QueryStore, SqliteOptions, SqliteStore, SteerStore};
use antflow::cluster::worker::{Worker, WorkerConfig};
use futures::stream::{self, Stream};

/// Counts the words of pages, one batch for each page.
#[derive(Default)]
struct CountWords;

/// What the graph says in `io.input_inline`.
#[derive(serde::Deserialize)]
struct Input {
    pages: u64,
}

impl Handler for CountWords {
    type Input = Input;
    type Batch = u64;
    type Output = u64;
    type Error = BoxError;

    fn batches(
        &self,
        input: Input,
        _: &RunContext,
    ) -> impl Stream<Item = Result<Batch<u64>, BoxError>> + Send {
        let batch = |page| Ok(Batch::new(format!("page_{page}"), page));
        stream::iter((1..=input.pages).map(batch))
    }

    async fn process_batch(
        &self,
        batch: Batch<u64>,
        ctx: &RunContext,
    ) -> Result<BatchResult<u64>, BoxError> {
        // Reading takes its time, unless the run is cancelled meanwhile.
        ctx.sleep(Duration::from_millis(20)).await?;
        let words = batch.payload;
        Ok(BatchResult::new(words).metric("words", words as f64))
    }

    async fn finalize(&self, ctx: &RunContext) -> Result<Finalization, BoxError> {
        Ok(Finalization::default().metric("pages", ctx.total_processed() as f64))
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("cluster.db");
    let store = Arc::new(SqliteStore::open(file, SqliteOptions::default()).await?);
    let bus = Arc::new(InProcessBus::new());
    let worker = || {
        let config = WorkerConfig {
            worker_id: Some("worker-1".into()),
            ..WorkerConfig::default()
        };
        let builder = Worker::builder().config(config);
        let builder = builder.store(store.clone()).bus(bus.clone());
        builder.handler("counter", CountWords::default).build()
    };

    let count = Node::new("count", "counter").with("pages", 16);
    let graph = Graph::new([count], &Catalog::any())?;
    let run = store.submit(NewRun::new(graph)).await?.run;

    let first = worker()?.start().await?;
    while first.stats().batches < 4 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    println!("{} counted 4 pages before it died", first.id());
    drop(first);

    let second = worker()?.start().await?;
    println!("{} goes on", second.id());
    while !store.run(run.clone()).await?.state.is_terminal() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    second.shutdown().await;

    let node = store.node(run, "count".into()).await?;
    println!(
        "{} pages have {} words, and {} batches are committed in epoch {}",
        node.totals.metrics["pages"], node.totals.metrics["words"], node.totals.batches, node.epoch
    );
    Ok(())
}
