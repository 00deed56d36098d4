//! Are nodes of lost workers run by others, once, and those of healthy ones left alone?

use antflow::cluster::graph::Node;
use antflow::cluster::handler::BatchResult;
use antflow::cluster::protocol::Topic;
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{
    ClaimRequest, CommitRequest, Finish, Lease, Offer, Payload, StoreError, TellStore, WorkStore,
};
use antflow_tests::coordinator_bench::{cluster, coordinator, listen, warnings};
use antflow_tests::worker_bench::{ROLE, Scripted, WorkerBench, node};
use antflow_tests::{Log, millis, quiet, seconds};
use tokio::time::Instant;

/// Takes a node as a worker that then does nothing more.
async fn taken(bench: &WorkerBench) -> Lease {
    let request = ClaimRequest {
        worker: "lost".into(),
        offers: vec![Offer {
            role: ROLE.into(),
            fingerprint: None,
        }],
        run: None,
        slots: 1,
        ttl: seconds(60),
    };
    let mut given = bench.store.claim(request).await.expect("it may claim");
    given.pop().expect("there is a node").lease
}

#[tokio::test(start_paused = true)]
async fn a_lost_worker_is_replaced_within_about_a_lease_and_its_late_results_are_void() {
    let bench = WorkerBench::new();
    let mut inbox = listen(&bench.bus, vec![Topic::Warnings]).await;
    let coordinator = coordinator(&bench, "c");
    let run = bench.submit([node("n")]).await;
    let lost = taken(&bench).await;
    let begun = Instant::now();
    let spare = bench.worker("spare", &Scripted::counting(4)).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    let took = begun.elapsed();
    assert!(took >= seconds(60) && took <= seconds(62), "{took:?}");

    let node = bench.node(&run, "n").await;
    assert_eq!(
        (node.epoch, node.interruptions),
        (2, 0),
        "batches are progress"
    );
    assert_eq!(coordinator.stats().reaped, 1);
    let said = warnings(&mut *inbox);
    assert!(
        matches!(&said[..], [(code, text)] if code == "lease_expired" && text.contains("`lost`")),
        "{said:?}"
    );
    let late = CommitRequest {
        lease: lost.clone(),
        batches: Vec::new(),
        cursors: Vec::new(),
        checkpoint: Some(Payload::default()),
    };
    let refused = bench.store.commit(late).await;
    assert!(matches!(refused, Err(StoreError::Fenced { .. })));
    let refused = bench.store.finish(lost, Finish::default()).await;
    assert!(matches!(refused, Err(StoreError::Fenced { .. })));
    coordinator.shutdown().await;
    spare.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_that_starts_again_leaves_healthy_runs_in_their_epoch() {
    let bench = WorkerBench::new();
    let slow = Scripted::counting(10).works(|batch, _| async move {
        tokio::time::sleep(seconds(30)).await;
        Ok(BatchResult::new(batch.payload))
    });
    let worker = bench.worker("w", &slow).await;
    let run = bench.submit([node("n"), node("m").depends_on(["n"])]).await;
    for id in ["a", "a", "b"] {
        let coordinator = coordinator(&bench, id);
        tokio::time::sleep(seconds(100)).await;
        // Dropped: as if its process had died.
        drop(coordinator);
        tokio::time::sleep(seconds(20)).await;
    }
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    for id in ["n", "m"] {
        assert_eq!(bench.node(&run, id).await.epoch, 1);
    }
    assert_eq!(slow.times("init"), 2);
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn several_coordinators_give_no_node_twice() {
    let bench = WorkerBench::new();
    let coordinators: Vec<_> = ["a", "b", "c"].map(|id| coordinator(&bench, id)).into();
    let calls: Log<String> = Log::new();
    let log = calls.clone();
    let function = move |call: antflow::cluster::coordinator::FunctionCall| {
        let log = log.clone();
        async move {
            log.push(format!("{}/{}", call.run(), call.node()));
            tokio::time::sleep(millis(5)).await;
            Ok(Finish::default())
        }
    };
    let mut with_function = Vec::new();
    for id in ["d", "e"] {
        let builder = antflow_tests::coordinator_bench::builder(&cluster(&bench), id);
        let builder = builder.function("note", function.clone());
        with_function.push(antflow_tests::coordinator_bench::start(builder));
    }
    for coordinator in coordinators {
        // They do not know the function, and would only defer its nodes.
        coordinator.shutdown().await;
    }
    let handler = Scripted::counting(1);
    let workers = [
        bench.worker("v", &handler).await,
        bench.worker("w", &handler).await,
    ];
    let mut runs = Vec::new();
    for _ in 0..30 {
        let note = Node::function("f", "note", serde_json::Map::new()).depends_on(["n"]);
        runs.push(bench.submit([node("n"), note]).await);
    }
    for run in &runs {
        assert_eq!(bench.ended(run).await, RunState::Finished);
        assert_eq!(bench.node(run, "n").await.epoch, 1);
        assert_eq!(bench.node(run, "f").await.epoch, 1);
    }
    let mut called = calls.entries();
    called.sort();
    called.dedup();
    assert_eq!((called.len(), calls.entries().len()), (30, 30));
    assert_eq!(handler.times("init"), 30);
    for coordinator in with_function {
        coordinator.shutdown().await;
    }
    for worker in workers {
        worker.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn several_coordinators_reap_a_lease_once() {
    let bench = WorkerBench::new();
    let coordinators: Vec<_> = ["a", "b", "c"].map(|id| coordinator(&bench, id)).into();
    let run = bench.submit([node("n")]).await;
    taken(&bench).await;
    tokio::time::sleep(seconds(70)).await;
    let node = bench.node(&run, "n").await;
    assert_eq!((node.state, node.interruptions), (NodeState::Ready, 1));
    let reaped: u64 = coordinators.iter().map(|one| one.stats().reaped).sum();
    assert_eq!(reaped, 1);
    let events = bench.store.events(run, 0, 100).await.unwrap();
    let expired = events
        .iter()
        .filter(|event| event.envelope.message.kind() == "lease_expired");
    assert_eq!(expired.count(), 1);
    for coordinator in coordinators {
        coordinator.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_fails_and_waits_for_its_workers_holds_up_no_other() {
    let bench = WorkerBench::new();
    let coordinator = coordinator(&bench, "c");
    // It fails at once; its neighbour does not care that it has to end.
    let handler = Scripted::counting(1).works(|batch, ctx| async move {
        match ctx.info().node.as_str() {
            "fails" => Err(antflow_tests::worker_bench::Planned {
                code: "broken",
                permanent: true,
            }
            .into()),
            "stubborn" => std::future::pending().await,
            _ => Ok(BatchResult::new(batch.payload)),
        }
    });
    let workers = [
        bench.worker("v", &handler).await,
        bench.worker("w", &handler).await,
    ];
    let failing = bench.submit([node("stubborn"), node("fails")]).await;
    bench
        .reaches(&failing, "stubborn", NodeState::Cancelling)
        .await;
    let begun = Instant::now();
    let other = bench.submit([node("n")]).await;
    assert_eq!(bench.ended(&other).await, RunState::Finished);
    assert!(begun.elapsed() < seconds(2), "{:?}", begun.elapsed());
    assert_eq!(bench.run(&failing).await.state, RunState::Failing);
    assert_eq!(bench.ended(&failing).await, RunState::Failed);
    let failed = bench.run(&failing).await;
    assert_eq!(failed.reason.as_deref(), Some("node fails: broken"));
    quiet().await;
    coordinator.shutdown().await;
    for worker in workers {
        worker.shutdown().await;
    }
}
