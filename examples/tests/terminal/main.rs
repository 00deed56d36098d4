//! The dashboards in a real terminal: sizes, keys, the end, and what is printed meanwhile.
//!
//! As in `examples`, the programs have to have been built.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

mod census;
mod dashboards;
mod full_view;
mod log_lines;
mod picture;
mod pty;
mod resizes;
mod two_dashboards;
mod without_terminal;
