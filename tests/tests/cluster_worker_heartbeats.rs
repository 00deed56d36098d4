//! Are leases kept by one call for all, are heartbeats those of the run alone, and does a worker say how it is?

use antflow::cluster::bus::{Audience, Bus, Inbox};
use antflow::cluster::graph::Node;
use antflow::cluster::handler::BatchResult;
use antflow::cluster::protocol::{Envelope, Message, Topic};
use antflow::cluster::state::RunState;
use antflow::cluster::store::{QueryStore, TellStore};
use antflow_tests::worker_bench::{Scripted, WorkerBench, node, start};
use antflow_tests::{millis, quiet, seconds};
use serde_json::{json, to_value};

fn slow(batches: u64, pause: u64) -> Scripted {
    Scripted::counting(batches).works(move |batch, _| async move {
        tokio::time::sleep(seconds(pause)).await;
        Ok(BatchResult::new(batch.payload).metric("items", 2.0))
    })
}

async fn heard(inbox: &mut Box<dyn Inbox>) -> Vec<Envelope> {
    let mut all = Vec::new();
    while let Ok(Some(Ok(post))) = tokio::time::timeout(millis(1), inbox.next()).await {
        all.push(Envelope::decode(&post.bytes).expect("it is ours"));
    }
    all
}

#[tokio::test(start_paused = true)]
async fn heartbeats_are_those_of_the_run_and_of_its_role_alone() {
    let bench = WorkerBench::new();
    let builder = bench.builder("w").handler("a", || slow(1, 100));
    let worker = start(builder.handler("b", || slow(1, 100))).await;
    let listen = async |role: &str| {
        let topics = vec![Topic::Status(role.into())];
        bench.bus.subscribe(topics, Audience::Each).await.unwrap()
    };
    let (mut on_a, mut on_b) = (listen("a").await, listen("b").await);
    let run = bench
        .submit([
            Node::new("na", "a"),
            Node::new("nb", "b").depends_on(["na"]),
        ])
        .await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    tokio::time::sleep(seconds(100)).await;
    for (inbox, id) in [(&mut on_a, "na"), (&mut on_b, "nb")] {
        let said = heard(inbox).await;
        let beats = said
            .iter()
            .filter(|said| matches!(said.message, Message::TaskHeartbeat { .. }));
        let nodes: Vec<_> = beats
            .map(|said| said.node.as_ref().unwrap().as_str())
            .collect();
        assert!(nodes.len() >= 4 && nodes.len() <= 6, "{nodes:?}");
        assert!(nodes.iter().all(|node| *node == id), "{nodes:?}");
    }
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn one_call_extends_all_leases_and_deadlines_only_move_forward() {
    let bench = WorkerBench::new();
    let worker = bench.worker("w", &slow(1, 200)).await;
    let run = bench.submit([node("a"), node("b")]).await;
    quiet().await;
    tokio::time::sleep(seconds(2)).await;
    let before = bench.store.asked("extend");
    let mut last = Default::default();
    for _ in 0..5 {
        tokio::time::sleep(seconds(20)).await;
        let deadlines = [bench.node(&run, "a").await, bench.node(&run, "b").await]
            .map(|node| node.lease.unwrap().deadline);
        assert_eq!(deadlines[0], deadlines[1]);
        assert!(deadlines[0] > last);
        last = deadlines[0];
        let now = bench.store.now().await.unwrap();
        assert!(
            last.since(now) >= seconds(40),
            "at least two heartbeats may be lost"
        );
    }
    assert_eq!(bench.store.asked("extend") - before, 5);
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    let stats = worker.stats();
    let margin = stats.least_lease_margin_ms.unwrap();
    assert!((40_000..=60_000).contains(&margin), "{margin}");
    assert!(stats.heartbeat_age_ms.unwrap() <= 20_000);
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn announcement_and_health_have_the_fields_of_the_guide() {
    let bench = WorkerBench::new();
    let mut announced = bench
        .bus
        .subscribe(vec![Topic::Announce], Audience::Each)
        .await
        .unwrap();
    let mut replies = bench
        .bus
        .subscribe(vec![Topic::Reply], Audience::Each)
        .await
        .unwrap();
    let builder = bench
        .builder("worker-abc123")
        .handler("processor", || slow(1, 100));
    let worker = start(builder.handler("analyzer", || slow(1, 100))).await;
    quiet().await;
    let announcement = json!({
        "worker_id": "worker-abc123",
        "type": "analyzer,processor",
        "capabilities": { "roles": ["analyzer", "processor"], "fingerprints": {} },
        "version": "2.0.0",
        "capacity": { "tasks": 2 },
        "status": "online",
    });
    assert_eq!(to_value(worker.announcement()).unwrap(), announcement);
    let said = heard(&mut announced).await;
    let Message::WorkerOnline(online) = &said[0].message else {
        panic!("this is no announcement: {said:?}");
    };
    assert_eq!(to_value(online).unwrap(), announcement);
    assert_eq!(
        bench.store.workers().await.unwrap()[0].announcement,
        *online
    );

    let health = to_value(worker.health()).unwrap();
    assert_eq!(health["busy"], json!(false));
    assert_eq!(health["active_task"], json!(null));
    let first = bench.submit([Node::new("n", "processor")]).await;
    let second = bench.submit([Node::new("n", "analyzer")]).await;
    tokio::time::sleep(seconds(30)).await;
    let health = worker.health();
    let written = to_value(&health).unwrap();
    assert_eq!(written["worker_id"], json!("worker-abc123"));
    assert_eq!(written["roles"], json!(["analyzer", "processor"]));
    assert_eq!(written["busy"], json!(true));
    assert!(
        health.active_task == Some(first.clone()) || health.active_task == Some(second.clone())
    );
    let now = bench.store.now().await.unwrap();
    assert!(now.since(health.last_heartbeat.unwrap()) <= seconds(20));

    let query = Envelope::new(Message::Query);
    bench.say(Topic::Query, &query).await;
    bench
        .say(
            Topic::Query,
            &Envelope::new(Message::Query).target("another".into()),
        )
        .await;
    quiet().await;
    let said = heard(&mut replies).await;
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].corr_id, Some(query.dedup_id));
    assert_eq!(said[0].message, Message::Reply(worker.health()));

    for run in [&first, &second] {
        assert_eq!(bench.ended(run).await, RunState::Finished);
    }
    drop(heard(&mut announced).await);
    tokio::time::sleep(seconds(120)).await;
    assert_eq!(heard(&mut announced).await.len(), 2, "again and again");
    worker.shutdown().await;
    assert_eq!(
        bench.store.workers().await.unwrap()[0].announcement.status,
        "offline"
    );
    assert!(
        heard(&mut announced)
            .await
            .iter()
            .any(|said| matches!(said.message, Message::WorkerOffline(_)))
    );
}

#[tokio::test(start_paused = true)]
async fn numbers_are_exact_and_runs_with_equal_names_are_kept_apart() {
    let bench = WorkerBench::new();
    let counts = |batches: u64| {
        Scripted::counting(batches).works(|batch, ctx| async move {
            let items = if batch.uid == "b0" { 3.0 } else { 10.0 };
            // The first try of some batches fails, and counts for nothing.
            if ctx.info().epoch == 1 && batch.uid == "b1" {
                return Err("as planned".into());
            }
            Ok(BatchResult::new(batch.payload).metric("items", items))
        })
    };
    let builder = bench.builder("w").handler("few", move || counts(3));
    let worker = start(builder.handler("many", move || counts(30))).await;
    let retried = |role: &str| {
        let retry = antflow::cluster::graph::RetryPolicy::default().backoff(seconds(1));
        Node::new("n", role).retry(retry)
    };
    let few = bench.submit([retried("few")]).await;
    let many = bench.submit([retried("many")]).await;
    for (run, batches) in [(few, 3_u32), (many, 30)] {
        assert_eq!(bench.ended(&run).await, RunState::Finished);
        let totals = bench.node(&run, "n").await.totals;
        assert_eq!(totals.batches, u64::from(batches));
        assert_eq!(totals.metrics["items"], f64::from(3 + 10 * (batches - 1)));
    }
    let stats = worker.stats();
    assert_eq!(
        (stats.batches, stats.failed_batches, stats.active),
        (33, 2, 0)
    );
    assert_eq!((stats.claimed, stats.failed, stats.finished), (4, 2, 2));
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_question_is_heard_by_all_workers_and_answered_by_each_of_them() {
    let bench = WorkerBench::new();
    let topics = vec![Topic::Reply];
    let mut replies = bench.bus.subscribe(topics, Audience::Each).await.unwrap();
    let mut workers = Vec::new();
    for (id, role) in [("a", "r"), ("b", "r"), ("c", "other")] {
        workers.push(start(bench.builder(id).handler(role, Scripted::default)).await);
    }
    bench
        .say(Topic::Query, &Envelope::new(Message::Query))
        .await;
    quiet().await;
    let said = heard(&mut replies).await.into_iter();
    let mut answered: Vec<_> = said
        .filter_map(|said| match said.message {
            Message::Reply(health) => Some(health.worker.to_string()),
            _ => None,
        })
        .collect();
    answered.sort();
    assert_eq!(answered, ["a", "b", "c"]);
    for worker in workers {
        worker.shutdown().await;
    }
}
