//! The dashboards in the terminal, from one line to the whole screen:
//! `cargo run -p antflow-examples --example dashboard_levels -- full`
//!
//! They are drawn to stderr. What is printed to stdout can go into a file or another program.

use std::io::Write;
use std::time::Duration;

use antflow::terminal::LogWriter;
use antflow::{BoxError, Detail, PipelineResult, TaskContext, pipeline, stage};
use tokio::time::sleep;

#[stage(workers = 6)]
async fn fetch(page: u64) -> u64 {
    sleep(Duration::from_millis(20 + page * 7 % 30)).await;
    page
}

#[stage(workers = 4)]
async fn parse(page: u64, task: &TaskContext) -> Result<u64, BoxError> {
    task.set_status(format!("{} links", page * 3 % 17));
    sleep(Duration::from_millis(40 + page * 11 % 50)).await;
    if page % 50 == 7 {
        // A line in a log. With tracing-subscriber it is `with_writer(LogWriter::new)`.
        writeln!(LogWriter::new(), "page {page} is no HTML")?;
        return Err("no HTML".into());
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

    let run = pipeline!(fetch >> parse >> save)
        .run(0..pages)
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
