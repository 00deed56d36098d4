//! The metrics of antflow: their names, labels and histogram buckets, and what exports them.
//!
//! This crate holds the vocabulary that code, dashboards and alert rules share:
//!
//! - [`names`]: one constant for each metric, with its type, labels and unit, and
//!   one list for each type.
//! - [`labels`]: the label names, and every value of the labels that have a fixed
//!   set of values.
//! - [`catalog`]: what each metric is, in a table for programs.
//! - [`buckets`]: the bucket boundaries of the histograms.
//! - `grafana`, with the feature of this name: dashboards and rules that ask for
//!   these metrics.
//!
//! Programs that record metrics from pipeline events use these constants instead of
//! text of their own, so that a dashboard made for one program fits another.
//!
//! # Features
//!
//! Without features the crate has no dependencies.
//!
//! - `observer`, which is there by default: [`PipelineMetrics`] records what pipelines
//!   count and time, with whatever recorder of the crate `metrics` the program has.
//! - `cluster`: `ClusterMetrics` records what workers and coordinators of a cluster do.
//! - `exporter`: metrics in the text format of Prometheus, served at a port, mounted
//!   into an axum application, pushed to a Pushgateway or written to a file.
#![cfg_attr(feature = "exporter", doc = "  See [`exporter`].")]
//! - `grafana`: what the dashboard and the rules for Prometheus are written from.
//!
//! # Naming
//!
//! Names follow the Prometheus conventions: they start with `antflow_`, counters
//! end in `_total`, times are in seconds and end in `_seconds`. The unit is part of
//! the constant, so nothing needs to be appended.
//!
//! # Labels
//!
//! Every label has few values, known when a pipeline is built. There is no label
//! for an item's id, a run's id or an error's text: each of them would make the number
//! of time series grow without bound. Workers have series of their own only where that
//! is asked for, and up to a number that is given. In a cluster, roles, reason codes and names
//! of numbers that handlers report are labels, up to a number that is given.
//!
//! # Examples
//!
//! ```
//! use antflow_metrics::{labels, names};
//!
//! let failures = format!(
//!     "rate({}{{{}=\"{}\"}}[5m])",
//!     names::ITEMS_TOTAL,
//!     labels::OUTCOME,
//!     labels::outcome::FAILED,
//! );
//! assert_eq!(failures, "rate(antflow_items_total{outcome=\"failed\"}[5m])");
//! ```

pub mod buckets;
pub mod catalog;
#[cfg(feature = "cluster")]
mod cluster;
#[cfg(feature = "exporter")]
pub mod exporter;
#[cfg(feature = "grafana")]
pub mod grafana;
pub mod labels;
pub mod names;
#[cfg(feature = "observer")]
mod observer;
#[cfg(feature = "observer")]
mod recording;

#[cfg(feature = "cluster")]
pub use cluster::ClusterMetrics;
#[cfg(feature = "exporter")]
pub use exporter::{
    Exporter, ExporterBuilder, ExporterError, PushError, PushGateway, TextfileError,
};
#[cfg(feature = "observer")]
pub use observer::PipelineMetrics;

/// The crate whose recorders the metrics go to. What is recorded with another version of it goes elsewhere.
#[cfg(any(feature = "observer", feature = "exporter"))]
pub use metrics;

/// Runs the examples of the README as tests.
#[cfg(all(doctest, feature = "cluster", feature = "exporter"))]
#[doc = include_str!("../README.md")]
struct Readme;
