//! The dashboards in the terminal, from one line to the whole screen:
//! `cargo run -p antflow-examples --example dashboard_levels -- full`
//!
//! They are drawn to stderr. What is printed to stdout can go into a file or another program.

use std::time::Duration;

use antflow::{BoxError, Detail, Item, PipelineResult, TaskContext, pipeline, stage};
use tokio::time::sleep;

#[derive(Debug, thiserror::Error)]
#[error("the server is busy")]
struct Busy;

#[derive(Debug, thiserror::Error)]
#[error("no HTML")]
struct NoHtml;

#[stage(workers = 6, retry = "per_task", attempts = 2, wait = "100ms")]
async fn fetch(page: u64, task: &TaskContext) -> Result<u64, Busy> {
    sleep(Duration::from_millis(45 + page * 7 % 30)).await;
    match (page % 10, task.attempt()) {
        // Another attempt gets through.
        (4, 1) => Err(Busy),
        _ => Ok(page),
    }
}

#[stage(workers = 4, queue = 400)]
async fn parse(page: u64, task: &TaskContext) -> Result<u64, NoHtml> {
    task.set_status(format!("{} links", page * 3 % 17));
    // Some parts of the site have longer pages.
    sleep(Duration::from_millis(
        20 + page * 11 % 40 + 12 * (4 - page / 90 % 5),
    ))
    .await;
    if page % 50 == 7 {
        // Such lines stay whole, above what is drawn.
        eprintln!("page {page} is no HTML");
        return Err(NoHtml);
    }
    // Messages of panics stay whole by themselves.
    assert!(page % 100 != 3, "page {page} is too long");
    Ok(page)
}

#[stage(workers = 2)]
async fn save(page: u64) -> u64 {
    sleep(Duration::from_millis(10)).await;
    page
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let level = arguments.next().unwrap_or_else(|| "progress".to_owned());
    let pages = arguments.next().map_or(Ok(300), |pages| pages.parse())?;
    let every = Duration::from_millis(100);

    let pages = (0..pages).map(|page: u64| Item::new(page).id(format!("/docs/{page}")));
    let run = pipeline!(fetch >> parse >> save)
        .run(pages)
        .update_every(every);
    let run = match level.as_str() {
        "progress" => run.progress(),
        "compact" => run.dashboard(Detail::Compact),
        "detailed" => run.dashboard(Detail::Detailed),
        "full" => run.dashboard(Detail::Full),
        other => {
            return Err(format!("{other} is none of progress, compact, detailed, full").into());
        }
    };
    let results = run.await?;
    let saved = results
        .iter()
        .filter(|result: &&PipelineResult<u64>| result.is_success());
    println!("{} of {} pages are saved", saved.count(), results.len());
    Ok(())
}
