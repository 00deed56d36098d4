//! Is everything said that happened, whatever the bus, the store and the coordinators do?

use std::sync::Arc;
use std::time::Duration;

use antflow::cluster::RunKey;
use antflow::cluster::graph::Node;
use antflow::cluster::protocol::Topic;
use antflow::cluster::store::{DeadLetterSource, TellStore};
use antflow_tests::coordinator_bench::{
    arrived, builder, cluster, cluster_on, coordinator, faulty_bus, kinds, listen, start, status,
    warnings,
};
use antflow_tests::worker_bench::{ROLE, Scripted, WorkerBench, node};
use antflow_tests::{millis, seconds};

/// A run without a worker: `run_started` is said of it and nothing else.
async fn silent_run(bench: &WorkerBench) -> RunKey {
    bench.submit([Node::new("n", "nobody")]).await
}

#[tokio::test(start_paused = true)]
async fn an_event_that_the_bus_refuses_is_said_again_with_growing_pauses() {
    let bench = WorkerBench::new();
    let bus = faulty_bus(&bench);
    let mut inbox = listen(&bench.bus, vec![Topic::Runs]).await;
    bus.refuse(Topic::Runs, 3);
    silent_run(&bench).await;
    let coordinator = start(builder(&cluster_on(&bench, Arc::new(bus.clone())), "c"));
    tokio::time::sleep(seconds(10)).await;
    assert_eq!(kinds(&mut *inbox), ["run_started"]);
    let asked = bus.asked(&Topic::Runs);
    let pauses: Vec<_> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(
        pauses.len(),
        3,
        "three were refused, and the fourth was not"
    );
    assert!(pauses.is_sorted() && pauses[2] >= seconds(1), "{pauses:?}");
    assert_eq!(coordinator.stats().unsaid, 3);
    coordinator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_that_the_bus_never_takes_is_a_dead_letter_and_can_be_tried_again() {
    let bench = WorkerBench::new();
    let bus = faulty_bus(&bench);
    let cluster = cluster_on(&bench, Arc::new(bus.clone()));
    let mut inbox = listen(&bench.bus, vec![Topic::Runs, Topic::Warnings]).await;
    bus.refuse(Topic::Runs, 12);
    silent_run(&bench).await;
    let coordinator = start(builder(&cluster, "c"));
    tokio::time::sleep(seconds(600)).await;
    assert_eq!(bus.asked(&Topic::Runs).len(), 12, "no more than its tries");
    let letters = cluster.dead_letters(0, 10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert!(matches!(letters[0].source, DeadLetterSource::Outbox(_)));
    assert_eq!(letters[0].code, "outbox_exhausted");
    let said = warnings(&mut *inbox);
    assert!(
        said.iter()
            .any(|(code, text)| code == "event_unsaid" && text.contains("12 tries")),
        "{said:?}"
    );
    cluster.retry_dead_letter(letters[0].id).await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    assert!(kinds(&mut *inbox).contains(&"run_started"));
    coordinator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn later_events_of_a_node_wait_for_the_one_before_and_others_do_not() {
    let bench = WorkerBench::new();
    let bus = faulty_bus(&bench);
    bus.refuse(status(ROLE), 2);
    let worker = bench.worker("w", &Scripted::counting(3)).await;
    let run = bench.submit([node("n")]).await;
    bench.ended(&run).await;
    let mut inbox = listen(&bench.bus, vec![status(ROLE), Topic::Runs]).await;
    let coordinator = start(builder(&cluster_on(&bench, Arc::new(bus)), "c"));
    tokio::time::sleep(millis(100)).await;
    assert_eq!(kinds(&mut *inbox), ["run_started", "run_ended"]);
    tokio::time::sleep(seconds(60)).await;
    let said = kinds(&mut *inbox);
    let said: Vec<_> = said
        .into_iter()
        .filter(|kind| *kind != "task_heartbeat")
        .collect();
    assert_eq!(
        said,
        [
            "task_accepted",
            "batch_ok",
            "batch_ok",
            "batch_ok",
            "task_done"
        ]
    );
    coordinator.shutdown().await;
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_is_said_twice_when_nobody_could_note_it_and_is_known_by_its_id() {
    let bench = WorkerBench::new();
    let mut inbox = listen(&bench.bus, vec![Topic::Runs]).await;
    silent_run(&bench).await;
    // More often than a coordinator tries: as if it had died in between.
    bench.store.refuse("outbox_sent", 7);
    let coordinator = coordinator(&bench, "c");
    tokio::time::sleep(seconds(60)).await;
    let said = arrived(&mut *inbox);
    assert_eq!(said.len(), 2);
    assert_eq!(said[0].dedup_id, said[1].dedup_id);
    coordinator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_happens_while_no_coordinator_runs_is_said_by_the_next_one() {
    let bench = WorkerBench::new();
    let first = coordinator(&bench, "first");
    first.shutdown().await;
    let worker = bench.worker("w", &Scripted::counting(2)).await;
    let run = bench.submit([node("n")]).await;
    bench.ended(&run).await;
    let mut inbox = listen(&bench.bus, vec![Topic::Runs]).await;
    let second = coordinator(&bench, "second");
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(kinds(&mut *inbox), ["run_started", "run_ended"]);
    assert!(
        bench
            .store
            .outbox_take(10, Duration::ZERO)
            .await
            .unwrap()
            .is_empty()
    );
    second.shutdown().await;
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn several_coordinators_say_each_event_once() {
    let bench = WorkerBench::new();
    let mut inbox = listen(&bench.bus, vec![Topic::Runs]).await;
    let coordinators: Vec<_> = ["a", "b", "c"].map(|id| coordinator(&bench, id)).into();
    let mut runs = Vec::new();
    for _ in 0..100 {
        runs.push(silent_run(&bench).await);
    }
    tokio::time::sleep(seconds(5)).await;
    let mut said: Vec<_> = arrived(&mut *inbox)
        .into_iter()
        .map(|said| said.run)
        .collect();
    said.sort();
    assert_eq!(said, runs.into_iter().map(Some).collect::<Vec<_>>());
    for coordinator in coordinators {
        coordinator.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_loses_no_command_and_ends_no_loop() {
    let bench = WorkerBench::new();
    let cluster = cluster(&bench);
    let coordinator = coordinator(&bench, "c");
    let operations = [
        "outbox_take",
        "next_due",
        "claim",
        "starving",
        "mark_silent",
        "resume",
    ];
    for operation in operations {
        bench.store.refuse(operation, 8);
    }
    let worker = bench.worker("w", &Scripted::counting(2)).await;
    let args = serde_json::from_value(serde_json::json!({ "kv": { "a": 1 } })).unwrap();
    let nodes = [
        node("n"),
        Node::function("f", "vars.set", args).depends_on(["n"]),
    ];
    let mut inbox = listen(&bench.bus, vec![Topic::Runs]).await;
    let run = bench.submit(nodes).await;
    let ended = cluster.wait(&run).await.unwrap();
    assert_eq!(ended.run.vars["a"], 1);
    tokio::time::sleep(seconds(60)).await;
    assert_eq!(kinds(&mut *inbox), ["run_started", "run_ended"]);
    assert!(coordinator.stats().store_errors >= 8);
    coordinator.shutdown().await;
    worker.shutdown().await;
}
