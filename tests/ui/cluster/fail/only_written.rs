//! It has to be read too.

use antflow::cluster::Cluster;
use antflow::{pipeline, stage};

#[derive(serde::Serialize)]
struct Page(String);

#[stage]
async fn fetch(url: String) -> Page {
    Page(url)
}

fn submit(cluster: &Cluster) {
    drop(cluster.submit(&pipeline!(fetch), [String::from("a")]));
}

fn main() {}
