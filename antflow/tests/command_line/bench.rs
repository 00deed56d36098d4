//! A cluster in a file, workers within the test, and the program.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use antflow::BoxError;
use antflow::cluster::graph::{Catalog, Graph, Node};
use antflow::cluster::handler::{Batch, BatchResult, Handler, RunContext};
use antflow::cluster::state::NodeState;
use antflow::cluster::store::NewRun;
use antflow::cluster::worker::{WorkerConfig, WorkerHandle};
use antflow::cluster::{Cluster, RunKey};
use futures_util::stream::{self, Stream};
use serde_json::{Map, Value};
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// Nothing here takes as long.
const LONGEST: Duration = Duration::from_secs(60);

/// Waits for what should come soon.
pub(crate) async fn within<T>(what: impl Future<Output = T>) -> T {
    let result = tokio::time::timeout(LONGEST, what).await;
    result.expect("it should have come long ago")
}

/// Waits until something is so.
pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    within(async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// A cluster in a file of its own.
pub(crate) struct Bench {
    directory: tempfile::TempDir,
    pub(crate) cluster: Cluster,
}

/// What the program said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let cluster = Cluster::connect(url(&directory)).await.unwrap();
        Self { directory, cluster }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file beside the cluster, and gives its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The program on this cluster.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(arguments);
        command.env("ANTFLOW_CLUSTER", url(&self.directory));
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Said {
        ended(self.command(arguments)).await
    }

    /// Runs it, expects that all goes well, and gives what it printed.
    pub(crate) async fn prints(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments).await;
        assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
        said.out
    }

    /// As [`prints`](Self::prints), with `--json`, of one document.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Value {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        let out = self.prints(&arguments).await;
        serde_json::from_str(&out).expect("one document")
    }

    /// Submits a run of one node under this id.
    pub(crate) async fn submit(&self, id: &str, node: Node) -> RunKey {
        let mut new = NewRun::new(Graph::new([node], &Catalog::any()).unwrap());
        new.id = id.into();
        self.cluster.submit_run(new).await.unwrap()
    }

    pub(crate) async fn reaches(&self, run: &RunKey, node: &str, state: NodeState) {
        until(async || {
            let status = self.cluster.status(run).await.unwrap();
            status.node(node).unwrap().state == state
        })
        .await;
    }

    /// A worker with the role `gated`, whose batches wait until the gate is open.
    pub(crate) async fn worker(&self) -> (WorkerHandle, Gate) {
        let gate = Gate(Arc::new(watch::Sender::new(false)));
        let config = WorkerConfig {
            worker_id: Some("w-1".into()),
            capacity: 2,
            claim_poll: Duration::from_millis(10),
            cancel_poll: Duration::from_millis(10),
            cancel_grace: Duration::ZERO,
            ..WorkerConfig::default()
        };
        let handler = Gated(gate.clone());
        let builder = self.cluster.worker().config(config);
        let worker = builder.handler("gated", move || handler.clone()).build();
        (worker.unwrap().start().await.unwrap(), gate)
    }
}

fn url(directory: &tempfile::TempDir) -> String {
    format!("sqlite://{}", directory.path().join("cluster.db").display())
}

/// The program, of no cluster.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_antflow"));
    command.args(arguments).env_remove("ANTFLOW_CLUSTER");
    command.env_remove("ANTFLOW_BUS");
    command.stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    command
}

pub(crate) async fn ended(mut command: Command) -> Said {
    within(command.output()).await.unwrap().into()
}

pub(crate) async fn end_of(child: Child) -> Said {
    within(child.wait_with_output()).await.unwrap().into()
}

/// Sends a signal to a program.
pub(crate) fn signal(child: &Child, name: &str) {
    let id = child.id().expect("it has not ended").to_string();
    let sent = std::process::Command::new("kill")
        .args([name, &id])
        .status();
    assert!(sent.unwrap().success());
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Whether the batches of `gated` may go on.
#[derive(Clone)]
pub(crate) struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }
}

/// Makes two batches of its input `batches`, saves a checkpoint, and fails if its input says so.
#[derive(Clone)]
struct Gated(Gate);

impl Handler for Gated {
    type Input = Map<String, Value>;
    type Batch = Map<String, Value>;
    type Output = u64;
    type Error = BoxError;

    fn batches(
        &self,
        input: Self::Input,
        _: &RunContext,
    ) -> impl Stream<Item = Result<Batch<Self::Batch>, BoxError>> + Send {
        stream::iter((0..2).map(move |n| Ok(Batch::new(format!("b{n}"), input.clone()))))
    }

    async fn process_batch(
        &self,
        batch: Batch<Self::Batch>,
        ctx: &RunContext,
    ) -> Result<BatchResult<u64>, BoxError> {
        if batch.payload.contains_key("fails") {
            return Err("it fails\nas planned".into());
        }
        ctx.save_checkpoint(&serde_json::json!({ "at": batch.uid }))
            .await?;
        let mut gate = self.0.0.subscribe();
        ctx.until_cancelled(gate.wait_for(|is_open| *is_open))
            .await??;
        Ok(BatchResult::new(7).metric("items", 3.0))
    }
}
