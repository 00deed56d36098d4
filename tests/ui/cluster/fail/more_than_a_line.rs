//! A cluster runs a line of stages.

use antflow::cluster::Cluster;
use antflow::{pipeline, stage};

#[stage]
async fn double(number: u32) -> u32 {
    number * 2
}

fn is_small(number: &u32) -> bool {
    *number < 10
}

fn submit(cluster: &Cluster) {
    let etl = pipeline!(double >> filter(is_small) >> double);
    drop(cluster.submit(&etl, [1]));
}

fn main() {}
