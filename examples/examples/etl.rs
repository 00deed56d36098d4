//! Extract, transform, load: stages with workers and retries of their own, and state that they share.

use std::sync::{Arc, Mutex};

use antflow::{BoxError, State, TaskContext, pipeline, stage, task};

type Row = (u32, String);

#[derive(Clone)]
struct App {
    region: &'static str,
    warehouse: Arc<Mutex<Vec<Row>>>,
}

/// The source is busy at the first attempt to get one of ten rows.
#[stage(workers = 10, retry = "per_task", attempts = 5, wait = "5ms")]
async fn extract(id: u32, cx: &TaskContext) -> Result<Row, &'static str> {
    match (id, cx.attempt()) {
        (id, 1) if id % 10 == 0 => Err("the source is busy"),
        (42, _) => Ok((id, String::new())),
        _ => Ok((id, format!("raw_{id}"))),
    }
}

#[task]
async fn validate((id, text): Row) -> Result<Row, &'static str> {
    match &*text {
        "" => Err("the row is empty"),
        _ => Ok((id, text)),
    }
}

#[task]
async fn transform((id, text): Row) -> Row {
    (id, text.to_uppercase())
}

#[task]
async fn enrich((id, text): Row, State(app): State<App>) -> Row {
    (id, format!("{text} ({})", app.region))
}

/// All or nothing: a failure starts the list again from its input.
#[stage(workers = 5, retry = "per_stage", attempts = 3, wait = "5ms")]
struct Transform(validate, transform, enrich);

#[stage(workers = 3, retry = "per_task", attempts = 5, wait = "5ms")]
async fn load(row: Row, State(app): State<App>) -> u32 {
    let id = row.0;
    app.warehouse
        .lock()
        .expect("nothing panics while it is locked")
        .push(row);
    id
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let warehouse = Arc::default();
    let app = App {
        region: "EU",
        warehouse: Arc::clone(&warehouse),
    };
    let run = pipeline!(extract >> Transform >> load)
        .with_state(app)
        .start()?;
    run.feed(0..100).await?;
    let results = run.join().await;
    let stats = run.stats();

    let (done, failed) = (stats.items_processed, stats.items_failed);
    println!(
        "{} results: {done} processed, {failed} failed",
        results.len()
    );
    for stage in &stats.stage_stats {
        let (name, retries) = (&stage.stage_name, stage.retries);
        println!(
            "{name}: {} completed, {retries} retries",
            stage.completed_items
        );
    }
    let mut rows = warehouse.lock().expect("nothing panics while it is locked");
    rows.sort();
    println!("{} rows, the first is {:?}", rows.len(), rows[0]);
    Ok(())
}
