//! Do nodes go to those who have their role, as many at once as the limits allow, and is it said when nobody has it?

use std::collections::BTreeMap;

use antflow::cluster::graph::Node;
use antflow::cluster::handler::BatchResult;
use antflow::cluster::protocol::Topic;
use antflow::cluster::state::RunState;
use antflow::cluster::store::Limits;
use antflow_tests::coordinator_bench::{cluster, coordinator, listen, warnings};
use antflow_tests::worker_bench::{Scripted, WorkerBench, start};
use antflow_tests::{Gauge, Log, seconds};

/// Notes who runs which role, and how many at once.
fn noting(log: &Log<(String, String)>, gauge: &Gauge) -> Scripted {
    let (log, gauge) = (log.clone(), gauge.clone());
    Scripted::counting(1).works(move |batch, ctx| {
        let (log, gauge) = (log.clone(), gauge.clone());
        async move {
            let _inside = gauge.enter();
            log.push((ctx.info().worker.to_string(), ctx.info().role.to_string()));
            tokio::time::sleep(seconds(2)).await;
            Ok(BatchResult::new(batch.payload))
        }
    })
}

#[tokio::test(start_paused = true)]
async fn each_node_goes_to_one_worker_with_its_role_and_all_workers_are_used() {
    let bench = WorkerBench::new();
    let coordinator = coordinator(&bench, "c");
    let (log, gauge) = (Log::new(), Gauge::new());
    let handler = noting(&log, &gauge);
    let mut workers = Vec::new();
    for id in 0..5 {
        let make = handler.clone();
        let builder = bench.builder(&format!("cpu-{id}"));
        workers.push(start(builder.handler("cpu", move || make.clone())).await);
    }
    let make = handler.clone();
    workers.push(start(bench.builder("io-0").handler("io", move || make.clone())).await);
    let mut runs = Vec::new();
    for _ in 0..20 {
        runs.push(
            bench
                .submit([Node::new("a", "cpu"), Node::new("b", "io")])
                .await,
        );
    }
    for run in &runs {
        assert_eq!(bench.ended(run).await, RunState::Finished);
        assert_eq!(bench.node(run, "a").await.epoch, 1);
    }
    let mut by_worker: BTreeMap<String, u32> = BTreeMap::new();
    for (worker, role) in log.entries() {
        assert!(worker.starts_with(&role), "{worker} ran a node of {role}");
        *by_worker.entry(worker).or_default() += 1;
    }
    assert_eq!(by_worker.values().sum::<u32>(), 40);
    assert_eq!(by_worker.len(), 6, "all are used: {by_worker:?}");
    coordinator.shutdown().await;
    for worker in workers {
        worker.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn limits_hold_over_all_workers_and_runs() {
    for (limits, most) in [
        (
            Limits {
                global: Some(3),
                roles: BTreeMap::new(),
            },
            3,
        ),
        (
            Limits {
                global: None,
                roles: [("cpu".into(), 2)].into(),
            },
            2,
        ),
    ] {
        let bench = WorkerBench::new();
        let coordinators = [coordinator(&bench, "c"), coordinator(&bench, "d")];
        cluster(&bench).set_limits(limits.clone()).await.unwrap();
        assert_eq!(cluster(&bench).limits().await.unwrap(), limits);
        let (log, gauge) = (Log::new(), Gauge::new());
        let handler = noting(&log, &gauge);
        let mut workers = Vec::new();
        for id in 0..4 {
            let make = handler.clone();
            let builder = bench.builder(&format!("cpu-{id}"));
            workers.push(start(builder.handler("cpu", move || make.clone())).await);
        }
        let mut runs = Vec::new();
        for _ in 0..10 {
            runs.push(bench.submit([Node::new("a", "cpu")]).await);
        }
        for run in &runs {
            assert_eq!(bench.ended(run).await, RunState::Finished);
        }
        assert_eq!(gauge.peak(), most);
        for coordinator in coordinators {
            coordinator.shutdown().await;
        }
        for worker in workers {
            worker.shutdown().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_that_no_live_worker_has_is_warned_of_once() {
    let bench = WorkerBench::new();
    let mut inbox = listen(&bench.bus, vec![Topic::Warnings]).await;
    let coordinator = coordinator(&bench, "c");
    let asks = Node::new("typed", "role").fingerprint("v2");
    bench.submit([Node::new("n", "gpu_processing"), asks]).await;
    let builder = bench.builder("w");
    let worker = start(builder.handler_of("role", "v1", || Scripted::counting(1))).await;
    tokio::time::sleep(seconds(300)).await;
    let said = warnings(&mut *inbox);
    let codes: Vec<_> = said.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["no_worker", "other_fingerprint"], "{said:?}");
    assert!(said[0].1.contains("`gpu_processing`"), "{said:?}");
    assert!(
        said[1].1.contains("`v2`") && said[1].1.contains("`v1`"),
        "{said:?}"
    );
    assert_eq!(cluster(&bench).starving().await.unwrap().len(), 2);
    coordinator.shutdown().await;
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_falls_silent_counts_as_offline_and_is_warned_of() {
    let bench = WorkerBench::new();
    let cluster = cluster(&bench);
    let mut inbox = listen(&bench.bus, vec![Topic::Warnings]).await;
    let coordinator = coordinator(&bench, "c");
    let worker = bench.worker("w", &Scripted::counting(1)).await;
    tokio::time::sleep(seconds(1000)).await;
    assert!(warnings(&mut *inbox).is_empty(), "it is heard of");
    // As if its process had died.
    drop(worker);
    tokio::time::sleep(seconds(320)).await;
    let said = warnings(&mut *inbox);
    assert!(
        matches!(&said[..], [(code, _)] if code == "worker_silent"),
        "{said:?}"
    );
    let workers = cluster.workers().await.unwrap();
    assert_eq!(workers[0].announcement.status, "offline");
    coordinator.shutdown().await;
}
