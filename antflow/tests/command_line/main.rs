//! Can an operator do with the program `antflow` what has to be done, and a program read what it prints?

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

mod arguments;
mod bench;
mod book;
mod coordinating;
mod dead_letters;
mod doctor;
mod looking;
mod steering;
mod submitting;
