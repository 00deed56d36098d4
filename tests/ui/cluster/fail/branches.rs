//! Branches make an item several.

use antflow::cluster::Cluster;
use antflow::{pipeline, stage};

#[stage]
async fn double(number: u32) -> u32 {
    number * 2
}

#[stage]
async fn halve(number: u32) -> u32 {
    number / 2
}

#[stage]
async fn next(number: u32) -> u32 {
    number + 1
}

fn submit(cluster: &Cluster) {
    let etl = pipeline!(next >> (double & halve));
    drop(cluster.submit(&etl, [1]));
}

fn main() {}
