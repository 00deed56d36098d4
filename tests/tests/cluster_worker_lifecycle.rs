//! What is asked of a handler, and in which order, whatever becomes of its run?

use antflow::Cancelled;
use antflow::cluster::handler::{BatchResult, Finalization};
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{CancelRequest, SteerStore};
use antflow_tests::worker_bench::{Planned, ROLE, Scripted, WorkerBench, node, start};
use antflow_tests::{Log, panic_quietly, quiet, seconds, within};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_well_is_set_up_processed_finalized_and_cleaned_up() {
    let bench = WorkerBench::new();
    let handler = Scripted::counting(3).ends(|ctx| {
        let end = Finalization::default().metric("total_items", ctx.total_processed() as f64);
        Ok(end.result(&json!({ "done": true }))?)
    });
    let worker = bench.worker("w", &handler).await;
    let run = bench.submit([node("n")]).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    assert_eq!(
        handler.log.entries(),
        ["init", "batches", "b0", "b1", "b2", "finalize", "cleanup"]
    );
    assert_eq!(bench.outputs(&run, "n").await, ["0", "1", "2"]);
    let record = bench.node(&run, "n").await;
    assert_eq!(record.totals.metrics["total_items"], 3.0);
    assert_eq!(record.result.unwrap().as_str(), r#"{"done":true}"#);
    within(worker.shutdown()).await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_cleaned_up_and_the_next_attempt_goes_on_behind_what_is_done() {
    let bench = WorkerBench::new();
    let handler = Scripted::counting(4);
    let log = handler.log.clone();
    let handler = handler.works(move |batch, _| {
        let is_first = log.entries().iter().filter(|entry| *entry == "b2").count() == 1;
        async move {
            if batch.uid == "b2" && is_first {
                return Err(Planned {
                    code: "flaky",
                    permanent: false,
                }
                .into());
            }
            Ok(BatchResult::new(batch.payload))
        }
    });
    let worker = bench.worker("w", &handler).await;
    let run = bench.submit([node("n")]).await;
    bench.reaches(&run, "n", NodeState::Deferred).await;
    assert_eq!(handler.living(), 0);
    let failure = bench.node(&run, "n").await.last_failure.unwrap();
    assert_eq!(failure.code, "flaky");
    assert_eq!(failure.batch_uid, Some("b2".into()));
    assert_eq!(failure.error.as_deref(), Some("flaky as planned"));

    assert_eq!(bench.ended(&run).await, RunState::Finished);
    assert_eq!(bench.outputs(&run, "n").await, ["0", "1", "2", "3"]);
    assert_eq!(
        handler.times("b0") + handler.times("b1"),
        2,
        "what is done is skipped"
    );
    assert_eq!(handler.times("cleanup"), 2);
    assert_eq!(bench.node(&run, "n").await.epoch, 2);
    let stats = worker.stats();
    assert_eq!((stats.claimed, stats.failed, stats.finished), (2, 1, 1));
    assert_eq!(
        (stats.batches, stats.failed_batches, stats.duplicate_batches),
        (4, 1, 2)
    );
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_is_a_failure_with_its_code_and_is_cleaned_up() {
    let cases = [
        (Scripted::counting(1).fails_to_init(), "no_pool"),
        (
            Scripted::counting(1).works(|_, _| async {
                panic_quietly("as planned");
                Ok(BatchResult::nothing())
            }),
            "panicked",
        ),
        (
            Scripted::counting(1).works(|_, _| async { Err(Cancelled.into()) }),
            "cancelled",
        ),
        (
            Scripted::counting(1).works(|batch, _| async {
                Ok(BatchResult::new(batch.payload).metric("ratio", f64::NAN))
            }),
            "bad_output",
        ),
        (
            Scripted::default().makes(|_| {
                panic_quietly("as planned");
                Vec::new()
            }),
            "panicked",
        ),
        (
            Scripted::default().ends(|_| {
                panic_quietly("as planned");
                Ok(Finalization::default())
            }),
            "panicked",
        ),
        (
            Scripted::default()
                .ends(|_| Ok(Finalization::default().metric("ratio", f64::INFINITY))),
            "bad_output",
        ),
    ];
    for (handler, code) in cases {
        let bench = WorkerBench::new();
        let worker = bench.worker("w", &handler).await;
        let graph = node("n").retry(antflow::cluster::graph::RetryPolicy::never());
        let run = bench.submit([graph]).await;
        assert_eq!(bench.ended(&run).await, RunState::Failed, "{code}");
        let failure = bench.node(&run, "n").await.last_failure.unwrap();
        assert_eq!(failure.code, code, "{failure:?}");
        assert_eq!(
            (handler.times("cleanup"), handler.living()),
            (1, 0),
            "{code}"
        );
        worker.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_and_a_worker_that_shuts_down_are_cleaned_up() {
    for is_cancelled in [true, false] {
        let bench = WorkerBench::new();
        let handler = Scripted::counting(2).works(|_, ctx| async move {
            ctx.cancelled().await;
            Err(Cancelled.into())
        });
        let worker = bench.worker("w", &handler).await;
        let run = bench.submit([node("n")]).await;
        bench.reaches(&run, "n", NodeState::Running).await;
        quiet().await;
        if is_cancelled {
            let request = CancelRequest {
                run: run.clone(),
                reason: "enough".into(),
                grace: None,
            };
            drop(bench.store.cancel(request).await.unwrap());
            assert_eq!(bench.ended(&run).await, RunState::Cancelled);
            assert_eq!(worker.stats().cancelled, 1);
        } else {
            within(worker.shutdown()).await;
            assert_eq!(bench.node(&run, "n").await.state, NodeState::Ready);
            assert_eq!(worker.stats().released, 1);
        }
        assert_eq!(handler.log.entries(), ["init", "batches", "b0", "cleanup"]);
        assert_eq!(handler.living(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failing_batch_stops_those_beside_it_before_the_node_is_tried_again() {
    let bench = WorkerBench::new();
    let handler = Scripted::counting(3).works(|batch, ctx| async move {
        if batch.uid == "b1" {
            tokio::time::sleep(seconds(1)).await;
            return Err(Planned {
                code: "broken",
                permanent: true,
            }
            .into());
        }
        ctx.cancelled().await;
        let reason = ctx.cancel_reason().expect("it is cancelled");
        assert_eq!(reason.reason, "another batch failed: broken");
        Err(Cancelled.into())
    });
    let worker = bench.worker("w", &handler).await;
    let run = bench.submit([node("n").concurrency(3)]).await;
    assert_eq!(bench.ended(&run).await, RunState::Failed);
    let failure = bench.node(&run, "n").await.last_failure.unwrap();
    assert_eq!((failure.code.as_str(), failure.permanent), ("broken", true));
    assert!(bench.outputs(&run, "n").await.is_empty());
    assert_eq!(worker.stats().failed_batches, 3);
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_batch_writes_is_there_with_the_batch_or_not_at_all() {
    let bench = WorkerBench::new();
    let handler = Scripted::counting(2).works(|batch, ctx| async move {
        let artifacts = ctx.artifacts();
        artifacts.upsert_partial(batch.uid.clone(), json!({ "items": [1] }))?;
        artifacts.upsert_with("beside", json!({}), &"first")?;
        artifacts.upsert_with(format!("beside {}", batch.uid), json!({}), &"second")?;
        assert!(
            artifacts.upsert_partial("x", json!([])).is_err(),
            "this is no object"
        );
        if batch.uid == "b1" {
            return Err(Planned {
                code: "late",
                permanent: true,
            }
            .into());
        }
        Ok(BatchResult::new(batch.payload))
    });
    let worker = bench.worker("w", &handler).await;
    let run = bench.submit([node("n")]).await;
    assert_eq!(bench.ended(&run).await, RunState::Failed);
    let artifacts = bench.artifacts(&run, "n").await;
    let uids: Vec<_> = artifacts
        .iter()
        .map(|artifact| artifact.uid.as_str())
        .collect();
    assert_eq!(uids, ["b0", "beside", "beside b0"]);
    assert_eq!(artifacts[0].payload.as_str(), "0");
    assert_eq!(artifacts[0].meta["items"], json!([1]));
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_a_handler_of_its_own() {
    let bench = WorkerBench::new();
    let (made, used) = (Log::<()>::new(), Log::<(String, usize)>::new());
    let seen = used.clone();
    let make = move || {
        made.push(());
        let (mine, used) = (made.entries().len(), seen.clone());
        Scripted::counting(2).works(move |batch, ctx| {
            used.push((ctx.info().node.to_string(), mine));
            let fails = ctx.info().node == "b" && ctx.info().epoch == 1;
            async move {
                tokio::time::sleep(seconds(1)).await;
                if fails {
                    return Err("as planned".into());
                }
                Ok(BatchResult::new(batch.payload))
            }
        })
    };
    let worker = start(bench.builder("w").handler(ROLE, make)).await;
    let run = bench.submit([node("a"), node("b")]).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    let used = used.entries();
    let of = |id: &str| -> Vec<_> {
        used.iter()
            .filter(|(node, _)| node == id)
            .map(|(_, n)| *n)
            .collect()
    };
    let (a, b) = (of("a"), of("b"));
    assert_eq!(a, [a[0]; 2], "one for all batches");
    assert_eq!(b, [b[0], b[1], b[1]], "another one after the failure");
    assert!(a[0] != b[0] && b[0] != b[1] && a[0] != b[1], "{a:?} {b:?}");
    worker.shutdown().await;
}
