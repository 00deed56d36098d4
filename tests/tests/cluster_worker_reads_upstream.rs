//! Is what other nodes wrote read whole and once, however much it is, and whatever goes wrong meanwhile?

use std::collections::BTreeSet;

use antflow::cluster::graph::{Node, Pull, StartWhen};
use antflow::cluster::handler::BatchResult;
use antflow::cluster::state::{NodeState, RunState};
use antflow_tests::worker_bench::{Planned, ROLE, Scripted, WorkerBench, config, node, start};
use antflow_tests::{Log, quiet, seconds};
use serde_json::{Value, json};

fn pulls(id: &str, from: &str) -> Node {
    node(id).pull(Pull::from_nodes([from])).streaming()
}

fn numbers(outputs: &[String]) -> Vec<u64> {
    outputs
        .iter()
        .map(|output| output.parse().expect("it is a number"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn more_than_ten_thousand_batches_are_consumed_once_though_the_consumer_fails_midway() {
    const ALL: u64 = 10_500;
    let bench = WorkerBench::new();
    let fails_once = {
        let tries = Log::<u64>::new();
        Scripted::default().works(move |batch, _| {
            let n = batch.payload.as_u64().expect("it is a number");
            let is_planned = (n == 4_321 || n == 9_000) && !tries.entries().contains(&n);
            if is_planned {
                tries.push(n);
            }
            async move {
                if is_planned {
                    return Err(Planned {
                        code: "flaky",
                        permanent: false,
                    }
                    .into());
                }
                Ok(BatchResult::new(batch.payload).metric("items", 1.0))
            }
        })
    };
    let run = bench
        .submit([Node::input("in"), pulls("n", "in").concurrency(3)])
        .await;
    bench.append(&run, "in", 0..1_000).await;
    let worker = bench.worker("w", &fails_once).await;
    for part in 1..10 {
        bench
            .append(&run, "in", part * 1_000..(part + 1) * 1_000)
            .await;
        quiet().await;
    }
    bench.append(&run, "in", 10_000..ALL).await;
    bench.close(&run, "in").await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    let mut outputs = numbers(&bench.outputs(&run, "n").await);
    outputs.sort_unstable();
    assert!(
        outputs.iter().copied().eq(0..ALL),
        "{} are there",
        outputs.len()
    );
    let record = bench.node(&run, "n").await;
    assert_eq!((record.epoch, record.totals.batches), (3, ALL));
    assert_eq!(record.totals.metrics["items"], 10_500.0);
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_written_just_before_the_end_is_read() {
    for round in 0..20 {
        let bench = WorkerBench::new();
        let run = bench.submit([Node::input("in"), pulls("n", "in")]).await;
        bench.append(&run, "in", 0..1).await;
        let worker = bench.worker("w", &Scripted::default()).await;
        bench
            .wait_for(&run, "n", |node| node.totals.batches == 1)
            .await;
        // Somewhere between two looks of the reader.
        tokio::time::sleep(antflow_tests::millis(37 * round)).await;
        bench.append(&run, "in", 1..3).await;
        bench.close(&run, "in").await;
        assert_eq!(bench.ended(&run).await, RunState::Finished);
        assert_eq!(
            bench.outputs(&run, "n").await,
            ["0", "1", "2"],
            "round {round}"
        );
        worker.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_written_while_an_answer_is_under_way_is_read() {
    let bench = WorkerBench::new();
    let run = bench.submit([Node::input("in"), pulls("n", "in")]).await;
    bench.append(&run, "in", 0..1).await;
    let worker = bench.worker("w", &Scripted::default()).await;
    bench
        .wait_for(&run, "n", |node| node.totals.batches == 1)
        .await;
    // From now on each answer says how it was two seconds ago.
    bench.store.delay_answers("read_artifacts", seconds(2));
    let looks = bench.store.asked("read_artifacts");
    while bench.store.asked("read_artifacts") == looks {
        quiet().await;
    }
    bench.append(&run, "in", 1..3).await;
    bench.close(&run, "in").await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    bench.store.heal("read_artifacts");
    assert_eq!(bench.outputs(&run, "n").await, ["0", "1", "2"]);
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_nodes_hands_on_everything_while_its_first_still_runs() {
    let bench = WorkerBench::new();
    let slow = Scripted::counting(20).works(|batch, _| async move {
        tokio::time::sleep(seconds(1)).await;
        Ok(BatchResult::new(batch.payload))
    });
    let workers = [
        start(bench.builder("a").handler("first", move || slow.clone())).await,
        start(bench.builder("b").handler(ROLE, Scripted::default)).await,
    ];
    let late = node("late").pull(Pull::from_nodes(["second"]));
    assert_eq!(late.start_when, StartWhen::Ready);
    let run = bench
        .submit([Node::new("first", "first"), pulls("second", "first"), late])
        .await;
    bench
        .wait_for(&run, "second", |node| node.totals.batches >= 2)
        .await;
    assert_eq!(bench.node(&run, "first").await.state, NodeState::Running);
    assert_eq!(bench.node(&run, "late").await.state, NodeState::Queued);
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    assert!(
        numbers(&bench.outputs(&run, "late").await)
            .into_iter()
            .eq(0..20)
    );
    let artifacts = bench.artifacts(&run, "late").await;
    assert_eq!(artifacts[0].uid, "second/first/b0");
    for worker in workers {
        worker.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_source_is_no_mistake() {
    let bench = WorkerBench::new();
    let worker = bench.worker("w", &Scripted::default()).await;
    let run = bench.submit([node("none"), pulls("n", "none")]).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    assert_eq!(bench.node(&run, "n").await.totals.batches, 0);
    worker.shutdown().await;
}

/// The ids and contents of the batches of one run, and those that were seen more than once.
async fn rechunked(fails: bool) -> (Vec<(String, Value)>, u64) {
    let bench = WorkerBench::new();
    let tries = Log::<String>::new();
    let handler = Scripted::default().works(move |batch, _| {
        let count = tries
            .entries()
            .iter()
            .filter(|uid| **uid == batch.uid.as_str())
            .count();
        tries.push(batch.uid.to_string());
        async move {
            if fails && count == 0 && batch.uid.as_str().ends_with("/1:3") {
                return Err(Planned {
                    code: "flaky",
                    permanent: false,
                }
                .into());
            }
            Ok(BatchResult::new(batch.payload))
        }
    });
    let pull = Pull::from_nodes(["in"]).rechunk(3, "items");
    let run = bench
        .submit([Node::input("in"), node("n").pull(pull)])
        .await;
    bench.view().append_lists(&run, 8).await;
    let worker = bench.worker("w", &handler).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    let artifacts = bench.artifacts(&run, "n").await;
    let epoch = bench.node(&run, "n").await.epoch;
    worker.shutdown().await;
    let told = |artifact: antflow::cluster::store::Artifact| {
        (
            artifact.uid.to_string(),
            artifact.payload.read().expect("it is JSON"),
        )
    };
    (artifacts.into_iter().map(told).collect(), epoch)
}

#[tokio::test(start_paused = true)]
async fn chunks_are_the_same_in_every_run_and_every_retry() {
    let (once, epoch) = rechunked(false).await;
    assert_eq!(epoch, 1);
    assert_eq!(once[0], ("in/list1/0:3".into(), json!([0])));
    let of_seven: Vec<_> = once
        .iter()
        .filter(|(uid, _)| uid.starts_with("in/list7/"))
        .collect();
    assert_eq!(
        of_seven,
        [
            &("in/list7/0:3".into(), json!([0, 1, 2])),
            &("in/list7/1:3".into(), json!([3, 4, 5])),
            &("in/list7/2:3".into(), json!([6])),
        ]
    );
    assert_eq!(rechunked(false).await.0, once);
    let (retried, epoch) = rechunked(true).await;
    assert!(epoch > 1);
    assert_eq!(retried, once);
    let unique: BTreeSet<_> = once.iter().map(|(uid, _)| uid).collect();
    assert_eq!(unique.len(), once.len());
}

#[tokio::test(start_paused = true)]
async fn two_sources_with_the_same_ids_and_shares_of_one_are_kept_apart() {
    let bench = WorkerBench::new();
    let both = node("both").pull(Pull::from_nodes(["a", "b"]));
    let share =
        |index| node(&format!("share{index}")).pull(Pull::from_nodes(["a"]).partition(index, 3));
    let run = bench
        .submit([
            Node::input("a"),
            Node::input("b"),
            both,
            share(0),
            share(1),
            share(2),
        ])
        .await;
    for input in ["a", "b"] {
        bench.append(&run, input, 0..1_000).await;
        bench.close(&run, input).await;
    }
    let worker = bench.worker("w", &Scripted::default()).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    assert_eq!(bench.outputs(&run, "both").await.len(), 2_000);
    let mut shares = Vec::new();
    for index in 0..3 {
        shares.extend(numbers(
            &bench.outputs(&run, &format!("share{index}")).await,
        ));
    }
    shares.sort_unstable();
    assert!(shares.into_iter().eq(0..1_000));
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_an_adapter_or_a_handler_cannot_take_fails_for_good() {
    let strict = || {
        let mut config = config("strict");
        config.strict_input_adapters = true;
        config
    };
    let whole = Pull::from_nodes(["in"]).rechunk_whole(2);
    let unknown = antflow::cluster::graph::Graph::from_json(
        r#"{ "nodes": [{ "node_id": "n", "type": "role",
             "io": { "input_inline": { "input_adapter": "s3.list", "input_args": {} } } }] }"#,
        &antflow::cluster::graph::Catalog::any(),
    )
    .unwrap();
    let cases = [
        (vec![unknown.nodes()[0].clone()], "bad_input_adapter"),
        (
            vec![Node::input("in"), node("n").pull(whole)],
            "bad_input_args",
        ),
    ];
    for (nodes, code) in cases {
        let bench = WorkerBench::new();
        let builder = bench
            .builder("w")
            .config(strict())
            .handler(ROLE, Scripted::default);
        let worker = start(builder).await;
        let has_input = nodes.len() > 1;
        let run = bench.submit(nodes).await;
        if has_input {
            bench.append(&run, "in", 0..1).await;
            bench.close(&run, "in").await;
        }
        assert_eq!(bench.ended(&run).await, RunState::Failed, "{code}");
        let failure = bench.node(&run, "n").await.last_failure.unwrap();
        assert_eq!((failure.code.as_str(), failure.permanent), (code, true));
        worker.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_list_each_artifact_is_one_item_of_its_own() {
    let bench = WorkerBench::new();
    let whole = node("whole").pull(Pull::from_nodes(["in"]).rechunk_whole(4));
    let other = node("other").pull(Pull::from_nodes(["in"]).rechunk(4, "absent"));
    let run = bench.submit([Node::input("in"), whole, other]).await;
    bench.append(&run, "in", 0..9).await;
    bench.close(&run, "in").await;
    let worker = bench.worker("w", &Scripted::default()).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    let expected: Vec<_> = (0..9).map(|n| format!("[{n}]")).collect();
    for id in ["whole", "other"] {
        assert_eq!(bench.outputs(&run, id).await, expected, "{id}");
    }
    worker.shutdown().await;
}
