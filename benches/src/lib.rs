//! Benchmarks of antflow, and rival programs that do the same work without it.

pub mod versus;
