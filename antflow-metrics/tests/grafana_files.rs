//! The files in the directory `grafana` are what the program writes.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use antflow_metrics::grafana::files;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/grafana");

fn antflow_grafana(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_antflow-grafana"));
    program.args(arguments).output().unwrap()
}

#[test]
fn generated_files_are_current() {
    let stale: Vec<_> = files()
        .into_iter()
        .filter(|file| !file.is_current(Path::new(HERE)).unwrap())
        .map(|file| file.path)
        .collect();
    assert!(
        stale.is_empty(),
        "{stale:?}: run `cargo run -p antflow-metrics --features grafana --bin antflow-grafana`"
    );
}

#[test]
fn the_program_finds_what_is_not_current() {
    assert!(antflow_grafana(&["--check", HERE]).status.success());

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let check = || antflow_grafana(&["--check", path]);
    let missing = check();
    assert!(!missing.status.success());
    assert_eq!(
        fs::read_dir(path).unwrap().count(),
        0,
        "a check writes nothing"
    );

    assert!(antflow_grafana(&[path]).status.success());
    assert!(check().status.success());

    fs::write(directory.path().join("antflow.json"), "{}").unwrap();
    let stale = check();
    assert!(!stale.status.success());
    let stderr = String::from_utf8(stale.stderr).unwrap();
    assert!(
        stderr.contains("antflow.json") && !stderr.contains("rules"),
        "{stderr}"
    );
}
