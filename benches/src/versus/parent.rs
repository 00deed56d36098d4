//! Starts the child processes in turn and collects what they say.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::child::{Order, Sample};
use super::implementation::Implementation;
use super::measure::Failure;
use super::report::Row;
use super::work::spin;
use super::workload::Workload;

/// The program beside this one that counts allocations.
const COUNTING: &str = "versus_counting";

/// Runs the implementations round by round, each time in a fresh process.
pub(crate) fn compare(
    workload: Workload,
    implementations: &[Implementation],
    items: usize,
    rounds: usize,
) -> Result<Vec<Row>, Failure> {
    let program = env::current_exe()?;
    let order = |implementation: Implementation, items, count| Order {
        workload,
        implementation: implementation.key(),
        items,
        spin: 0,
        count,
    };
    let spin = workload.spin().map_or(0, calibrate);
    let mut rows: Vec<_> = implementations
        .iter()
        .map(|&implementation| Row {
            implementation,
            samples: Vec::with_capacity(rounds),
            allocations_per_item: None,
        })
        .collect();
    for _ in 0..rounds {
        for row in &mut rows {
            let order = Order {
                spin,
                ..order(row.implementation, items, false)
            };
            row.samples.push(send(&program, &order)?);
        }
    }
    if let Some(enough) = workload.items_to_count() {
        match counting(&program) {
            Ok(program) => {
                for row in &mut rows {
                    // Not timed, so the arithmetic can be left out.
                    let order = order(row.implementation, enough.min(items), true);
                    row.allocations_per_item = send(&program, &order)?.allocations_per_item;
                }
            }
            Err(error) => eprintln!("warning: allocations are not counted: {error}"),
        }
    }
    Ok(rows)
}

/// Lets a child do it. What it finds wrong is an error with the implementation's name.
fn send(program: &Path, order: &Order) -> Result<Sample, Failure> {
    let output = Command::new(program)
        .arg("--child")
        .arg(serde_json::to_string(order)?)
        .output()
        .map_err(|error| format!("cannot run {}: {error}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!(
            "`{}` on workload `{}`, {}: {}",
            order.implementation,
            order.workload.name(),
            output.status,
            said.trim()
        )
        .into());
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("`{}` gave no result: {error}", order.implementation).into())
}

/// How many steps of arithmetic take that long on this machine, at its fastest.
fn calibrate(time: Duration) -> u64 {
    const STEPS: u64 = 200_000;
    let fastest = (0..50)
        .map(|seed| {
            let start = Instant::now();
            std::hint::black_box(spin(std::hint::black_box(seed), STEPS));
            start.elapsed()
        })
        .min()
        .unwrap_or_default();
    let steps = STEPS as f64 * time.as_secs_f64() / fastest.as_secs_f64().max(1e-9);
    (steps as u64).max(1)
}

/// The program that counts, brought up to date if cargo started this one.
fn counting(program: &Path) -> Result<PathBuf, Failure> {
    if let Some(cargo) = env::var_os("CARGO") {
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", env!("CARGO_PKG_NAME")]);
        build.args(["--bin", COUNTING]);
        build.args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        let status = build.status()?;
        if !status.success() {
            return Err(format!("cargo could not build `{COUNTING}`: {status}").into());
        }
    }
    let counting = program.with_file_name(format!("{COUNTING}{}", env::consts::EXE_SUFFIX));
    if counting.exists() {
        Ok(counting)
    } else {
        Err(format!(
            "there is no {}; build it with `cargo build --release -p {} --bin {COUNTING}`",
            counting.display(),
            env!("CARGO_PKG_NAME")
        )
        .into())
    }
}
