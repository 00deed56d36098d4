//! Does a worker that starts again go on where it was, with its checkpoint, and with nothing lost or doubled?

use antflow::cluster::handler::{BatchResult, CheckpointError, Finalization};
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::QueryStore;
use antflow_tests::worker_bench::{Planned, Scripted, WorkerBench, node};
use antflow_tests::{Log, quiet, seconds};
use serde_json::{Value, json};

/// A handler that begins behind its checkpoint, and saves one with each batch.
fn resuming(batches: u64) -> Scripted {
    Scripted::default()
        .makes(move |ctx| {
            let from: Option<u64> = ctx.checkpoint().expect("it is a number");
            let from = from.unwrap_or_default();
            (from..batches)
                .map(|n| (format!("b{n}"), json!(n)))
                .collect()
        })
        .works(|batch, _| async move {
            tokio::time::sleep(seconds(1)).await;
            let next = batch.payload.as_u64().expect("it is a number") + 1;
            Ok(BatchResult::new(batch.payload).checkpoint(&next)?)
        })
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_died_and_starts_again_goes_on_in_the_same_epoch() {
    let bench = WorkerBench::new();
    let first = resuming(6);
    let worker = bench.worker("w", &first).await;
    let run = bench.submit([node("n")]).await;
    bench
        .wait_for(&run, "n", |node| node.totals.batches == 3)
        .await;
    let old_lease = bench.node(&run, "n").await.lease.unwrap().id;
    // Its process dies.
    drop(worker);
    quiet().await;
    assert_eq!(first.times("cleanup"), 0);
    let active = bench.store.active_runs(Some("w".into())).await.unwrap();
    assert_eq!(active.len(), 1, "its run waits for it");
    assert_eq!(active[0].checkpoint.as_ref().unwrap().data.as_str(), "3");

    let second = resuming(6);
    let worker = bench.worker("w", &second).await;
    assert_ne!(bench.node(&run, "n").await.lease.unwrap().id, old_lease);
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    assert_eq!(
        second.log.entries(),
        ["init", "batches", "b3", "b4", "b5", "finalize", "cleanup"]
    );
    assert_eq!(
        bench.outputs(&run, "n").await,
        ["0", "1", "2", "3", "4", "5"]
    );
    let record = bench.node(&run, "n").await;
    assert_eq!((record.epoch, record.totals.batches), (1, 6));
    let stats = worker.stats();
    assert_eq!((stats.resumed, stats.claimed, stats.batches), (1, 0, 3));
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_checkpoint_what_is_committed_is_skipped() {
    let bench = WorkerBench::new();
    let slow = || {
        Scripted::counting(100).works(|batch, _| async move {
            // Some are much slower than those behind them.
            let pause = if batch.payload.as_u64() == Some(1) {
                30
            } else {
                1
            };
            tokio::time::sleep(seconds(pause)).await;
            Ok(BatchResult::new(batch.payload).metric("items", 1.0))
        })
    };
    let worker = bench.worker("w", &slow()).await;
    let run = bench.submit([node("n").concurrency(4)]).await;
    bench
        .wait_for(&run, "n", |node| node.totals.batches >= 40)
        .await;
    drop(worker);
    let second = slow();
    let worker = bench.worker("w", &second).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    let mut outputs = bench.outputs(&run, "n").await;
    outputs.sort_by_key(|output| output.parse::<u64>().unwrap());
    let expected: Vec<_> = (0..100).map(|n| n.to_string()).collect();
    assert_eq!(outputs, expected);
    assert_eq!(second.times("b1"), 1, "it was missing");
    assert_eq!(second.times("b2"), 0, "it was committed before b1");
    assert_eq!(bench.node(&run, "n").await.totals.metrics["items"], 100.0);
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_is_durable_when_saving_returns_and_is_gone_at_the_end() {
    let bench = WorkerBench::new();
    let seen = Log::<Option<Value>>::new();
    let reading = seen.clone();
    let handler = Scripted::counting(2)
        .works(|batch, ctx| async move {
            ctx.save_checkpoint(&json!({ "last_id": batch.uid.as_str() }))
                .await?;
            let saved: Option<Value> = ctx.checkpoint()?;
            assert_eq!(saved, Some(json!({ "last_id": batch.uid.as_str() })));
            assert!(matches!(
                ctx.checkpoint::<u32>(),
                Err(CheckpointError::Json(_))
            ));
            if batch.uid == "b1" && ctx.info().epoch == 1 {
                return Err(Planned {
                    code: "flaky",
                    permanent: false,
                }
                .into());
            }
            Ok(BatchResult::new(batch.payload))
        })
        .makes(move |ctx| {
            reading.push(ctx.checkpoint().expect("any value will do"));
            vec![("b0".to_owned(), json!(0)), ("b1".to_owned(), json!(1))]
        })
        .ends(|ctx| {
            assert!(ctx.checkpoint::<Value>()?.is_some());
            Ok(Finalization::default())
        });
    let worker = bench.worker("w", &handler).await;
    let run = bench.submit([node("n")]).await;
    bench.reaches(&run, "n", NodeState::Deferred).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    assert_eq!(seen.entries(), [None, Some(json!({ "last_id": "b1" }))]);
    let active = bench.store.active_runs(None).await.unwrap();
    assert!(active.is_empty());
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_never_stands_before_a_batch_that_is_missing() {
    let bench = WorkerBench::new();
    let handler = Scripted::counting(3).works(|batch, ctx| async move {
        let n = batch.payload.as_u64().expect("it is a number");
        if n == 0 {
            tokio::time::sleep(seconds(20)).await;
            return Err(Planned {
                code: "late",
                permanent: false,
            }
            .into());
        }
        if n == 1 {
            return Ok(BatchResult::new(batch.payload).checkpoint(&n)?);
        }
        // It has to wait for batch 0, which fails.
        let saved = ctx.save_checkpoint(&n).await;
        assert!(matches!(saved, Err(CheckpointError::Cancelled(_))));
        saved?;
        Ok(BatchResult::nothing())
    });
    let worker = bench.worker("w", &handler).await;
    let run = bench.submit([node("n").concurrency(3)]).await;
    bench.reaches(&run, "n", NodeState::Running).await;
    tokio::time::sleep(seconds(10)).await;
    let active = bench.store.active_runs(None).await.unwrap();
    assert_eq!(active[0].checkpoint, None);
    bench.reaches(&run, "n", NodeState::Deferred).await;
    assert_eq!(bench.outputs(&run, "n").await, ["1"]);
    drop(worker);
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_the_store_that_is_lost_doubles_nothing() {
    let bench = WorkerBench::new();
    for operation in ["commit", "finish", "resume"] {
        bench.store.lose_answers(operation, 2);
    }
    let worker = bench.worker("w", &resuming(4)).await;
    let run = bench.submit([node("n")]).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    assert_eq!(bench.outputs(&run, "n").await, ["0", "1", "2", "3"]);
    // The first commit was made by a try of which nobody heard.
    assert_eq!(bench.node(&run, "n").await.totals.batches, 4);
    quiet().await;
    assert!(worker.stats().store_errors >= 4);
    worker.shutdown().await;
}
