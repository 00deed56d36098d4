//! The small examples print what they promise.
//!
//! `cargo test` builds the examples and puts them beside this test. With `--test examples` it builds this test alone,
//! and the examples are those of the last time.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

mod cluster_service;
mod dashboards;
mod first_steps;
mod going_on;
mod watching;
mod worker_binary;

use std::env;
use std::path::PathBuf;
use std::process::{Command, Output};

/// The program of an example.
fn program(example: &str) -> PathBuf {
    let mut program = env::current_exe().unwrap();
    program.pop();
    program.set_file_name("examples");
    program.push(format!("{example}{}", env::consts::EXE_SUFFIX));
    assert!(
        program.exists(),
        "{} is not there; run `cargo test -p antflow-examples`",
        program.display()
    );
    program
}

/// Runs an example, and gives what it wrote.
fn output(example: &str) -> Output {
    let output = Command::new(program(example)).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

/// Runs an example, and expects these lines on stdout.
fn prints(example: &str, expected: &str) {
    let stdout = String::from_utf8(output(example).stdout).unwrap();
    assert_eq!(stdout, expected);
}
