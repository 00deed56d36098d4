//! Do the guide's ways to make batches work: a list, ranges, a cursor of a database, a file?

use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use antflow::BoxError;
use antflow::cluster::BatchUid;
use antflow::cluster::handler::{Batch, BatchResult, Handler, RunContext};
use antflow::cluster::state::RunState;
use antflow_tests::worker_bench::{ROLE, WorkerBench, node, start};
use antflow_tests::{Log, millis};
use futures::stream::{self, Stream, StreamExt};
use serde_json::{Map, Value, json};

type Batches = stream::BoxStream<'static, Result<Batch<Value>, BoxError>>;

/// What `input_inline` says.
type Input = Map<String, Value>;

fn batch_size(input: &Input) -> Option<u64> {
    input.get("batch_size").and_then(Value::as_u64)
}

/// Makes batches in one of the ways of the guide, and gives their payloads back.
#[derive(Clone)]
struct Makes {
    how: Arc<dyn Fn(Input) -> Batches + Send + Sync>,
    processed: Log<BatchUid>,
    look: Arc<dyn Fn() + Send + Sync>,
}

impl Handler for Makes {
    type Input = Input;
    type Batch = Value;
    type Output = Value;
    type Error = BoxError;

    fn batches(
        &self,
        input: Input,
        _: &RunContext,
    ) -> impl Stream<Item = Result<Batch<Value>, BoxError>> + Send {
        (self.how)(input)
    }

    async fn process_batch(
        &self,
        batch: Batch<Value>,
        _: &RunContext,
    ) -> Result<BatchResult<Value>, BoxError> {
        (self.look)();
        self.processed.push(batch.uid);
        Ok(BatchResult::new(batch.payload))
    }
}

/// Runs one node, and gives the ids and the payloads of its batches.
async fn made(
    how: impl Fn(Input) -> Batches + Send + Sync + 'static,
    look: impl Fn() + Send + Sync + 'static,
    with: Value,
) -> (Vec<String>, Vec<Value>) {
    let bench = WorkerBench::new();
    let handler = Makes {
        how: Arc::new(how),
        processed: Log::new(),
        look: Arc::new(look),
    };
    let processed = handler.processed.clone();
    let worker = start(bench.builder("w").handler(ROLE, move || handler.clone())).await;
    let mut node = node("n");
    for (key, value) in with.as_object().expect("an object") {
        node = node.with(key, value.clone());
    }
    let run = bench.submit([node]).await;
    assert_eq!(bench.ended(&run).await, RunState::Finished);
    let outputs = bench.outputs(&run, "n").await;
    worker.shutdown().await;
    let uids = processed.entries().into_iter().map(|uid| uid.to_string());
    let parse = |text: &String| serde_json::from_str(text).expect("it is JSON");
    (uids.collect(), outputs.iter().map(parse).collect())
}

#[tokio::test(start_paused = true)]
async fn a_list_gives_a_batch_for_each_item() {
    let how = |input: Input| {
        let items = input.get("items").and_then(Value::as_array).cloned();
        let items = items.unwrap_or_default().into_iter().enumerate();
        let batch = |(i, item): (usize, Value)| {
            Ok(Batch::new(
                format!("item_{i}"),
                json!({ "item": item, "index": i }),
            ))
        };
        stream::iter(items.map(batch)).boxed()
    };
    let (uids, payloads) = made(how, || (), json!({ "items": ["a", "b"] })).await;
    assert_eq!(uids, ["item_0", "item_1"]);
    assert_eq!(payloads[1], json!({ "item": "b", "index": 1 }));
    let (uids, _) = made(how, || (), json!({})).await;
    assert!(uids.is_empty(), "a run without items ends well");
}

#[tokio::test(start_paused = true)]
async fn ranges_end_at_the_last_item() {
    let how = |input: Input| {
        let size = batch_size(&input).unwrap_or(10);
        let starts = (0..100).step_by(usize::try_from(size).unwrap_or(usize::MAX));
        let batch = move |start: u64| {
            let payload = json!({ "start": start, "end": (start + size).min(100) });
            Ok(Batch::new(format!("batch_{start}"), payload))
        };
        stream::iter(starts.map(batch)).boxed()
    };
    let (uids, payloads) = made(how, || (), json!({})).await;
    assert_eq!(
        (uids.len(), &payloads[9]),
        (10, &json!({ "start": 90, "end": 100 }))
    );
    let (uids, payloads) = made(how, || (), json!({ "batch_size": 40 })).await;
    assert_eq!(
        (&*uids[2], &payloads[2]),
        ("batch_80", &json!({ "start": 80, "end": 100 }))
    );
}

#[tokio::test(start_paused = true)]
async fn a_cursor_is_asked_for_a_page_at_a_time() {
    let pages = Arc::new(AtomicU64::new(0));
    let (asked, seen) = (Arc::clone(&pages), Arc::clone(&pages));
    let how = move |input: Input| {
        let size = batch_size(&input).unwrap_or(100);
        let asked = Arc::clone(&asked);
        // A database with 1050 records, whose ids begin at 7000.
        stream::unfold(0_u64, move |from| {
            let asked = Arc::clone(&asked);
            async move {
                tokio::time::sleep(millis(20)).await;
                let records: Vec<_> = (from..(from + size).min(1050)).map(|n| 7000 + n).collect();
                let first = *records.first()?;
                asked.fetch_add(1, Ordering::SeqCst);
                let batch = Batch::new(format!("db_batch_{first}"), json!({ "records": records }));
                Some((Ok(batch), from + size))
            }
        })
        .boxed()
    };
    let most = Arc::new(AtomicU64::new(0));
    let (done, ahead) = (AtomicU64::new(0), Arc::clone(&most));
    let look = move || {
        let done = done.fetch_add(1, Ordering::SeqCst);
        ahead.fetch_max(seen.load(Ordering::SeqCst) - done, Ordering::SeqCst);
    };
    let (uids, payloads) = made(how, look, json!({})).await;
    assert_eq!((uids.len(), &*uids[1]), (11, "db_batch_7100"));
    assert_eq!(payloads[10]["records"].as_array().map(Vec::len), Some(50));
    assert!(
        most.load(Ordering::SeqCst) <= 4,
        "it is not read ahead of the work"
    );
}

/// The guide's reader: chunks of 1000 lines, and what remains as the last batch.
fn chunks(input: &Input, read: &Arc<AtomicU64>) -> Batches {
    let path = input["file_path"].as_str().expect("the graph names a file");
    let read = Arc::clone(read);
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) => return stream::iter([Err(error.into())]).boxed(),
    };
    let mut lines = BufReader::new(file).lines();
    let chunk = move |number: u64| {
        let lines: Result<Vec<_>, _> = lines.by_ref().take(1000).collect();
        match lines {
            Ok(lines) if lines.is_empty() => None,
            Ok(lines) => {
                read.fetch_add(lines.len() as u64, Ordering::SeqCst);
                let uid = if lines.len() == 1000 {
                    format!("file_batch_{number}")
                } else {
                    "file_batch_final".to_owned()
                };
                Some(Ok(Batch::new(uid, json!({ "lines": lines }))))
            }
            Err(error) => Some(Err(error.into())),
        }
    };
    stream::iter((0..).map_while(chunk)).boxed()
}

#[tokio::test(start_paused = true)]
async fn a_file_is_read_in_chunks_as_the_work_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let written = |lines: u64| {
        let path = directory.path().join(format!("{lines}.txt"));
        let text: String = (0..lines).map(|n| format!("line {n}\n")).collect();
        std::fs::write(&path, text).unwrap();
        path
    };
    for (lines, batches) in [(10_500, 11), (2000, 2), (0, 0)] {
        let path = written(lines);
        let read = Arc::new(AtomicU64::new(0));
        let (reads, seen) = (Arc::clone(&read), Arc::clone(&read));
        let most = Arc::new(AtomicU64::new(0));
        let (done, ahead) = (AtomicU64::new(0), Arc::clone(&most));
        let look = move || {
            let done = done.fetch_add(1000, Ordering::SeqCst);
            let now = seen.load(Ordering::SeqCst);
            ahead.fetch_max(now.saturating_sub(done), Ordering::SeqCst);
        };
        let how = move |input: Input| chunks(&input, &reads);
        let (uids, payloads) = made(how, look, json!({ "file_path": path })).await;
        assert_eq!(uids.len(), batches, "{lines}");
        assert_eq!(read.load(Ordering::SeqCst), lines);
        assert!(
            most.load(Ordering::SeqCst) <= 4000,
            "the file is not read whole"
        );
        let all = payloads
            .iter()
            .map(|it| it["lines"].as_array().map_or(0, Vec::len));
        assert_eq!(all.sum::<usize>() as u64, lines);
        let has_rest = uids.iter().any(|uid| uid == "file_batch_final");
        assert_eq!(has_rest, lines % 1000 > 0);
    }
}
