use std::time::Duration;

use serde_json::{Map, Value};

use crate::cluster::NodeId;

/// The name of the adapter that reads artifacts as they are.
pub const PULL: &str = "pull.from_artifacts";
/// The name of the adapter that cuts artifacts into batches of another size.
pub const RECHUNK: &str = "pull.from_artifacts.rechunk:size";

/// Where a node's batches come from: `io.input_inline.input_adapter` and `input_args`.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Input {
    /// The handler makes the batches itself, of what `input_inline` says beside the adapter.
    #[default]
    Handler,
    /// [`PULL`] or [`RECHUNK`]: from the artifacts of other nodes.
    Pull(Pull),
    /// An adapter that the worker brings.
    Custom {
        /// The name it is registered under.
        adapter: String,
        /// Its arguments, which the worker checks.
        args: Map<String, Value>,
    },
}

/// Arguments of [`PULL`] and [`RECHUNK`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct Pull {
    /// Which nodes' artifacts are read, each from its first to its last. Default: all that `depends_on` names.
    pub from_nodes: Vec<NodeId>,
    /// How long to wait after a look that found nothing, if no hint comes before. `None`: what the worker's
    /// configuration says.
    pub poll: Option<Duration>,
    /// To how long the wait may grow while nothing comes. `None`: what the worker's configuration says.
    pub backoff_max: Option<Duration>,
    /// Does the input end when all sources have ended and have been read whole? Default: yes.
    pub eof_on_task_done: bool,
    /// How artifacts are cut up; `None`: one batch for each.
    pub rechunk: Option<Rechunk>,
    /// Which part of the artifacts is read, where several nodes share the work; `None`: all.
    pub partition: Option<Partition>,
}

/// How artifacts are cut into batches.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rechunk {
    /// How many items a batch has; the last batch of an artifact may have fewer.
    pub size: u32,
    /// Under which key of the artifact's meta its list of items is. `None`: each artifact is one item.
    pub meta_list_key: Option<String>,
}

/// One of several equal shares of the artifacts: those whose sequence number, counted from 1, leaves the remainder
/// `index` when divided by `of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Which share: `0..of`.
    pub index: u32,
    /// How many shares there are, at least 1.
    pub of: u32,
}

impl Partition {
    /// Is the artifact with this sequence number in this share?
    #[must_use]
    pub fn has(self, seq: u64) -> bool {
        seq % u64::from(self.of.max(1)) == u64::from(self.index)
    }
}

impl Pull {
    /// Reads the artifacts of these nodes, to their end.
    pub fn from_nodes(nodes: impl IntoIterator<Item = impl Into<NodeId>>) -> Self {
        Self {
            from_nodes: nodes.into_iter().map(Into::into).collect(),
            poll: None,
            backoff_max: None,
            eof_on_task_done: true,
            rechunk: None,
            partition: None,
        }
    }

    /// Sets how long to wait after a look that found nothing.
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = Some(poll);
        self
    }

    /// Sets to how long the wait may grow.
    pub fn backoff_max(mut self, most: Duration) -> Self {
        self.backoff_max = Some(most);
        self
    }

    /// Keeps waiting for more after the sources have ended, until the run is cancelled.
    pub fn endless(mut self) -> Self {
        self.eof_on_task_done = false;
        self
    }

    /// Cuts each artifact into batches of `size` of the items listed under `meta_list_key`.
    pub fn rechunk(mut self, size: u32, meta_list_key: impl Into<String>) -> Self {
        self.rechunk = Some(Rechunk {
            size,
            meta_list_key: Some(meta_list_key.into()),
        });
        self
    }

    /// Makes batches of one item each, which is the whole artifact.
    pub fn rechunk_whole(mut self, size: u32) -> Self {
        self.rechunk = Some(Rechunk {
            size,
            meta_list_key: None,
        });
        self
    }

    /// Reads one of several equal shares.
    pub fn partition(mut self, index: u32, of: u32) -> Self {
        self.partition = Some(Partition { index, of });
        self
    }
}
