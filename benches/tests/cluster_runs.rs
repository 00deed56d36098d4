//! Does the benchmark of clusters still run, to its end and on all that it measures?

use std::process::Command;

use serde_json::Value;

/// With numbers that say nothing about speed.
const ARGUMENTS: [&str; 15] = [
    "--engine",
    "embedded",
    "--workers",
    "0,2",
    "--batches",
    "30",
    "--slow-batches",
    "10",
    "--samples",
    "2",
    "--seconds",
    "1",
    "--rounds",
    "1",
    "--json",
];

#[test]
fn the_embedded_engine_is_measured_in_one_process_and_in_several() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_cluster"));
    let output = program.args(ARGUMENTS).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let lines: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is an object"))
        .collect();
    let [run, rows @ ..] = &lines[..] else {
        panic!("it printed nothing: {said}");
    };
    let settings = run["settings"].to_string();
    assert!(settings.contains("synchronous=FULL"), "{settings}");
    let workers: Vec<_> = rows.iter().map(|row| &row["worker_processes"]).collect();
    assert_eq!(workers, [0, 2]);
    for row in rows {
        assert_eq!(row["contender"], "antflow, embedded");
        for figure in [
            "handed_in_per_second",
            "batches_per_second",
            "batches_of_5_ms_per_second",
            "submit_to_handler_p50_ms",
            "commit_to_child_p50_ms",
            "handler_to_child_p50_ms",
        ] {
            assert!(row[figure]["median"].is_f64(), "{figure} of {row}");
        }
    }
}
