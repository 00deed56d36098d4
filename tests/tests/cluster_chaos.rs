//! Is the effect of each batch there once, though processes are killed all the time?

use std::process::{Command, Output};

use serde_json::Value;

fn chaos(args: &[&str]) -> Output {
    let mut chaos = Command::new(env!("CARGO_BIN_EXE_chaos"));
    chaos.args(args).output().expect("it starts")
}

#[test]
fn killed_workers_and_coordinators_lose_double_and_hold_up_nothing() {
    let ended = chaos(&[
        "--faults",
        "12",
        "--seed",
        "7",
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
    for none in ["lost", "doubled", "stuck", "fallen", "unsaid"] {
        assert_eq!(report[none], 0, "{report} {said}");
    }
    assert_eq!(report["faults"], 12);
    let runs = report["runs"].as_u64().expect("a number");
    assert_eq!(report["batches"], runs * 5 * 1500);
    let kills = ["kills_of_workers", "kills_of_coordinators"].map(|of| report[of].as_u64());
    assert_eq!(kills.into_iter().flatten().sum::<u64>(), 12, "{report}");
    assert!(report["restarts"].as_u64() >= Some(12), "{report}");
}

#[test]
fn an_engine_that_there_is_not_is_named_with_those_that_there_are() {
    let ended = chaos(&["--engine", "tape"]);
    assert_eq!(ended.status.code(), Some(2));
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("tape") && said.contains("embedded"), "{said}");
}
