//! Do messages that are lost, repeated, late or broken change what is done?

use antflow::cluster::bus::{Audience, Bus, Post};
use antflow::cluster::graph::{Node, Pull};
use antflow::cluster::handler::BatchResult;
use antflow::cluster::protocol::{Envelope, Message, Topic};
use antflow::cluster::state::RunState;
use antflow::cluster::store::TellStore;
use antflow::cluster::worker::WorkerConfig;
use antflow_tests::worker_bench::{ROLE, Scripted, WorkerBench, config, node, start};
use antflow_tests::{millis, quiet, seconds};
use tokio::time::Instant;

fn hint(run: &antflow::cluster::RunKey) -> Envelope {
    Envelope::new(Message::TaskStart)
        .about(run.clone(), "n")
        .role(ROLE)
}

fn commands() -> Topic {
    Topic::Commands(ROLE.into())
}

#[tokio::test(start_paused = true)]
async fn without_any_hint_work_is_found_by_looking() {
    let bench = WorkerBench::new();
    let worker = bench.worker("w", &Scripted::counting(1)).await;
    tokio::time::sleep(seconds(10)).await;
    let run = bench.submit([node("n")]).await;
    let start = Instant::now();
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    assert!(start.elapsed() <= millis(1_020), "{:?}", start.elapsed());
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_hint_saves_the_wait_and_a_thousand_of_them_start_nothing_twice() {
    let bench = WorkerBench::new();
    let slow = WorkerConfig {
        claim_poll: seconds(3_000),
        ..config("w")
    };
    let handler = Scripted::counting(3).works(|batch, _| async move {
        tokio::time::sleep(seconds(1)).await;
        Ok(BatchResult::new(batch.payload))
    });
    let made = handler.clone();
    let worker = start(
        bench
            .builder("w")
            .config(slow)
            .handler(ROLE, move || made.clone()),
    )
    .await;
    quiet().await;
    let run = bench.submit([node("n")]).await;
    let said = hint(&run);
    for _ in 0..500 {
        bench.say(commands(), &said).await;
        bench.say(commands(), &hint(&run)).await;
    }
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    assert_eq!(
        handler.log.entries(),
        ["init", "batches", "b0", "b1", "b2", "finalize", "cleanup"]
    );
    let stats = worker.stats();
    assert_eq!(stats.claimed, 1);
    assert!(
        stats.repeated_messages >= 499,
        "{}",
        stats.repeated_messages
    );
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_cache_of_messages_is_bounded_and_forgets() {
    let bench = WorkerBench::new();
    let small = WorkerConfig {
        dedup_cache_size: 3,
        dedup_ttl: seconds(60),
        ..config("w")
    };
    let worker = start(
        bench
            .builder("w")
            .config(small)
            .handler(ROLE, Scripted::default),
    )
    .await;
    let queries: Vec<_> = (0..4).map(|_| Envelope::new(Message::Query)).collect();
    let ask = async |at: usize| {
        bench.say(Topic::Query, &queries[at]).await;
        quiet().await;
        worker.stats().repeated_messages
    };
    assert_eq!(
        [ask(0).await, ask(0).await, ask(1).await, ask(2).await],
        [0, 1, 1, 1]
    );
    assert_eq!(
        [ask(3).await, ask(0).await],
        [1, 1],
        "the oldest was forgotten"
    );
    assert_eq!(ask(3).await, 2);
    tokio::time::sleep(seconds(61)).await;
    assert_eq!(ask(3).await, 2, "it was too long ago");
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_understood_is_kept_and_ends_no_loop() {
    let bench = WorkerBench::new();
    let worker = bench.worker("w", &Scripted::counting(1)).await;
    for topic in [commands(), Topic::Signals] {
        for bytes in [
            &b"garbage"[..],
            br#"{"v":9}"#,
            br#"{"v":1,"kind":"cancel"}"#,
        ] {
            let post = Post {
                topic: topic.clone(),
                key: String::new(),
                bytes: bytes.into(),
            };
            bench.bus.publish(post).await.unwrap();
        }
    }
    quiet().await;
    let run = bench.submit([node("n")]).await;
    let start = Instant::now();
    bench.say(commands(), &hint(&run)).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    assert!(
        start.elapsed() < millis(50),
        "the hint was heard: {:?}",
        start.elapsed()
    );
    let letters = bench.store.dead_letters(0, 100).await.unwrap();
    assert_eq!(letters.len(), 6);
    assert_eq!(letters[0].code, "not_json");
    assert_eq!(letters[0].raw, b"garbage");
    assert_eq!(worker.stats().dead_letters, 6);
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn readers_are_woken_by_hints_and_go_on_without_them() {
    for is_open in [true, false] {
        let bench = WorkerBench::new();
        let pull = Pull::from_nodes(["up"])
            .poll(seconds(100))
            .backoff_max(seconds(100));
        let up = Scripted::counting(3).works(|batch, _| async move {
            tokio::time::sleep(seconds(1)).await;
            Ok(BatchResult::new(batch.payload))
        });
        let builder = bench.builder("w").handler("up", move || up.clone());
        let worker = start(builder.handler(ROLE, Scripted::default)).await;
        if !is_open {
            bench.bus.close();
        }
        let start = Instant::now();
        let run = bench
            .submit([Node::new("up", "up"), node("n").pull(pull).streaming()])
            .await;
        assert_eq!(bench.ended(&run).await, RunState::Finished);
        assert_eq!(bench.outputs(&run, "n").await, ["0", "1", "2"]);
        assert_eq!(
            start.elapsed() < seconds(6),
            is_open,
            "{:?}",
            start.elapsed()
        );
        worker.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn each_node_goes_to_one_worker_and_only_to_one_of_its_role() {
    let bench = WorkerBench::new();
    let handler = Scripted::counting(2).works(|batch, _| async move {
        tokio::time::sleep(seconds(5)).await;
        Ok(BatchResult::new(batch.payload))
    });
    let mut workers = Vec::new();
    for id in ["a", "b", "c", "d", "e"] {
        workers.push(bench.worker(id, &handler).await);
    }
    let stranger = start(bench.builder("x").handler("other", Scripted::default)).await;
    let nodes = (0..10).map(|n| node(&format!("n{n}")));
    let run = bench.submit(nodes).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    let claimed: Vec<_> = workers
        .iter()
        .map(|worker| worker.stats().claimed)
        .collect();
    assert_eq!(claimed, [2; 5]);
    assert_eq!(handler.times("init"), 10);
    assert_eq!(stranger.stats().claimed, 0);
    let mut inbox = bench
        .bus
        .subscribe(vec![Topic::Announce], Audience::Each)
        .await
        .unwrap();
    for worker in workers.iter().chain([&stranger]) {
        worker.shutdown().await;
    }
    let mut left = 0;
    while let Ok(Some(Ok(post))) = tokio::time::timeout(millis(1), inbox.next()).await {
        let message = Envelope::decode(&post.bytes).unwrap().message;
        left += u32::from(matches!(message, Message::WorkerOffline(_)));
    }
    assert_eq!(left, 6);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_hinted_at_while_all_are_busy_is_run_when_one_is_free() {
    let bench = WorkerBench::new();
    let patient = WorkerConfig {
        capacity: 1,
        claim_poll: seconds(3_000),
        ..config("w")
    };
    let handler = Scripted::counting(1).works(|batch, _| async move {
        tokio::time::sleep(seconds(50)).await;
        Ok(BatchResult::new(batch.payload))
    });
    let builder = bench.builder("w").config(patient);
    let worker = start(builder.handler(ROLE, move || handler.clone())).await;
    let start = Instant::now();
    let mut runs = Vec::new();
    for _ in 0..4 {
        let run = bench.submit([node("n")]).await;
        bench.say(commands(), &hint(&run)).await;
        quiet().await;
        runs.push(run);
    }
    for run in &runs {
        assert_eq!(bench.ended(run).await, RunState::Finished);
        assert_eq!(bench.node(run, "n").await.epoch, 1);
    }
    assert!(
        start.elapsed() < seconds(205),
        "one behind the other: {:?}",
        start.elapsed()
    );
    worker.shutdown().await;
}
