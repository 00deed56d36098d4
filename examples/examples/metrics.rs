//! A pipeline that Prometheus scrapes: an exporter, an observer, and what the scrape says.

use antflow::{BoxError, pipeline, stage};
use antflow_metrics::Exporter;

#[stage(workers = 5, retry = "per_task", attempts = 3, wait = "1ms")]
async fn fetch(page: u32) -> Result<String, BoxError> {
    match page % 50 {
        0 => Err(format!("page {page} is gone").into()),
        _ => Ok(format!("page {page}")),
    }
}

#[stage(workers = 2)]
async fn save(text: String) -> usize {
    text.len()
}

// ANCHOR: scraped
#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // `listen` is for a port of your own; without it, it is 127.0.0.1:9464.
    let exporter = Exporter::builder()
        .listen(([127, 0, 0, 1], 0))
        .start()
        .await?;
    let crawler = pipeline!(fetch >> save).observe(exporter.pipeline("crawler"));
    crawler.run(1..=500).await?;
    // ANCHOR_END: scraped

    // What `curl http://127.0.0.1:9464/metrics` prints, or some of it.
    let scrape = exporter.render();
    let counters = [
        "antflow_items_total",
        "antflow_task_attempts_total",
        "antflow_task_retries_total",
    ];
    let mut lines: Vec<_> = scrape
        .lines()
        .filter(|line| counters.iter().any(|name| line.starts_with(name)))
        .collect();
    lines.sort_unstable();
    println!("{}", lines.join("\n"));
    exporter.shutdown().await;
    Ok(())
}
