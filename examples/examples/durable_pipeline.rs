//! A pipeline that survives its process: submitted to a cluster, dropped in the middle, and submitted again.

use std::future::IntoFuture as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use antflow::cluster::Cluster;
use antflow::{BoxError, State, pipeline, stage};

/// How often a page was fetched.
type Fetches = Arc<AtomicU32>;

#[stage(workers = 4, retry = "per_task", attempts = 3)]
async fn fetch(page: u32, fetches: State<Fetches>) -> Result<String, BoxError> {
    fetches.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(2)).await;
    if page == 13 {
        return Err("page 13 is gone".into());
    }
    Ok("word ".repeat(page as usize))
}

#[stage(workers = 2)]
async fn count(text: String) -> usize {
    text.split_whitespace().count()
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("cluster.db");
    let fetches = Fetches::default();
    let etl = pipeline!(fetch >> count).with_state(fetches.clone());

    // As if the process were killed: nothing is put away.
    let cluster = Cluster::embedded(&file).await?;
    let first = tokio::spawn(cluster.submit(&etl, 1..=200).id("word-count").into_future());
    while fetches.load(Ordering::Relaxed) < 20 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    first.abort();
    assert!(first.await.is_err(), "it takes longer");
    drop(cluster);
    println!("it was dropped when 20 pages had been fetched");

    // The next process submits the same items under the same id.
    let cluster = Cluster::embedded(&file).await?;
    let results = cluster.submit(&etl, 1..=200).id("word-count").await?;
    let words: usize = results
        .iter()
        .filter_map(|result| result.value.as_ref().ok())
        .sum();
    println!("{} results, {words} words", results.len());
    for result in &results {
        if let Some(error) = result.error() {
            println!(
                "page {}: {error}",
                result.id.to_string().parse::<u32>()? + 1
            );
        }
    }
    let again = fetches.load(Ordering::Relaxed).saturating_sub(200 + 2);
    println!("few pages were fetched twice: {}", again < 100);
    Ok(())
}
