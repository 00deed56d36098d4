//! Reading what other nodes wrote: whole, once, and to its end.

use antflow::cluster::graph::{Node, Pull};
use antflow::cluster::handler::BatchResult;
use antflow::cluster::state::RunState;
use antflow::cluster::store::Artifact;
use serde_json::{Value, json};

use super::ground::{Ground, patient, worker};
use super::probe::{counted, until};
use super::turns::alone;
use crate::worker_bench::{Planned, Scripted, node};
use crate::{Log, millis};

fn pulls(id: &str, from: &str) -> Node {
    node(id).pull(Pull::from_nodes([from])).streaming()
}

/// Gives back what it reads, and fails once at each of these.
fn stumbles(at: impl Fn(&str, &Value) -> bool + Clone + Send + Sync + 'static) -> Scripted {
    let failed = Log::<String>::new();
    Scripted::default().works(move |batch, _| {
        let uid = batch.uid.to_string();
        let is_planned = at(&uid, &batch.payload) && !failed.entries().contains(&uid);
        if is_planned {
            failed.push(uid);
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
}

async fn lists(ground: &Ground, pull: Pull, handler: &Scripted) -> (Vec<(String, Value)>, u64) {
    let nodes = [Node::input("in"), node("n").pull(pull)];
    let run = ground.view().submit(nodes).await;
    ground.view().append_lists(&run, 8).await;
    let worker = ground.worker("w", handler).await;
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    worker.shutdown().await;
    let told = |artifact: Artifact| {
        let payload = artifact.payload.read().expect("it is JSON");
        (artifact.uid.to_string(), payload)
    };
    let artifacts = ground.view().artifacts(&run, "n").await;
    let epoch = ground.view().node(&run, "n").await.epoch;
    (artifacts.into_iter().map(told).collect(), epoch)
}

/// C10: chunks have the same ids and contents in every run and every retry, none is above its size, and the rest of a
/// list is one.
pub async fn chunks_are_the_same_in_every_run_and_every_retry(ground: Ground) {
    let chunks = || Pull::from_nodes(["in"]).rechunk(3, "items");
    let (once, epoch) = lists(&ground, chunks(), &Scripted::default()).await;
    assert_eq!((epoch, once.len()), (1, 1 + 1 + 1 + 2 + 2 + 2 + 3));
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
    let fails = stumbles(|uid, _| uid == "in/list5/1:3");
    let (retried, epoch) = lists(&ground, chunks(), &fails).await;
    assert_eq!((epoch, &retried), (2, &once));
}

/// C10: without a list each artifact is one item of its own.
pub async fn without_a_list_each_artifact_is_one_item(ground: Ground) {
    let whole = node("whole").pull(Pull::from_nodes(["in"]).rechunk_whole(4));
    let other = node("other").pull(Pull::from_nodes(["in"]).rechunk(4, "absent"));
    let run = ground
        .view()
        .submit([Node::input("in"), whole, other])
        .await;
    ground.view().append(&run, "in", 0..9).await;
    ground.view().close(&run, "in").await;
    let worker = ground.worker("w", &Scripted::default()).await;
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    let expected: Vec<_> = (0..9).map(|n| format!("[{n}]")).collect();
    for id in ["whole", "other"] {
        assert_eq!(ground.view().outputs(&run, id).await, expected, "{id}");
    }
    worker.shutdown().await;
}

/// C11: more than 10 000 batches are consumed once each, while they still come, though the consumer fails twice and its
/// process dies in between.
pub async fn more_than_ten_thousand_batches_are_consumed_once_each(ground: Ground) {
    const ALL: u64 = 10_500;
    let _turn = alone().await;
    let handler = stumbles(|_, payload| *payload == 2_345 || *payload == 9_000);
    let consumer = pulls("n", "in").concurrency(3);
    let run = ground.view().submit([Node::input("in"), consumer]).await;
    ground.view().append(&run, "in", 0..1_000).await;
    let first = ground.worker("w", &handler).await;
    for part in 1..10 {
        ground
            .view()
            .append(&run, "in", part * 1_000..(part + 1) * 1_000)
            .await;
    }
    ground
        .view()
        .wait_for(&run, "n", |node| node.totals.batches > 4_000)
        .await;
    drop(first);
    let second = ground.worker("w", &handler).await;
    ground.view().append(&run, "in", 10_000..ALL).await;
    ground.view().close(&run, "in").await;
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    let outputs = ground.view().outputs(&run, "n").await;
    let mut outputs: Vec<u64> = outputs.iter().map(|n| n.parse().unwrap()).collect();
    outputs.sort_unstable();
    assert!(
        outputs.iter().copied().eq(0..ALL),
        "{} are there",
        outputs.len()
    );
    let record = ground.view().node(&run, "n").await;
    assert_eq!((record.epoch, record.totals.batches), (3, ALL));
    assert_eq!(record.totals.metrics["items"], 10_500.0);
    second.shutdown().await;
}

/// C12: what a source writes just before its end, somewhere between two looks of its reader, is read.
pub async fn what_is_written_just_before_the_end_is_read(ground: Ground) {
    let worker = ground.worker("w", &Scripted::default()).await;
    for round in 0..10 {
        let run = ground
            .view()
            .submit([Node::input("in"), pulls("n", "in")])
            .await;
        ground.view().append(&run, "in", 0..1).await;
        ground
            .view()
            .wait_for(&run, "n", |node| node.totals.batches == 1)
            .await;
        tokio::time::sleep(millis(11 * round)).await;
        ground.view().append(&run, "in", 1..3).await;
        ground.view().close(&run, "in").await;
        assert_eq!(ground.view().ended(&run).await, RunState::Finished);
        let outputs = ground.view().outputs(&run, "n").await;
        assert_eq!(outputs, counted(3), "round {round}");
    }
    worker.shutdown().await;
}

/// C12: what a source writes, and its end, while an answer to its reader is under way, are read.
pub async fn what_is_written_while_an_answer_is_under_way_is_read(ground: Ground) {
    let faulty = ground.faulty().await;
    let worker = worker(&faulty.cluster, patient("w"), &Scripted::default()).await;
    let run = ground
        .view()
        .submit([Node::input("in"), pulls("n", "in")])
        .await;
    ground.view().append(&run, "in", 0..1).await;
    ground
        .view()
        .wait_for(&run, "n", |node| node.totals.batches == 1)
        .await;
    // From now on each answer says how it was half a second ago.
    faulty.store.delay_answers("read_artifacts", millis(500));
    let looks = faulty.store.asked("read_artifacts");
    until(async || faulty.store.asked("read_artifacts") > looks).await;
    tokio::time::sleep(millis(100)).await;
    ground.view().append(&run, "in", 1..3).await;
    ground.view().close(&run, "in").await;
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    assert_eq!(ground.view().outputs(&run, "n").await, counted(3));
    worker.shutdown().await;
}
