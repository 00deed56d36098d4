//! What an operator loads: Grafana dashboards, Prometheus rules, and what they mean.
//!
//! Everything is written from [`names`](crate::names), [`labels`](crate::labels) and [`catalog`](crate::catalog),
//! and lies ready in the directory `grafana` of this crate. The program `antflow-grafana` writes it again, and
//! with `--check` says whether it is current:
//!
//! ```sh
//! cargo run -p antflow-metrics --features grafana --bin antflow-grafana -- antflow-metrics/grafana
//! ```
//!
//! - [`files`] gives the files.
//! - [`expressions`] gives what the dashboards and the rules ask Prometheus for.

mod dashboard;
mod expressions;
mod files;
mod limits;
mod query;
mod rules;
mod tables;

pub use self::expressions::{Expression, Origin, Subject, Values, expressions};
pub use self::files::{File, files};
