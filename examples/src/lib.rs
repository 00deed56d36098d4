//! The parts that the examples of antflow are made of.
//!
//! The programs in `examples/` are small and read from top to bottom. The
//! [`census`] is larger: its work functions live here as plain code that knows
//! nothing of antflow, so that the pipeline program and its rivals in `benches`
//! run the very same functions.

pub mod census;

/// Runs the example of the README as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// Runs the examples of the book that are whole programs.
#[cfg(doctest)]
#[doc = include_str!("../../book/src/watching.md")]
#[doc = include_str!("../../book/src/beyond-a-line.md")]
#[doc = include_str!("../../book/src/steering.md")]
#[doc = include_str!("../../book/src/distributed-workers.md")]
#[doc = include_str!("../../book/src/cluster-pipelines.md")]
#[doc = include_str!("../../book/src/cluster-handlers.md")]
#[doc = include_str!("../../book/src/cluster-graphs.md")]
#[doc = include_str!("../../book/src/cluster-running.md")]
#[doc = include_str!("../../book/src/cluster-operating.md")]
#[doc = include_str!("../../book/src/cluster-deploying.md")]
struct Book;
