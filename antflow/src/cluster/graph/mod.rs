//! Graphs: which nodes there are, who runs them, what they wait for, and where their input comes from.
//!
//! A graph is written in JSON with the names of the guide, or built of [`Node`]s:
//!
//! ```
//! use antflow::cluster::graph::{Catalog, Graph, Node, Pull};
//!
//! let written = r#"{
//!     "nodes": [
//!         { "node_id": "fetch", "type": "fetcher", "io": { "input_inline": { "batch_size": 10 } } },
//!         {
//!             "node_id": "parse",
//!             "type": "parser",
//!             "depends_on": ["fetch"],
//!             "retry_policy": { "max": 3, "backoff_sec": 0.5, "permanent_on": ["bad_input"] },
//!             "io": {
//!                 "start_when": "first_batch",
//!                 "input_inline": {
//!                     "input_adapter": "pull.from_artifacts.rechunk:size",
//!                     "input_args": { "from_nodes": ["fetch"], "size": 50, "meta_list_key": "items" }
//!                 }
//!             }
//!         }
//!     ]
//! }"#;
//! let graph = Graph::from_json(written, &Catalog::any())?;
//! assert_eq!(graph.node("parse").map(|node| node.retry.max), Some(3));
//!
//! let built = Graph::new(
//!     [
//!         Node::new("fetch", "fetcher").with("batch_size", 10),
//!         Node::new("parse", "parser")
//!             .pull(Pull::from_nodes(["fetch"]).rechunk(50, "items"))
//!             .streaming(),
//!     ],
//!     &Catalog::any(),
//! )?;
//! assert_eq!(built.children(0), [1]);
//! # Ok::<(), antflow::cluster::graph::GraphError>(())
//! ```
//!
//! # Keys of a node
//! | key | value | default |
//! |---|---|---|
//! | `node_id` | a name, unique in the graph | required |
//! | `type` | the role, or `coordinator_fn`, or `input` | required |
//! | `depends_on` | list of parents | the nodes that its input reads |
//! | `fan_in` | `all`, `any`, `count:n` of the parents | `all`; `any` with `first_batch` |
//! | `io.start_when` | `ready`, `first_batch` | `ready` |
//! | `io.input_inline.input_adapter` | `pull.from_artifacts`, `pull.from_artifacts.rechunk:size`, or another | the handler |
//! | `io.input_inline.input_args` | see below | |
//! | `io.input_inline` | any other key is for the handler | |
//! | `io.fn`, `io.fn_args` | a coordinator function and its arguments | |
//! | `retry_policy` | an object; its keys are with [`RetryPolicy`] | see there |
//! | `timeout_sec`, `batch_timeout_sec` | seconds, for an attempt and for a batch | no bound |
//! | `concurrency` | batches processed at once | 1 |
//! | `fingerprint` | of the types it reads and writes | any |
//!
//! `input_args` of both adapters: `from_nodes` (or `from_node`, one), `poll_ms`, `backoff_max_ms`, `eof_on_task_done`,
//! `partition` (`index`, `of`); of rechunk also `size`, which is required, and `meta_list_key`.
//!
//! # Mistakes
//! A graph is checked whole before anything starts, and [`GraphError`] has every mistake: unknown keys, with the one
//! that was probably meant, names that are taken, parents that are no nodes, circles, fan-ins that cannot be met, roles
//! and adapters that the [`Catalog`] does not have, and arguments that are missing or wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

mod catalog;
mod check;
pub(in crate::cluster) mod error;
pub(in crate::cluster) mod fields;
mod input;
mod node;
mod read;
mod retry;
#[cfg(test)]
mod tests;
mod write;

use error::Mistakes;

pub use catalog::Catalog;
pub use error::{GraphError, Mistake};
pub use input::{Input, PULL, Partition, Pull, RECHUNK, Rechunk};
pub use node::{COORDINATOR_FN, FanIn, Function, INPUT, Node, StartWhen};
pub use retry::RetryPolicy;

use crate::cluster::NodeId;

/// A graph that has been checked; see the [module](self).
///
/// Cheap to clone. Nodes have places, counted from 0 in the order in which they were given.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    inner: Arc<Inner>,
}

#[derive(Debug, PartialEq)]
struct Inner {
    nodes: Vec<Node>,
    places: BTreeMap<NodeId, usize>,
    parents: Vec<Vec<usize>>,
    children: Vec<Vec<usize>>,
}

impl Graph {
    /// Checks nodes and makes a graph of them.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn new(
        nodes: impl IntoIterator<Item = Node>,
        catalog: &Catalog,
    ) -> Result<Self, GraphError> {
        let nodes: Vec<_> = nodes.into_iter().collect();
        let mut mistakes = Mistakes::default();
        check::nodes(&nodes, catalog, &mut mistakes);
        mistakes.or(()).map(|()| Self::checked(nodes))
    }

    /// Reads and checks a graph.
    ///
    /// # Errors
    /// Everything that is wrong, at once. If it is no JSON, that alone.
    pub fn from_json(text: &str, catalog: &Catalog) -> Result<Self, GraphError> {
        match serde_json::from_str(text) {
            Ok(value) => Self::from_value(value, catalog),
            Err(error) => {
                let mut mistakes = Mistakes::default();
                let at = format!("line {}, column {}", error.line(), error.column());
                mistakes.add(at, format!("this is no JSON: {error}"));
                Err(mistakes.or(()).expect_err("there is a mistake"))
            }
        }
    }

    /// Reads and checks a graph that is JSON already.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn from_value(value: Value, catalog: &Catalog) -> Result<Self, GraphError> {
        let mut mistakes = Mistakes::default();
        let nodes = read::nodes(value, &mut mistakes);
        if !nodes.is_empty() || mistakes.is_empty() {
            check::nodes(&nodes, catalog, &mut mistakes);
        }
        mistakes.or(()).map(|()| Self::checked(nodes))
    }

    fn checked(nodes: Vec<Node>) -> Self {
        let places: BTreeMap<_, _> = nodes.iter().map(|node| node.id.clone()).zip(0..).collect();
        let parents: Vec<Vec<_>> = nodes
            .iter()
            .map(|node| node.parents().iter().map(|id| places[id]).collect())
            .collect();
        let mut children = vec![Vec::new(); nodes.len()];
        for (child, parents) in parents.iter().enumerate() {
            for parent in parents {
                children[*parent].push(child);
            }
        }
        Self {
            inner: Arc::new(Inner {
                nodes,
                places,
                parents,
                children,
            }),
        }
    }

    /// The nodes, in the order in which they were given.
    pub fn nodes(&self) -> &[Node] {
        &self.inner.nodes
    }

    /// The node of this name.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.place(id).map(|place| &self.inner.nodes[place])
    }

    /// The place of the node of this name.
    #[must_use]
    pub fn place(&self, id: &str) -> Option<usize> {
        self.inner.places.get(id).copied()
    }

    /// The places of a node's parents. Empty if there is no such place.
    #[must_use]
    pub fn parents(&self, place: usize) -> &[usize] {
        self.inner.parents.get(place).map_or(&[], Vec::as_slice)
    }

    /// The places of the nodes that depend on this one. Empty if there is no such place.
    #[must_use]
    pub fn children(&self, place: usize) -> &[usize] {
        self.inner.children.get(place).map_or(&[], Vec::as_slice)
    }

    /// The graph as JSON, which [`from_value`](Self::from_value) reads again. What has its default is left out.
    #[must_use]
    pub fn to_value(&self) -> Value {
        write::nodes(&self.inner.nodes)
    }
}

impl Serialize for Graph {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Graph {
    /// Checked with [`Catalog::any`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_value(value, &Catalog::any()).map_err(D::Error::custom)
    }
}
