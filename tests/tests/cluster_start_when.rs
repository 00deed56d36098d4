//! Does a node start as early as its graph allows, and never earlier?

use antflow::cluster::graph::{FanIn, Node, Pull};
use antflow::cluster::handler::BatchResult;
use antflow::cluster::state::{NodeState, RunState};
use antflow_tests::worker_bench::{ROLE, Scripted, WorkerBench, node, start};
use antflow_tests::{Log, seconds};
use serde_json::json;
use tokio::time::Instant;

/// The role of nodes whose batches take as many seconds as the node's name ends with.
const SLOW: &str = "slow";
/// How many batches they have.
const BATCHES: u64 = 4;

fn slow(id: &str) -> Node {
    Node::new(id, SLOW)
}

/// Who began when, in seconds after the first of them.
struct Begun {
    since: Instant,
    log: Log<(String, u64)>,
}

impl Begun {
    /// Starts a worker for slow nodes and others, which writes down when each node begins.
    async fn with_worker(bench: &WorkerBench) -> (Self, antflow::cluster::worker::WorkerHandle) {
        let begun = Self {
            since: Instant::now(),
            log: Log::new(),
        };
        let (log, since) = (begun.log.clone(), begun.since);
        let note = move |ctx: &antflow::cluster::handler::RunContext| {
            log.push((ctx.info().node.to_string(), since.elapsed().as_secs()));
        };
        let slow = Scripted::default()
            .makes({
                let note = note.clone();
                move |ctx| {
                    note(ctx);
                    let node = ctx.info().node.as_str();
                    (0..BATCHES)
                        .map(|n| (format!("{node}{n}"), json!(n)))
                        .collect()
                }
            })
            .works(|batch, ctx| async move {
                let digits = ctx
                    .info()
                    .node
                    .as_str()
                    .trim_start_matches(char::is_alphabetic);
                tokio::time::sleep(seconds(digits.parse()?)).await;
                Ok(BatchResult::new(batch.payload))
            });
        let others = Scripted::default().makes(move |ctx| {
            note(ctx);
            Vec::new()
        });
        let mut config = antflow_tests::worker_bench::config("w");
        config.capacity = 10;
        let builder = bench.builder("w").config(config);
        let builder = builder.handler(SLOW, move || slow.clone());
        let worker = start(builder.handler(ROLE, move || others.clone())).await;
        (begun, worker)
    }

    /// When a node that makes its own batches began.
    fn at(&self, node: &str) -> u64 {
        let entries = self.log.entries();
        let found = entries.iter().find(|(id, _)| id == node);
        found.expect("it has begun").1
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_children_the_streaming_one_starts_while_the_parent_runs_and_the_other_at_its_end() {
    let bench = WorkerBench::new();
    let (_, worker) = Begun::with_worker(&bench).await;
    let reads = |id| node(id).pull(Pull::from_nodes(["p10"]));
    let run = bench
        .submit([slow("p10"), reads("early").streaming(), reads("late")])
        .await;
    bench
        .wait_for(&run, "early", |node| node.totals.batches == 1)
        .await;
    let parent = bench.node(&run, "p10").await;
    assert_eq!(
        (parent.state, parent.totals.batches),
        (NodeState::Running, 1)
    );
    assert_eq!(bench.node(&run, "late").await.state, NodeState::Queued);

    bench
        .wait_for(&run, "early", |node| node.totals.batches == BATCHES - 1)
        .await;
    let late = bench.node(&run, "late").await;
    assert_eq!((late.state, late.epoch), (NodeState::Queued, 0));
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    for id in ["early", "late"] {
        assert_eq!(bench.outputs(&run, id).await, ["0", "1", "2", "3"], "{id}");
    }
    let (parent, late) = (
        bench.node(&run, "p10").await,
        bench.node(&run, "late").await,
    );
    assert!(late.started_at >= parent.ended_at);
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn any_starts_after_one_parent_count_after_as_many_and_all_after_the_last() {
    let bench = WorkerBench::new();
    let (begun, worker) = Begun::with_worker(&bench).await;
    // They take 40, 80 and 120 seconds.
    let parents = ["p10", "q20", "r30"];
    let child = |id, fan_in| node(id).depends_on(parents).fan_in(fan_in);
    let run = bench
        .submit([
            slow("p10"),
            slow("q20"),
            slow("r30"),
            child("any", FanIn::Any),
            child("two", FanIn::Count(2)),
            child("all", FanIn::All),
            node("unsaid").depends_on(parents),
        ])
        .await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    for (id, after) in [("any", 40), ("two", 80), ("all", 120), ("unsaid", 120)] {
        let at = begun.at(id);
        assert!((after..=after + 2).contains(&at), "{id} began after {at} s");
    }
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn of_streaming_parents_as_many_as_asked_for_must_have_their_first_batch() {
    let bench = WorkerBench::new();
    let (begun, worker) = Begun::with_worker(&bench).await;
    let parents = ["p10", "q20", "r30"];
    let child = |id, fan_in| {
        node(id)
            .pull(Pull::from_nodes(parents))
            .streaming()
            .fan_in(fan_in)
    };
    let run = bench
        .submit([
            slow("p10"),
            slow("q20"),
            slow("r30"),
            node("unsaid").pull(Pull::from_nodes(parents)).streaming(),
            child("two", FanIn::Count(2)),
            child("all", FanIn::All),
        ])
        .await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    let begin = bench
        .node(&run, "p10")
        .await
        .started_at
        .expect("it has begun");
    for (id, after) in [("unsaid", 10), ("two", 20), ("all", 30)] {
        let record = bench.node(&run, id).await;
        let at = record
            .started_at
            .expect("it has begun")
            .since(begin)
            .as_secs();
        assert!((after..=after + 2).contains(&at), "{id} began after {at} s");
        assert_eq!(
            record.totals.batches,
            3 * BATCHES,
            "{id} has read all of them"
        );
    }
    assert_eq!(begun.at("r30"), begun.at("p10"));
    worker.shutdown().await;
}
