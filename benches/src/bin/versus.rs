//! Compares antflow with other ways to run the same stages.
//!
//! `cargo run --release -p antflow-benches --bin versus -- --workload hop`; see
//! [`antflow_benches::versus`] for what is measured and how.

use std::process::ExitCode;

fn main() -> ExitCode {
    antflow_benches::versus::main(None)
}
