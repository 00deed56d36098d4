use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{Input, Pull, RetryPolicy};
use crate::cluster::{NodeId, Role};

/// The role of nodes that a coordinator runs itself, by `io.fn`.
pub const COORDINATOR_FN: &str = "coordinator_fn";
/// The role of nodes that no worker runs: their artifacts are what the submitter appends.
pub const INPUT: &str = "input";

/// One node of a graph, as it is written; see [`Graph`](super::Graph) for the JSON.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct Node {
    /// `node_id`: unique in its graph.
    pub id: NodeId,
    /// `type`: the role of the worker that runs it, or [`COORDINATOR_FN`], or [`INPUT`].
    pub role: Role,
    /// `depends_on`: its parents. `None`: those that its input reads.
    pub depends_on: Option<Vec<NodeId>>,
    /// `fan_in`: how many parents must have come so far. `None`: all of them, or any with
    /// [`StartWhen::FirstBatch`].
    pub fan_in: Option<FanIn>,
    /// `io.start_when`: when a parent has come so far.
    pub start_when: StartWhen,
    /// `io.input_inline.{input_adapter, input_args}`: where batches come from.
    pub input: Input,
    /// What else `io.input_inline` says, for the handler: `batch_size`, `file_path`, `items`.
    pub input_inline: Map<String, Value>,
    /// `io.fn` and `io.fn_args`, of a [`COORDINATOR_FN`].
    pub function: Option<Function>,
    /// `retry_policy`: what happens after a failure.
    pub retry: RetryPolicy,
    /// `timeout_sec`: how long one attempt of the node may take. `None`: as long as it has a lease.
    pub timeout: Option<Duration>,
    /// `batch_timeout_sec`: how long the handler may take for one batch. `None`: no bound of its own.
    pub batch_timeout: Option<Duration>,
    /// `concurrency`: how many batches are processed at once by the worker that has the node. Default 1.
    pub concurrency: u32,
    /// `fingerprint`: of the types that the node reads and writes. Only a worker that offers its role with the same
    /// fingerprint gets it. `None`: any worker with the role.
    pub fingerprint: Option<String>,
}

/// What a coordinator runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// `io.fn`: its name.
    pub name: String,
    /// `io.fn_args`: its arguments.
    pub args: Map<String, Value>,
}

/// How many parents must have come so far before a node starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FanIn {
    /// `all`: every one.
    All,
    /// `any`: one.
    Any,
    /// `count:n`: so many.
    Count(u32),
}

/// When a parent has come so far that it counts for [`FanIn`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartWhen {
    /// `ready`: when it has finished.
    #[default]
    Ready,
    /// `first_batch`: when it has finished, or, if the node's input reads it, has its first artifact.
    FirstBatch,
}

impl Node {
    /// A node without parents, whose handler makes its batches itself.
    pub fn new(id: impl Into<NodeId>, role: impl Into<Role>) -> Self {
        Self {
            id: id.into(),
            role: role.into(),
            depends_on: None,
            fan_in: None,
            start_when: StartWhen::Ready,
            input: Input::Handler,
            input_inline: Map::new(),
            function: None,
            retry: RetryPolicy::default(),
            timeout: None,
            batch_timeout: None,
            concurrency: 1,
            fingerprint: None,
        }
    }

    /// A node for what the submitter appends.
    pub fn input(id: impl Into<NodeId>) -> Self {
        Self::new(id, INPUT)
    }

    /// A node that a coordinator runs.
    pub fn function(
        id: impl Into<NodeId>,
        name: impl Into<String>,
        args: Map<String, Value>,
    ) -> Self {
        let mut node = Self::new(id, COORDINATOR_FN);
        node.function = Some(Function {
            name: name.into(),
            args,
        });
        node
    }

    /// Names its parents.
    pub fn depends_on(mut self, parents: impl IntoIterator<Item = impl Into<NodeId>>) -> Self {
        self.depends_on = Some(parents.into_iter().map(Into::into).collect());
        self
    }

    /// Sets how many parents must have come so far.
    pub fn fan_in(mut self, fan_in: FanIn) -> Self {
        self.fan_in = Some(fan_in);
        self
    }

    /// Starts the node while its parents still run, as soon as there is something to read.
    pub fn streaming(mut self) -> Self {
        self.start_when = StartWhen::FirstBatch;
        self
    }

    /// Reads its batches from other nodes' artifacts.
    pub fn pull(mut self, pull: Pull) -> Self {
        self.input = Input::Pull(pull);
        self
    }

    /// Sets one of the values that the handler finds in `input_inline`.
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.input_inline.insert(key.into(), value.into());
        self
    }

    /// Sets what happens after a failure.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Bounds one attempt.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Bounds one batch.
    pub fn batch_timeout(mut self, timeout: Duration) -> Self {
        self.batch_timeout = Some(timeout);
        self
    }

    /// Sets how many batches are processed at once.
    pub fn concurrency(mut self, batches: u32) -> Self {
        self.concurrency = batches;
        self
    }

    /// Asks for a worker with the same fingerprint.
    pub fn fingerprint(mut self, fingerprint: impl Into<String>) -> Self {
        self.fingerprint = Some(fingerprint.into());
        self
    }

    /// Its parents: what `depends_on` says, or else the nodes that its input reads.
    #[must_use]
    pub fn parents(&self) -> &[NodeId] {
        match &self.depends_on {
            Some(parents) => parents,
            None => self.named_sources(),
        }
    }

    /// The nodes whose artifacts its input reads, in the order of their names in the graph. Empty unless it pulls.
    #[must_use]
    pub fn sources(&self) -> &[NodeId] {
        match &self.input {
            Input::Pull(pull) if pull.from_nodes.is_empty() => self.parents(),
            _ => self.named_sources(),
        }
    }

    fn named_sources(&self) -> &[NodeId] {
        match &self.input {
            Input::Pull(pull) => &pull.from_nodes,
            Input::Handler | Input::Custom { .. } => &[],
        }
    }

    /// How many parents must have come so far, by what is written or by default.
    #[must_use]
    pub fn needed_parents(&self) -> usize {
        let fan_in = self.fan_in.unwrap_or(match self.start_when {
            StartWhen::Ready => FanIn::All,
            StartWhen::FirstBatch => FanIn::Any,
        });
        let parents = self.parents().len();
        match fan_in {
            FanIn::All => parents,
            FanIn::Any => parents.min(1),
            FanIn::Count(count) => count as usize,
        }
    }

    /// Is it a node whose artifacts the submitter appends?
    #[must_use]
    pub fn is_input(&self) -> bool {
        self.role == INPUT
    }
}

impl fmt::Display for FanIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Any => f.write_str("any"),
            Self::Count(count) => write!(f, "count:{count}"),
        }
    }
}

impl std::str::FromStr for FanIn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            "any" => Ok(Self::Any),
            _ => text
                .strip_prefix("count:")
                .and_then(|count| count.parse().ok())
                .filter(|count| *count > 0)
                .map(Self::Count)
                .ok_or_else(|| {
                    format!(
                        "`{text}` is no fan-in: write `all`, `any` or `count:n` with n from 1 on"
                    )
                }),
        }
    }
}
