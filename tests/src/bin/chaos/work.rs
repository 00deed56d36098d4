use std::time::Duration;

use antflow::BoxError;
use antflow::cluster::graph::{Catalog, Graph, GraphError, Node, Pull, RetryPolicy};
use antflow::cluster::handler::{Batch, BatchResult, Handler, RunContext};
use futures::stream::{self, Stream};
use serde_json::{Map, Value, json};

/// The number that each batch reports once.
pub(crate) const METRIC: &str = "batches";

/// The nodes, each named as its role, and how many of its batches are processed at once.
const MAKE: &str = "make";
const CUT: &str = "cut";
const KEEP: &str = "keep";
const AT_ONCE: u32 = 8;

/// Under which name a batch of `make` lists its items, how many there are, and how many of them `cut` takes at once.
const LIST: &str = "items";
const ITEMS: u64 = 3;
const CHUNK: u64 = 2;

/// Three nodes that read each other while they are written: `make` makes batches of three items, `cut` cuts them up by
/// two, `keep` takes what comes. Interruptions are what it is for: none of its nodes is ever given up.
pub(crate) fn graph(batches: u64) -> Result<Graph, GraphError> {
    let reads = |from| {
        Pull::from_nodes([from])
            .poll(Duration::from_millis(50))
            .backoff_max(Duration::from_millis(400))
    };
    let size = u32::try_from(CHUNK).unwrap_or(u32::MAX);
    let nodes = [
        Node::new(MAKE, MAKE).with(METRIC, batches),
        Node::new(CUT, CUT)
            .pull(reads(MAKE).rechunk(size, LIST))
            .streaming(),
        Node::new(KEEP, KEEP).pull(reads(CUT)).streaming(),
    ];
    let retry = RetryPolicy::default().max_interruptions(u32::MAX);
    Graph::new(
        nodes.map(|node| node.retry(retry.clone()).concurrency(AT_ONCE)),
        &Catalog::any(),
    )
}

/// The roles of the graph.
pub(crate) const ROLES: [&str; 3] = [MAKE, CUT, KEEP];

/// The payloads of all artifacts that a node has in the end.
pub(crate) fn expected(node: &str, batches: u64) -> Vec<String> {
    let make = |batch: u64| vec![json!(batch)];
    let cut = |batch: u64| {
        let items: Vec<_> = items(batch).collect();
        items
            .chunks(usize::try_from(CHUNK).unwrap_or(usize::MAX))
            .map(|chunk| json!(chunk))
            .collect()
    };
    let of_batch = |batch| {
        if node == MAKE {
            make(batch)
        } else {
            cut(batch)
        }
    };
    (0..batches)
        .flat_map(of_batch)
        .map(|payload: Value| payload.to_string())
        .collect()
}

fn items(batch: u64) -> impl Iterator<Item = u64> {
    batch * ITEMS..(batch + 1) * ITEMS
}

/// Gives what it gets; a number with the list of its items.
#[derive(Debug, Default)]
pub(crate) struct Passes;

impl Handler for Passes {
    type Input = Map<String, Value>;
    type Batch = Value;
    type Output = Value;
    type Error = BoxError;

    fn batches(
        &self,
        input: Map<String, Value>,
        _: &RunContext,
    ) -> impl Stream<Item = Result<Batch<Value>, BoxError>> + Send {
        let count = input
            .get(METRIC)
            .and_then(Value::as_u64)
            .unwrap_or_default();
        stream::iter((0..count).map(|n| Ok(Batch::new(format!("m{n}"), json!(n)))))
    }

    async fn process_batch(
        &self,
        batch: Batch<Value>,
        ctx: &RunContext,
    ) -> Result<BatchResult<Value>, BoxError> {
        // So that a process may die in the middle of a batch.
        ctx.sleep(Duration::from_millis(1)).await?;
        if let Some(number) = batch.payload.as_u64() {
            let items: Vec<_> = items(number).collect();
            ctx.artifacts()
                .upsert_partial(batch.uid.clone(), json!({ LIST: items }))?;
        }
        Ok(BatchResult::new(batch.payload).metric(METRIC, 1.0))
    }
}
