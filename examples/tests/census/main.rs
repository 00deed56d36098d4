//! What the `census` program does, seen from outside: its output, its exit code, and how it stops.

mod arguments;
mod counts;
#[cfg(unix)]
mod interrupt;
mod program;
mod unwritable;
