//! What the `census` program does, seen from outside: its output, its exit code, and how it stops.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

mod arguments;
mod counts;
#[cfg(unix)]
mod durable;
#[cfg(unix)]
mod interrupt;
mod metrics;
mod program;
mod served;
mod unwritable;
mod web;
