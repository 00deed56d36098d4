//! Does everything go on when somebody says nonsense, or a part of the engine panics?

use std::sync::Arc;

use antflow::cluster::bus::{Bus, Post};
use antflow::cluster::graph::Node;
use antflow::cluster::protocol::{Envelope, Message, Topic};
use antflow::cluster::state::RunState;
use antflow::cluster::store::DeadLetterSource;
use antflow_tests::coordinator_bench::{
    builder, cluster, cluster_on, coordinator, faulty_bus, kinds, listen, start, status,
};
use antflow_tests::seconds;
use antflow_tests::worker_bench::{ROLE, Scripted, WorkerBench, node};
use serde_json::Map;

async fn say(bench: &WorkerBench, topic: Topic, bytes: &[u8]) {
    let post = Post {
        topic,
        key: String::new(),
        bytes: bytes.into(),
    };
    bench.bus.publish(post).await.expect("the bus is open");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_understands_is_a_dead_letter_and_ends_no_loop() {
    let bench = WorkerBench::new();
    let cluster = cluster(&bench);
    let coordinator = coordinator(&bench, "c");
    let worker = bench.worker("w", &Scripted::counting(1)).await;
    tokio::time::sleep(seconds(1)).await;
    let functions = Topic::Commands("coordinator_fn".into());
    let commands = Topic::Commands(ROLE.into());
    let poison: [(&Topic, &[u8], &str); 5] = [
        (&functions, b"nonsense", "not_json"),
        (&functions, b"{ \"v\": 9 }", "unknown_version"),
        (
            &Topic::Announce,
            b"{ \"v\": 1, \"kind\": \"x\" }",
            "unknown_kind",
        ),
        (&Topic::Announce, &[0xff, 0xfe], "not_json"),
        (
            &commands,
            b"{ \"v\": 1, \"kind\": \"batch_ok\" }",
            "malformed",
        ),
    ];
    for (topic, bytes, _) in poison {
        say(&bench, topic.clone(), bytes).await;
    }
    tokio::time::sleep(seconds(2)).await;
    let letters = cluster.dead_letters(0, 100).await.unwrap();
    for (topic, bytes, code) in poison {
        let found = letters.iter().filter(|letter| {
            letter.source == DeadLetterSource::Bus(topic.to_string()) && letter.raw == bytes
        });
        let codes: Vec<_> = found.map(|letter| letter.code.as_str()).collect();
        assert_eq!(codes, [code], "{topic}");
    }
    assert_eq!(coordinator.stats().dead_letters, 4);

    let function = Node::function("f", "noop", Map::new()).depends_on(["n"]);
    let run = bench.submit([node("n"), function]).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    assert_eq!(coordinator.stats().restarts, 0);
    coordinator.shutdown().await;
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_of_the_bus_is_said_again_when_it_is_asked_for() {
    let bench = WorkerBench::new();
    let cluster = cluster(&bench);
    let coordinator = coordinator(&bench, "c");
    tokio::time::sleep(seconds(1)).await;
    say(&bench, Topic::Announce, b"nonsense").await;
    tokio::time::sleep(seconds(1)).await;
    let letters = cluster.dead_letters(0, 10).await.unwrap();
    let mut inbox = listen(&bench.bus, vec![Topic::Announce]).await;
    cluster.retry_dead_letter(letters[0].id).await.unwrap();
    let heard = inbox.next().await.unwrap().unwrap();
    assert_eq!(&*heard.bytes, b"nonsense");
    assert!(
        cluster.dead_letters(0, 10).await.unwrap()[0]
            .retried_at
            .is_some()
    );
    coordinator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_of_another_epoch_changes_nothing() {
    let bench = WorkerBench::new();
    let coordinator = coordinator(&bench, "c");
    let run = bench.submit([node("n")]).await;
    let done = Message::TaskDone {
        metrics: [("count".to_owned(), 9.0)].into(),
    };
    let forged = Envelope::new(done)
        .about(run.clone(), "n")
        .role(ROLE)
        .epoch(0);
    bench.say(status(ROLE), &forged).await;
    let start = Message::TaskStart;
    bench
        .say(
            Topic::Commands("coordinator_fn".into()),
            &Envelope::new(start),
        )
        .await;
    tokio::time::sleep(seconds(5)).await;
    let node = bench.node(&run, "n").await;
    assert!(!node.state.is_terminal() && node.totals.metrics.is_empty());
    coordinator.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_panics_begins_again_and_says_so() {
    let bench = WorkerBench::new();
    let bus = faulty_bus(&bench);
    let mut inbox = listen(&bench.bus, vec![Topic::Runs, Topic::Warnings]).await;
    bus.panic(2);
    let run = bench
        .submit([Node::function("f", "noop", Map::new())])
        .await;
    let coordinator = start(builder(&cluster_on(&bench, Arc::new(bus)), "c"));
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    tokio::time::sleep(seconds(60)).await;
    let said = kinds(&mut *inbox);
    for kind in ["run_started", "run_ended", "warning"] {
        assert!(said.contains(&kind), "{said:?}");
    }
    assert_eq!(coordinator.stats().restarts, 2);
    coordinator.shutdown().await;
}
