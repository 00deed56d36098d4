//! The items are what the first stage takes.

use antflow::cluster::Cluster;
use antflow::{pipeline, stage};

#[stage]
async fn double(number: u32) -> u32 {
    number * 2
}

fn submit(cluster: &Cluster) {
    drop(cluster.submit(&pipeline!(double), ["1"]));
}

fn main() {}
