use antflow::{State, stage};

use crate::gauge::Gauge;
use crate::time::seconds;

/// Adds 1, by three workers.
#[stage(workers = 3)]
pub async fn add_one(item: u64) -> u64 {
    item + 1
}

/// Doubles, by two workers.
#[stage(workers = 2)]
pub async fn double(item: u64) -> u64 {
    item * 2
}

/// Takes a second, by two workers; whoever does is inside.
#[stage(workers = 2)]
pub async fn second(item: u64, inside: State<Gauge>) -> u64 {
    let _inside = inside.enter();
    tokio::time::sleep(seconds(1)).await;
    item
}
