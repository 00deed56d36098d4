//! Do five lines make a worker of the environment, which ends as an operator asks it to?

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use antflow::cluster::coordinator::Coordinator;
use antflow::cluster::graph::{Catalog, Graph, Node, Pull};
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{NewArtifact, NodeRecord, Payload};
use antflow::cluster::worker::Worker;
use antflow::cluster::{Cluster, RunError, RunKey};
use antflow::{BoxError, stage};
use antflow_tests::{millis, within};
use serde_json::{Map, json};

/// Names the file that the batches of `Wait` wait for.
const GATE: &str = "ANTFLOW_TEST_GATE";
/// Asks the process for a coordinator.
const COORDINATOR: &str = "ANTFLOW_TEST_COORDINATOR";

#[stage]
async fn double(number: u64) -> u64 {
    number * 2
}

#[stage]
async fn wait(number: u64) -> Result<u64, BoxError> {
    let gate = PathBuf::from(std::env::var_os(GATE).ok_or("the test names a gate")?);
    while !gate.exists() {
        tokio::time::sleep(millis(5)).await;
    }
    Ok(number)
}

/// What the processes do: a program of a few lines. Nothing when it is run as a test.
#[tokio::test]
async fn what_a_process_does() -> Result<(), BoxError> {
    if std::env::var_os(GATE).is_none() {
        return Ok(());
    }
    if std::env::var_os(COORDINATOR).is_some() {
        return Ok(Coordinator::from_env()?.run().await?);
    }
    Worker::from_env()?
        .role::<double>()
        .role::<wait>()
        .run()
        .await?;
    Ok(())
}

/// A cluster in a file, and a gate that is closed.
struct Bench {
    directory: tempfile::TempDir,
    cluster: Cluster,
}

/// A process, which ends with this value.
struct Process(Option<Child>);

impl Bench {
    async fn new() -> Self {
        let directory = tempfile::tempdir().expect("there is room");
        let cluster = Cluster::connect(url(directory.path())).await;
        let cluster = cluster.expect("it is made");
        Self { directory, cluster }
    }

    fn gate(&self) -> PathBuf {
        self.directory.path().join("gate")
    }

    fn start(&self, variables: &[(&str, &str)]) -> Process {
        let url = url(self.directory.path());
        let mut given = vec![("ANTFLOW_CLUSTER", url.as_str())];
        given.extend(variables);
        Process(Some(spawn(&self.gate(), &given)))
    }

    /// A run of one node that has one number to work on.
    async fn submit(&self, role: &str) -> RunKey {
        let node = Node::new("node", role).pull(Pull::from_nodes(["numbers"]));
        let graph = Graph::new([Node::input("numbers"), node], &Catalog::any()).unwrap();
        let run = self.cluster.submit_graph(graph).await.unwrap();
        let number = NewArtifact {
            uid: "one".into(),
            payload: Payload::from(&json!(21)),
            meta: Map::new(),
        };
        self.cluster
            .append_input(&run, "numbers", vec![number])
            .await
            .unwrap();
        self.cluster.close_input(&run, "numbers").await.unwrap();
        run
    }

    async fn node(&self, run: &RunKey) -> NodeRecord {
        let node = self.cluster.store().node(run.clone(), "node".into());
        node.await.expect("it is there")
    }

    async fn reaches(&self, run: &RunKey, state: NodeState) {
        within(async {
            while self.node(run).await.state != state {
                tokio::time::sleep(millis(5)).await;
            }
        })
        .await;
    }

    /// What the only worker says of itself.
    async fn worker(&self) -> (String, String, u32) {
        let mut workers = self.cluster.workers().await.unwrap();
        assert_eq!(workers.len(), 1);
        let said = workers.remove(0).announcement;
        (said.worker.to_string(), said.status, said.capacity.tasks)
    }

    async fn worker_becomes(&self, status: &str) {
        within(async {
            while self.worker().await.1 != status {
                tokio::time::sleep(millis(5)).await;
            }
        })
        .await;
    }
}

impl Process {
    fn child(&mut self) -> &mut Child {
        self.0.as_mut().expect("it was not waited for yet")
    }

    fn signal(&mut self, name: &str) {
        let id = self.child().id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(sent.success());
    }

    async fn end(mut self) -> Output {
        let child = self.0.take().expect("it was not waited for yet");
        let ended = tokio::task::spawn_blocking(|| child.wait_with_output());
        within(ended).await.unwrap().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // It may have ended already.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

fn url(directory: &Path) -> String {
    format!("sqlite://{}", directory.join("cluster.db").display())
}

fn spawn(gate: &Path, variables: &[(&str, &str)]) -> Child {
    let this = std::env::current_exe().expect("this program has a file");
    let mut command = Command::new(this);
    command.args(["--exact", "what_a_process_does", "--nocapture"]);
    command.env(GATE, gate).envs(variables.iter().copied());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("it starts")
}

#[tokio::test]
async fn a_worker_of_the_environment_works_until_sigterm_and_says_goodbye() {
    let bench = Bench::new().await;
    let file = bench.directory.path().join("worker.toml");
    std::fs::write(&file, "worker_id = \"of the file\"\ncapacity = 3\n").unwrap();
    let process = bench.start(&[
        ("ANTFLOW_WORKER_CONFIG", file.to_str().unwrap()),
        ("ANTFLOW_WORKER_WORKER_ID", "w"),
    ]);
    let run = bench.submit("Double").await;
    let ended = within(bench.cluster.wait(&run)).await.unwrap();
    assert_eq!(ended.run.state, RunState::Finished);
    let page = bench.cluster.artifacts(&run, "node", 0).await.unwrap();
    assert_eq!(page.artifacts[0].payload.as_str(), "42");
    // The file counts, and the variable is above it.
    assert_eq!(bench.worker().await, ("w".into(), "online".into(), 3));

    let mut process = process;
    process.signal("-TERM");
    let output = process.end().await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(bench.worker().await.1, "offline");
}

#[tokio::test]
async fn what_a_worker_has_begun_ends_after_the_signal() {
    let bench = Bench::new().await;
    let mut process = bench.start(&[]);
    let run = bench.submit("Wait").await;
    bench.reaches(&run, NodeState::Running).await;
    process.signal("-INT");
    bench.worker_becomes("draining").await;
    std::fs::write(bench.gate(), "").unwrap();
    assert!(process.end().await.status.success());
    let node = bench.node(&run).await;
    assert_eq!((node.state, node.epoch), (NodeState::Finished, 1));
}

#[tokio::test]
async fn what_does_not_end_in_time_is_given_back() {
    let bench = Bench::new().await;
    let mut process = bench.start(&[
        ("ANTFLOW_WORKER_DRAIN_SEC", "0.01"),
        ("ANTFLOW_WORKER_CANCEL_GRACE_SEC", "0"),
    ]);
    let run = bench.submit("Wait").await;
    bench.reaches(&run, NodeState::Running).await;
    process.signal("-TERM");
    assert!(process.end().await.status.success());
    assert_eq!(bench.node(&run).await.state, NodeState::Ready);
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() {
    let bench = Bench::new().await;
    let mut process = bench.start(&[("ANTFLOW_WORKER_DRAIN_SEC", "3600")]);
    let run = bench.submit("Wait").await;
    bench.reaches(&run, NodeState::Running).await;
    process.signal("-TERM");
    bench.worker_becomes("draining").await;
    process.signal("-TERM");
    assert_eq!(process.end().await.status.code(), Some(143));
    // As if it had died: its lease holds until its deadline.
    assert_eq!(bench.node(&run).await.state, NodeState::Running);
}

#[tokio::test]
async fn a_coordinator_of_the_environment_ends_leases_until_it_is_told_to_end() {
    let bench = Bench::new().await;
    let mut worker = bench.start(&[
        ("ANTFLOW_WORKER_HB_INTERVAL_SEC", "0.1"),
        ("ANTFLOW_WORKER_LEASE_TTL_SEC", "0.3"),
    ]);
    let run = bench.submit("Wait").await;
    bench.reaches(&run, NodeState::Running).await;
    worker.child().kill().unwrap();
    let mut coordinator = bench.start(&[(COORDINATOR, "yes")]);
    bench.reaches(&run, NodeState::Ready).await;
    coordinator.signal("-TERM");
    assert!(coordinator.end().await.status.success());
}

#[tokio::test]
async fn all_that_is_wrong_with_an_environment_is_said_at_once() {
    let refused = |variables: &[(&str, &str)]| {
        let process = Process(Some(spawn(Path::new("none"), variables)));
        async {
            let output = process.end().await;
            assert!(!output.status.success());
            String::from_utf8(output.stderr).unwrap()
        }
    };
    let said = refused(&[
        ("ANTFLOW_CLUSTER", "kafka://me:secret@somewhere"),
        ("ANTFLOW_BUS", "amqp://me:secret@somewhere"),
        ("ANTFLOW_WORKER_CAPACITY", "0"),
    ])
    .await;
    assert!(said.contains("`kafka:` is a bus"), "{said}");
    assert!(said.contains("there is no engine for `amqp:`"), "{said}");
    assert!(said.contains("environment.capacity"), "{said}");
    assert!(!said.contains("secret"), "{said}");
    let said = refused(&[("ANTFLOW_COORDINATOR_CAPACITY", "0"), (COORDINATOR, "")]).await;
    assert!(said.contains("environment.capacity"), "{said}");

    let none = Worker::builder().role::<double>().run().await.unwrap_err();
    assert!(matches!(none, RunError::NoCluster), "{none}");
    assert!(none.to_string().contains("set `ANTFLOW_CLUSTER`"));
    let there = Worker::builder().role::<double>().url("memory:").build();
    assert_eq!(there.unwrap_err().mistakes().len(), 2);
    let started = Worker::builder()
        .role::<double>()
        .url("memory:")
        .start()
        .await;
    started.unwrap().shutdown().await;
}
