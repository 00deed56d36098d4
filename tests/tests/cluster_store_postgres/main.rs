//! Does the store in PostgreSQL keep what every store has to, and what does it do when others are in its way?

#![allow(
    clippy::unwrap_used,
    reason = "what tests share panics to say what is wrong"
)]

mod bench;
mod beside;
mod broken;
mod migrations;
mod plans;
mod processes;
mod refusals;

antflow_tests::store_suite!(super::bench::fresh);
