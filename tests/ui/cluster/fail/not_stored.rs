//! What flows between the stages of a cluster is written and read as JSON.

use antflow::cluster::Cluster;
use antflow::{pipeline, stage};

struct Page(String);

#[stage]
async fn fetch(url: String) -> Page {
    Page(url)
}

#[stage]
async fn count(page: Page) -> usize {
    page.0.len()
}

fn submit(cluster: &Cluster) {
    let etl = pipeline!(fetch >> count);
    drop(cluster.submit(&etl, [String::from("a")]));
}

fn main() {}
