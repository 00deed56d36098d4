//! Is the effect of each batch there once, though processes are killed all the time?

use std::process::{Command, Output};

use serde_json::Value;

fn chaos(args: &[&str]) -> Output {
    let mut chaos = Command::new(env!("CARGO_BIN_EXE_chaos"));
    chaos.args(args).output().expect("it starts")
}

/// Runs it on an engine, and expects that nothing is lost, doubled or stuck.
fn weathers(engine: &str, faults: u64, seed: &str) -> Value {
    let ended = chaos(&[
        "--engine",
        engine,
        "--faults",
        &faults.to_string(),
        "--seed",
        seed,
        "--batches",
        "1500",
        "--json",
    ]);
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(
        ended.status.success(),
        "{} {said}",
        String::from_utf8_lossy(&ended.stdout)
    );
    let report: Value = serde_json::from_slice(&ended.stdout).expect("one JSON object");
    for none in ["lost", "doubled", "stuck", "unsaid"] {
        assert_eq!(report[none], 0, "{report} {said}");
    }
    assert_eq!(report["faults"], faults);
    let runs = report["runs"].as_u64().expect("a number");
    assert_eq!(report["batches"], runs * 5 * 1500);
    let kinds = [
        "kills_of_workers",
        "kills_of_coordinators",
        "kills_of_the_database",
        "kills_of_the_broker",
        "frozen_workers",
    ];
    let done = kinds.into_iter().filter_map(|kind| report[kind].as_u64());
    assert_eq!(done.sum::<u64>(), faults, "{report}");
    report
}

#[test]
fn killed_and_frozen_processes_lose_double_and_hold_up_nothing() {
    let report = weathers("embedded", 12, "7");
    assert_eq!(report["kills_of_the_database"], 0);
    // Nothing that a process needs was away, so none had a reason to end by itself.
    assert_eq!(report["fallen"], 0, "{report}");
    assert!(
        report["tally"]["repeated_messages"].as_u64() > Some(0),
        "{report}"
    );
}

#[test]
fn a_database_that_crashes_loses_doubles_and_holds_up_nothing() {
    weathers("postgres", 12, "4");
}

#[test]
fn brokers_that_crash_lose_double_and_hold_up_nothing() {
    for engine in ["nats", "kafka"] {
        weathers(engine, 12, "5");
    }
}

#[test]
fn an_engine_that_there_is_not_is_named_with_those_that_there_are() {
    let ended = chaos(&["--engine", "tape"]);
    assert_eq!(ended.status.code(), Some(2));
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("tape") && said.contains("embedded"), "{said}");
}
