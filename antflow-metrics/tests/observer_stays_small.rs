//! A run that is observed takes no more memory the more items have gone through it, also where nobody scrapes.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

use std::alloc::System;
use std::pin::pin;

use antflow::{pipeline, stage};
use antflow_metrics::Exporter;
use futures::StreamExt;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many items are looked at, after so many that make the run warm.
const ITEMS: u64 = 1_000_000;
const WARM_UP: u64 = 200_000;

#[stage(workers = 3)]
async fn double(item: u64) -> u64 {
    item * 2
}

/// Every hundredth item fails.
#[stage(workers = 2, retry = "per_task", attempts = 2, wait = "0s")]
async fn check(item: u64) -> Result<u64, std::num::TryFromIntError> {
    if item.is_multiple_of(200) {
        u64::try_from(-1)
    } else {
        Ok(item)
    }
}

const COUNT: &str = r#"antflow_item_duration_seconds_count{pipeline="etl"} "#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_items_take_no_memory() {
    let exporter = Exporter::builder().without_server().start().await.unwrap();
    let etl = pipeline!(double >> check).observe(exporter.pipeline("etl").with_workers(2));
    let mut results = pin!(etl.stream(0..).unwrap());
    for _ in 0..WARM_UP {
        results.next().await.unwrap();
    }
    let region = Region::new(GLOBAL);
    for _ in 0..ITEMS {
        results.next().await.unwrap();
    }
    let change = region.change();
    let grown = change.bytes_allocated as isize - change.bytes_deallocated as isize;
    // A byte for each tenth item would be more. Those that are on their way are as many as before.
    assert!(grown < 100_000, "{grown} bytes, {change:?}");
    let text = exporter.render();
    let count = text.lines().find_map(|line| line.strip_prefix(COUNT));
    let count: u64 = count.unwrap().parse().unwrap();
    assert!(count >= WARM_UP + ITEMS, "{text}");
}
