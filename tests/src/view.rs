use std::ops::Range;
use std::time::Duration;

use antflow::cluster::RunKey;
use antflow::cluster::graph::{Catalog, Graph, Node};
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{
    Artifact, NewArtifact, NewRun, NodeRecord, Payload, ReadRequest, RunRecord, Store,
};
use serde_json::{Map, json};

/// What tests do with a store beside what they are about: submit, look, wait.
#[derive(Debug, Clone, Copy)]
pub struct View<'s>(pub &'s dyn Store);

/// How long to wait from one look to the next.
const LOOK: Duration = Duration::from_millis(10);

impl View<'_> {
    /// Submits a run of these nodes.
    ///
    /// # Panics
    /// If it is no graph, or the store fails.
    pub async fn submit(self, nodes: impl IntoIterator<Item = Node>) -> RunKey {
        let graph = Graph::new(nodes, &Catalog::any()).expect("this is a graph");
        let run = NewRun::new(graph);
        let submitted = self.0.submit(run).await.expect("the run is stored");
        submitted.run
    }

    /// The run.
    ///
    /// # Panics
    /// If it is not there.
    pub async fn run(self, run: &RunKey) -> RunRecord {
        self.0.run(run.clone()).await.expect("the run is there")
    }

    /// The node.
    ///
    /// # Panics
    /// If it is not there.
    pub async fn node(self, run: &RunKey, node: &str) -> NodeRecord {
        let node = self.0.node(run.clone(), node.into()).await;
        node.expect("the node is there")
    }

    /// Waits until the run has ended, and gives how.
    pub async fn ended(self, run: &RunKey) -> RunState {
        crate::within(async {
            loop {
                let state = self.run(run).await.state;
                if state.is_terminal() {
                    return state;
                }
                tokio::time::sleep(LOOK).await;
            }
        })
        .await
    }

    /// Waits until the node is in this state.
    pub async fn reaches(self, run: &RunKey, node: &str, state: NodeState) {
        self.wait_for(run, node, |node| node.state == state).await;
    }

    /// Waits until the node is as it should be.
    pub async fn wait_for(self, run: &RunKey, node: &str, is: impl Fn(&NodeRecord) -> bool) {
        crate::within(async {
            while !is(&self.node(run, node).await) {
                tokio::time::sleep(LOOK).await;
            }
        })
        .await;
    }

    /// All artifacts of a node.
    ///
    /// # Panics
    /// If the store fails.
    pub async fn artifacts(self, run: &RunKey, node: &str) -> Vec<Artifact> {
        let mut all = Vec::new();
        loop {
            let request = ReadRequest {
                run: run.clone(),
                source: node.into(),
                after_seq: all.len() as u64,
                partition: None,
                limit: 1000,
                max_bytes: usize::MAX,
            };
            let page = self.0.read_artifacts(request).await.expect("a page");
            if page.artifacts.is_empty() {
                return all;
            }
            all.extend(page.artifacts);
        }
    }

    /// The payloads of a node's artifacts, as text.
    pub async fn outputs(self, run: &RunKey, node: &str) -> Vec<String> {
        let artifacts = self.artifacts(run, node).await;
        let payload = |artifact: Artifact| artifact.payload.as_str().to_owned();
        artifacts.into_iter().map(payload).collect()
    }

    /// Appends artifacts to an input node, whose payloads are their numbers.
    ///
    /// # Panics
    /// If the store fails.
    pub async fn append(self, run: &RunKey, node: &str, numbers: Range<u64>) {
        let artifact = |n: u64| NewArtifact {
            uid: format!("i{n}").into(),
            payload: Payload::from(&json!(n)),
            meta: Map::new(),
        };
        let artifacts = numbers.map(artifact).collect();
        let appended = self.0.append_input(run.clone(), node.into(), artifacts);
        drop(appended.await.expect("the input is stored"));
    }

    /// Appends lists of 0, 1, 2 ... items as the key `items` of what is said about artifacts, closes the input node
    /// `in`, and gives how many items there are.
    ///
    /// # Panics
    /// If the store fails.
    pub async fn append_lists(self, run: &RunKey, lists: u32) -> u32 {
        let list = |n: u32| NewArtifact {
            uid: format!("list{n}").into(),
            payload: Payload::default(),
            meta: Map::from_iter([("items".to_owned(), json!((0..n).collect::<Vec<_>>()))]),
        };
        let lists_of = (0..lists).map(list).collect();
        let appended = self.0.append_input(run.clone(), "in".into(), lists_of);
        drop(appended.await.expect("the input is stored"));
        self.close(run, "in").await;
        (0..lists).sum()
    }

    /// Closes an input node.
    ///
    /// # Panics
    /// If the store fails.
    pub async fn close(self, run: &RunKey, node: &str) {
        let closed = self.0.close_input(run.clone(), node.into()).await;
        drop(closed.expect("the input is closed"));
    }
}
