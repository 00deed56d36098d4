//! The same measurements as `versus`, with an allocator that counts.
//!
//! `versus` builds and starts it by itself: counting takes time, so the program
//! that is timed has nothing of it.

use std::alloc::System;
use std::process::ExitCode;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    antflow_benches::versus::main(Some(|| {
        let stats = ALLOCATOR.stats();
        stats.allocations + stats.reallocations
    }))
}
