use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{TestCluster, inputs};
use crate::cluster::graph::{Catalog, Graph, Node, Pull, RetryPolicy};
use crate::cluster::handler::Handler;
use crate::cluster::protocol::{Failure, Metrics};
use crate::cluster::store::{Artifact, NewArtifact, NewRun, Payload};
use crate::item::BoxError;

/// Runs a handler without a cluster: what it would do for one node, from `init` to `cleanup`.
///
/// ```
/// use antflow::BoxError;
/// use antflow::cluster::handler::{Batch, BatchResult, Handler, RunContext};
/// use antflow::cluster::testing::Rehearsal;
/// use futures_util::stream::{self, Stream};
/// use serde_json::{Map, Value};
///
/// /// Counts the letters of words.
/// #[derive(Default)]
/// struct Letters;
///
/// impl Handler for Letters {
///     type Input = Map<String, Value>;
///     type Batch = String;
///     type Output = usize;
///     type Error = BoxError;
///
///     fn batches(
///         &self,
///         _: Map<String, Value>,
///         _: &RunContext,
///     ) -> impl Stream<Item = Result<Batch<String>, BoxError>> + Send {
///         stream::empty()
///     }
///
///     async fn process_batch(
///         &self,
///         batch: Batch<String>,
///         _: &RunContext,
///     ) -> Result<BatchResult<usize>, BoxError> {
///         let letters = batch.payload.len();
///         Ok(BatchResult::new(letters).metric("letters", letters as f64))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let done = Rehearsal::of(Letters::default).reading(["ant", "flow"]).run().await?;
/// assert_eq!(done.outputs::<usize>()?, [3, 4]);
/// assert_eq!(done.metrics["letters"], 7.0);
/// assert!(done.failure.is_none());
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is run before `run`"]
#[derive(Debug)]
pub struct Rehearsal<F> {
    factory: F,
    inline: Map<String, Value>,
    params: Map<String, Value>,
    reads: Option<Vec<NewArtifact>>,
    concurrency: u32,
    mistake: Option<serde_json::Error>,
}

/// What a handler did in a [`Rehearsal`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Rehearsed {
    /// What its batches wrote, and then its end, in their order.
    pub artifacts: Vec<Artifact>,
    /// The sums of the numbers that its batches and its end reported.
    pub metrics: Metrics,
    /// How many batches were processed well.
    pub batches: u64,
    /// The complete artifact that its end gave, if it gave one.
    pub result: Option<Payload>,
    /// The run's variables, after what its end changed.
    pub vars: Map<String, Value>,
    /// What went wrong, if something did: there is one attempt.
    pub failure: Option<Failure>,
}

/// The names of the nodes, and of the role.
const NODE: &str = "node";
const SOURCE: &str = "source";

impl<F, H> Rehearsal<F>
where
    F: Fn() -> H + Send + Sync + 'static,
    H: Handler,
{
    /// Prepares a handler that is made by this, as for a worker.
    pub fn of(factory: F) -> Self {
        Self {
            factory,
            inline: Map::new(),
            params: Map::new(),
            reads: None,
            concurrency: 1,
            mistake: None,
        }
    }

    /// Sets one of the values that the handler finds in `input_inline`.
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.inline.insert(key.into(), value.into());
        self
    }

    /// Sets one of the parameters of the run.
    pub fn param(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.params.insert(key.into(), value.into());
        self
    }

    /// Gives it these payloads to process, as if another node had written them: then its `batches` is not asked. Their
    /// ids are `source/1`, `source/2` and so on.
    pub fn reading<T: Serialize>(mut self, payloads: impl IntoIterator<Item = T>) -> Self {
        match inputs(payloads) {
            Ok(artifacts) => self.reads = Some(artifacts),
            Err(error) => self.mistake = Some(error),
        }
        self
    }

    /// Sets how many batches are processed at once. Default 1.
    pub fn concurrency(mut self, batches: u32) -> Self {
        self.concurrency = batches;
        self
    }

    /// Runs it, once. A failure of the handler is no error, but [`Rehearsed::failure`].
    ///
    /// # Errors
    /// What it was to read has no JSON, or there is no memory.
    ///
    /// # Panics
    /// It does not end within two hours of tokio's time.
    ///
    /// # Cancel safety
    /// Dropped, the handler is dropped without `cleanup`.
    pub async fn run(self) -> Result<Rehearsed, BoxError> {
        if let Some(mistake) = self.mistake {
            return Err(mistake.into());
        }
        let cluster = TestCluster::new()?;
        let mut node = Node::new(NODE, NODE)
            .retry(RetryPolicy::never())
            .concurrency(self.concurrency);
        node.input_inline = self.inline;
        let mut nodes = Vec::new();
        if self.reads.is_some() {
            nodes.push(Node::input(SOURCE));
            node = node.pull(Pull::from_nodes([SOURCE]));
        }
        nodes.push(node);
        let mut run = NewRun::new(Graph::new(nodes, &Catalog::any())?);
        run.params = self.params;
        let run = cluster.submit_run(run).await?;
        if let Some(reads) = self.reads {
            cluster.append_input(&run, SOURCE, reads).await?;
            cluster.close_input(&run, SOURCE).await?;
        }
        let worker = cluster.worker(NODE).handler(NODE, self.factory).build()?;
        let worker = worker.start().await?;
        let ended = cluster.ended(&run).await;
        worker.shutdown().await;
        let artifacts = cluster.all_artifacts(&run, NODE).await?;
        let node = cluster.store().node(run, NODE.into()).await?;
        Ok(Rehearsed {
            artifacts,
            metrics: node.totals.metrics,
            batches: node.totals.batches,
            result: node.result,
            vars: ended.run.vars,
            failure: node.last_failure,
        })
    }
}

impl Rehearsed {
    /// The payloads of the artifacts, in their order.
    ///
    /// # Errors
    /// One of them is no value of this type.
    pub fn outputs<T: DeserializeOwned>(&self) -> Result<Vec<T>, serde_json::Error> {
        self.artifacts
            .iter()
            .map(|artifact| artifact.payload.read())
            .collect()
    }
}
