//! A run on a page in a browser: `cargo run -p antflow-examples --example web_dashboard`, and open what it prints.
//!
//! An argument is the port; a token in `DASHBOARD_TOKEN` lets those who know it steer the run from the page.

use std::env;
use std::time::Duration;

use antflow::dashboard::web::WebDashboard;
use antflow::{BoxError, Item, StatusTracker, TaskContext, pipeline, stage};
use tokio::time::sleep;

#[stage(
    workers = 12,
    queue = 100,
    retry = "per_task",
    attempts = 3,
    wait = "50ms"
)]
async fn fetch(page: u64, cx: &TaskContext) -> Result<String, BoxError> {
    cx.set_status("waits for the server");
    sleep(Duration::from_millis(40 + page % 60)).await;
    match page % 97 {
        13 => Err(format!("page {page} is gone").into()),
        // Another attempt gets through.
        31 if cx.attempt() == 1 => Err("the server is busy".into()),
        _ => Ok(format!("<title>page {page}</title>")),
    }
}

#[stage(workers = 4)]
async fn index(text: String) -> usize {
    sleep(Duration::from_millis(15)).await;
    text.len()
}

#[stage]
async fn save(length: usize) -> usize {
    sleep(Duration::from_millis(4)).await;
    length
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let port = env::args().nth(1).map_or(Ok(8080), |port| port.parse())?;
    let tracker = StatusTracker::new();
    let crawler = pipeline!(fetch >> index >> save).observe(tracker.clone());
    let run = crawler.start()?;

    let mut dashboard = WebDashboard::new(run.view()).tracker(tracker);
    if let Ok(token) = env::var("DASHBOARD_TOKEN") {
        dashboard = dashboard.control(run.control(), token);
    }
    let server = dashboard.serve(port).await?;
    println!("http://{}", server.local_addr());

    let pages = (1..=20_000).map(|page| Item::new(page).id(format!("page-{page}")));
    // Closed by whoever ends the run from the page.
    let fed = async { run.feed(pages).await.ok() };
    tokio::select! {
        _ = fed => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    run.drain(Duration::from_secs(5)).await;
    println!("the run has ended, and is shown until Ctrl-C");
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    Ok(())
}
