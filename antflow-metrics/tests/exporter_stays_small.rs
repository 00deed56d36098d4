//! What an exporter keeps does not grow with what is recorded.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

use std::alloc::System;
use std::time::Duration;

use antflow_metrics::metrics::{self, histogram};
use antflow_metrics::{Exporter, labels, names};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::sync::Mutex;

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Held by a test that counts allocations, as they are those of the process.
static ALONE: Mutex<()> = Mutex::const_new(());

async fn exporter() -> Exporter {
    Exporter::builder().without_server().start().await.unwrap()
}

/// How much memory is in use now that was not then.
fn grown(region: &Region<'_, System>) -> isize {
    let change = region.change();
    change.bytes_allocated as isize - change.bytes_deallocated as isize
}

#[tokio::test]
async fn millions_of_values_take_no_memory() {
    let _alone = ALONE.lock().await;
    let exporter = exporter().await;
    let duration = metrics::with_local_recorder(
        &exporter.recorder(),
        || histogram!(names::ITEM_DURATION_SECONDS, labels::PIPELINE => "p"),
    );
    let region = Region::new(GLOBAL);
    duration.record_many(0.25, 10_000_000);
    for _ in 0..1_000_000 {
        duration.record(0.25);
    }
    // Kept one by one they would take 176 MB. Other threads may allocate some kilobytes as they start.
    assert!(grown(&region) < 1_000_000, "{:?}", region.change());
    let text = exporter.render();
    assert!(text.contains("_count{pipeline=\"p\"} 11000000\n"), "{text}");
    assert!(text.contains("_sum{pipeline=\"p\"} 2750000\n"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn histograms_of_the_program_do_not_pile_up_when_nobody_scrapes() {
    const ROUNDS: usize = 20;
    const VALUES: usize = 50_000;
    let _alone = ALONE.lock().await;
    let exporter = exporter().await;
    let parse = metrics::with_local_recorder(&exporter.recorder(), || histogram!("parse_seconds"));
    // A recorder that is kept is looked after, also without its exporter.
    let recorder = exporter.recorder();
    drop(exporter);
    let region = Region::new(GLOBAL);
    for _ in 0..ROUNDS {
        parse.record_many(0.5, VALUES);
        tokio::time::sleep(Duration::from_secs(6)).await;
    }
    let grown = grown(&region);
    // 16 bytes for a value.
    let all = (16 * ROUNDS * VALUES) as isize;
    assert!(grown < all / 4, "{grown} bytes of {all}");
    drop(recorder);
}
