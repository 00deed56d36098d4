//! Do the handlers of the guide run as it writes them: lifecycle, context, classes of errors, pools, numbers?

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use antflow::BoxError;
use antflow::cluster::handler::{
    Batch, BatchResult, ErrorClass, Finalization, Handler, RunContext, RunInfo,
};
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{CancelRequest, SteerStore};
use antflow::cluster::worker::memory_usage;
use antflow_tests::worker_bench::{ROLE, Scripted, WorkerBench, node, start};
use antflow_tests::{Log, seconds};
use futures::stream::{self, Stream};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

/// The guide's `CustomHandler`.
struct CustomHandler {
    task_id: Option<String>,
    log: Log<String>,
}

impl Handler for CustomHandler {
    type Input = Map<String, Value>;
    type Batch = (u64, u64);
    type Output = u64;
    type Error = BoxError;

    async fn init(&mut self, info: &RunInfo) -> Result<(), BoxError> {
        self.task_id = Some(info.run.to_string());
        self.log
            .push(format!("{} {} {}", info.node, info.epoch, info.worker));
        Ok(())
    }

    fn batches(
        &self,
        input: Map<String, Value>,
        _: &RunContext,
    ) -> impl Stream<Item = Result<Batch<(u64, u64)>, BoxError>> + Send {
        let size = input.get("batch_size").and_then(Value::as_u64);
        let size = size.unwrap_or(10);
        let starts = (0..100).step_by(usize::try_from(size).unwrap_or(usize::MAX));
        stream::iter(starts.map(move |start| {
            Ok(Batch::new(
                format!("batch_{start}"),
                (start, (start + size).min(100)),
            ))
        }))
    }

    async fn process_batch(
        &self,
        batch: Batch<(u64, u64)>,
        ctx: &RunContext,
    ) -> Result<BatchResult<u64>, BoxError> {
        let (start, end) = batch.payload;
        ctx.check_cancelled()?;
        let written = ctx
            .artifacts()
            .upsert_partial(batch.uid.clone(), json!({ "items_processed": end - start }))?;
        assert_eq!(
            (&written.uid, written.run.as_str()),
            (&batch.uid, ctx.info().run.as_str())
        );
        Ok(BatchResult::new(end - start).metric("items_processed", (end - start) as f64))
    }

    async fn finalize(&self, ctx: &RunContext) -> Result<Finalization, BoxError> {
        assert_eq!(self.task_id.as_deref(), Some(ctx.info().run.as_str()));
        Ok(Finalization::default().metric("total_batches", ctx.total_processed() as f64))
    }
}

#[tokio::test(start_paused = true)]
async fn the_custom_handler_of_the_guide_runs_as_it_is_written() {
    let (bench, log) = (WorkerBench::new(), Log::new());
    let seen = log.clone();
    let make = move || CustomHandler {
        task_id: None,
        log: seen.clone(),
    };
    let worker = start(bench.builder("w").handler(ROLE, make)).await;
    let plain = bench.submit([node("plain")]).await;
    let sized = bench.submit([node("sized").with("batch_size", 30)]).await;
    for (run, id, batches) in [(&plain, "plain", 10), (&sized, "sized", 4)] {
        assert_eq!(bench.ended(run).await, RunState::Finished);
        let totals = bench.node(run, id).await.totals;
        assert_eq!(totals.batches, batches);
        assert_eq!(totals.metrics["items_processed"], 100.0);
        assert_eq!(totals.metrics["total_batches"], batches as f64);
    }
    let artifacts = bench.artifacts(&sized, "sized").await;
    let last = artifacts.last().unwrap();
    assert_eq!(
        (last.uid.as_str(), last.payload.as_str()),
        ("batch_90", "10")
    );
    assert_eq!(last.meta["items_processed"], json!(10));
    let mut inits = log.entries();
    inits.sort();
    assert_eq!(inits, ["plain 1 w", "sized 1 w"]);
    worker.shutdown().await;
}

/// What has to be written, and nothing else.
struct Minimal(Log<Map<String, Value>>);

impl Handler for Minimal {
    type Input = Map<String, Value>;
    type Batch = String;
    type Output = String;
    type Error = BoxError;

    fn batches(
        &self,
        input: Map<String, Value>,
        _: &RunContext,
    ) -> impl Stream<Item = Result<Batch<String>, BoxError>> + Send {
        self.0.push(input);
        stream::iter([Ok(Batch::new("batch_1", "example".to_owned()))])
    }

    async fn process_batch(
        &self,
        batch: Batch<String>,
        _: &RunContext,
    ) -> Result<BatchResult<String>, BoxError> {
        Ok(BatchResult::new(batch.payload).metric("processed", 1.0))
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_needs_two_methods_and_finds_no_input_where_none_is_given() {
    let (bench, inputs) = (WorkerBench::new(), Log::new());
    let seen = inputs.clone();
    let worker = start(
        bench
            .builder("w")
            .handler(ROLE, move || Minimal(seen.clone())),
    )
    .await;
    let run = bench.submit([node("n")]).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    assert_eq!(inputs.entries(), [Map::new()]);
    assert_eq!(bench.node(&run, "n").await.totals.metrics["processed"], 1.0);
    worker.shutdown().await;
}

/// What may go wrong in the guide.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("{self:?}")]
enum Wrong {
    Value,
    Connection,
    Another,
}

/// The guide's `classify_error`.
struct Classifies(Wrong);

impl Handler for Classifies {
    type Input = Map<String, Value>;
    type Batch = u64;
    type Output = u64;
    type Error = Wrong;

    fn batches(
        &self,
        _: Map<String, Value>,
        _: &RunContext,
    ) -> impl Stream<Item = Result<Batch<u64>, Wrong>> + Send {
        stream::iter([Ok(Batch::new("b", 0))])
    }

    async fn process_batch(
        &self,
        batch: Batch<u64>,
        ctx: &RunContext,
    ) -> Result<BatchResult<u64>, Wrong> {
        if ctx.info().epoch == 1 {
            return Err(self.0);
        }
        Ok(BatchResult::new(batch.payload))
    }

    fn classify_error(&self, error: &Wrong) -> ErrorClass {
        match error {
            Wrong::Value => ErrorClass::permanent("validation_error"),
            Wrong::Connection => ErrorClass::transient("connection_error"),
            Wrong::Another => ErrorClass::transient("unknown_error"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_class_of_an_error_decides_about_another_attempt() {
    let bench = WorkerBench::new();
    for (wrong, code, is_permanent) in [
        (Wrong::Value, "validation_error", true),
        (Wrong::Connection, "connection_error", false),
        (Wrong::Another, "unknown_error", false),
    ] {
        let worker = start(bench.builder("w").handler(ROLE, move || Classifies(wrong))).await;
        let run = bench.submit([node("n")]).await;
        let ended = bench.ended(&run).await;
        let record = bench.node(&run, "n").await;
        let failure = record.last_failure.unwrap();
        assert_eq!(
            (failure.code.as_str(), failure.permanent),
            (code, is_permanent)
        );
        let expected = if is_permanent {
            (RunState::Failed, NodeState::Failed, 1)
        } else {
            (RunState::Finished, NodeState::Finished, 2)
        };
        assert_eq!((ended, record.state, record.epoch), expected, "{wrong}");
        worker.shutdown().await;
    }
}

/// A pool that counts those that are open.
struct Pool(Arc<AtomicUsize>);

/// The guide's `DatabaseHandler`: a pool for each run.
struct DatabaseHandler {
    open: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    pool: Option<Pool>,
}

impl Handler for DatabaseHandler {
    type Input = Map<String, Value>;
    type Batch = u64;
    type Output = u64;
    type Error = BoxError;

    async fn init(&mut self, _: &RunInfo) -> Result<(), BoxError> {
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(open, Ordering::SeqCst);
        self.pool = Some(Pool(Arc::clone(&self.open)));
        Ok(())
    }

    fn batches(
        &self,
        _: Map<String, Value>,
        _: &RunContext,
    ) -> impl Stream<Item = Result<Batch<u64>, BoxError>> + Send {
        stream::iter((0..3).map(|n| Ok(Batch::new(format!("b{n}"), n))))
    }

    async fn process_batch(
        &self,
        batch: Batch<u64>,
        ctx: &RunContext,
    ) -> Result<BatchResult<u64>, BoxError> {
        assert!(
            self.pool.is_some(),
            "each run has a handler of its own, with its pool"
        );
        ctx.sleep(seconds(10)).await?;
        if ctx.info().node == "fails" {
            return Err("as planned".into());
        }
        Ok(BatchResult::new(batch.payload))
    }

    async fn cleanup(&self) -> Result<(), BoxError> {
        let pool = self.pool.as_ref().ok_or("there is no pool")?;
        pool.0.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn each_run_has_a_handler_of_its_own_whose_pool_is_closed_however_it_ends() {
    let bench = WorkerBench::new();
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (of_handlers, at_once) = (Arc::clone(&open), Arc::clone(&most));
    let make = move || DatabaseHandler {
        open: Arc::clone(&of_handlers),
        most: Arc::clone(&at_once),
        pool: None,
    };
    let worker = start(bench.builder("w").handler(ROLE, make)).await;
    let good = bench.submit([node("good")]).await;
    let bad = bench.submit([node("fails")]).await;
    assert_eq!(bench.ended(&bad).await, RunState::Failed);
    assert_eq!(bench.ended(&good).await, RunState::Finished);
    let cancelled = bench.submit([node("good")]).await;
    bench.reaches(&cancelled, "good", NodeState::Running).await;
    let request = CancelRequest {
        run: cancelled.clone(),
        reason: "enough".into(),
        grace: None,
    };
    drop(bench.store.cancel(request).await.unwrap());
    assert_eq!(bench.ended(&cancelled).await, RunState::Cancelled);
    let left = bench.submit([node("good")]).await;
    bench.reaches(&left, "good", NodeState::Running).await;
    worker.shutdown().await;
    assert_eq!(
        (open.load(Ordering::SeqCst), most.load(Ordering::SeqCst)),
        (0, 2)
    );
    assert_eq!(worker.stats().failed_cleanups, 0);
}

#[tokio::test(start_paused = true)]
async fn batches_wait_at_the_same_time_as_the_graph_says() {
    let bench = WorkerBench::new();
    let slow = Scripted::counting(8).works(|batch, _| async move {
        tokio::time::sleep(seconds(10)).await;
        Ok(BatchResult::new(batch.payload))
    });
    let worker = bench.worker("w", &slow).await;
    let begun = Instant::now();
    let run = bench.submit([node("n").concurrency(4)]).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    let took = begun.elapsed();
    assert!(took >= seconds(20) && took < seconds(23), "{took:?}");
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_reports_items_time_and_memory_which_are_summed_for_its_node() {
    let bench = WorkerBench::new();
    let handler = Scripted::counting(3).works(|batch, _| async move {
        let start = Instant::now();
        tokio::time::sleep(seconds(2)).await;
        let megabytes = memory_usage().map_or(1.0, |bytes| bytes as f64 / 1e6);
        Ok(BatchResult::new(batch.payload)
            .metric("items_processed", 5.0)
            .metric("processing_time_ms", start.elapsed().as_millis() as f64)
            .metric("memory_used_mb", megabytes))
    });
    let worker = bench.worker("w", &handler).await;
    let run = bench.submit([node("n")]).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    let metrics = bench.node(&run, "n").await.totals.metrics;
    assert_eq!(metrics["items_processed"], 15.0);
    assert!(metrics["processing_time_ms"] >= 6000.0);
    assert!(metrics["memory_used_mb"] >= 3.0);
    worker.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_loop_over_items_ends_at_the_next_one_and_reads_the_reason() {
    let (bench, seen) = (WorkerBench::new(), Log::new());
    let log = seen.clone();
    let handler = Scripted::counting(1).works(move |_, ctx| {
        let log = log.clone();
        async move {
            assert!(ctx.cancel_reason().is_none());
            for item in 0..1000_u64 {
                if ctx.is_cancelled() {
                    let reason = ctx.cancel_reason().map(|reason| reason.reason);
                    log.push((item, reason.unwrap_or_else(|| "unknown".into())));
                    ctx.check_cancelled()?;
                }
                // Each item ignores the cancellation while it is worked on.
                tokio::time::sleep(seconds(1)).await;
            }
            Ok(BatchResult::nothing())
        }
    });
    let worker = bench.worker("w", &handler).await;
    let run = bench.submit([node("n")]).await;
    bench.reaches(&run, "n", NodeState::Running).await;
    tokio::time::sleep(seconds(10)).await;
    let request = CancelRequest {
        run: run.clone(),
        reason: "no more budget".into(),
        grace: None,
    };
    drop(bench.store.cancel(request).await.unwrap());
    assert_eq!(bench.ended(&run).await, RunState::Cancelled);
    let seen = seen.entries();
    assert!(
        matches!(&seen[..], [(10..=13, reason)] if reason == "no more budget"),
        "{seen:?}"
    );
    worker.shutdown().await;
}
