//! The census in the full view: its report is whole, whatever happens to the terminal.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::pty::Screen;

/// A directory of files that take a while to parse.
fn tree(files: usize, functions: usize) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let function = "pub fn f(x: u64) -> u64 {\n    if x > 3 { x * 2 } else { x + 1 }\n}\n";
    for file in 0..files {
        fs::write(
            root.path().join(format!("{file}.rs")),
            function.repeat(functions),
        )
        .unwrap();
    }
    fs::write(root.path().join("broken.rs"), "fn {").unwrap();
    root
}

/// A census in the full view, with its report in a file.
fn open(root: &Path, report: &Path, size: (u16, u16)) -> Screen {
    let census = Path::new(env!("CARGO_BIN_EXE_census"));
    let root = root.to_str().unwrap();
    let arguments = ["--json", "--dashboard", "full", root];
    Screen::open_into(report, census, &arguments, size)
}

/// The figures of the report, which is one JSON object and nothing else.
fn numbers(report: &Path) -> [u64; 4] {
    let report: Value = serde_json::from_str(&fs::read_to_string(report).unwrap()).unwrap();
    let numbers =
        ["files_found", "stored", "failed", "cancelled"].map(|key| report[key].as_u64().unwrap());
    assert_eq!(numbers[0], numbers[1] + numbers[2] + numbers[3], "{report}");
    numbers
}

#[test]
fn it_fits_every_size() {
    let root = tree(20, 30);
    let report = root.path().join("report.json");
    for size in [(0, 0), (1, 1), (20, 5), (40, 12), (80, 24), (160, 50)] {
        let mut screen = open(root.path(), &report, size);
        assert!(screen.end().success(), "{size:?}");
        assert!(screen.is_restored(), "{size:?}:\n{}", screen.text());
        assert_eq!(numbers(&report), [21, 20, 1, 0], "{size:?}");
        assert!(
            screen.written().contains("antflow: ended: 21 items in"),
            "{size:?}"
        );
    }
}

#[test]
fn q_leaves_it_and_the_census_goes_on() {
    let root = tree(2000, 30);
    let report = root.path().join("report.json");
    let mut screen = open(root.path(), &report, (130, 40));
    screen.wait_for("Parse-W0");
    screen.press("q");
    screen.wait("left", |screen| !screen.is_alternate());
    assert!(screen.end().success());
    assert!(screen.is_restored(), "{}", screen.text());
    assert_eq!(numbers(&report), [2001, 2000, 1, 0]);
}

#[test]
fn ctrl_c_gives_the_terminal_back_and_the_report_follows() {
    let root = tree(2000, 200);
    let report = root.path().join("report.json");
    let mut screen = open(root.path(), &report, (130, 40));
    screen.wait_for("Parse-W0");
    // It stays where it is until it is interrupted.
    screen.press("p");
    screen.wait_for("antflow  paused");
    screen.press("\x03");
    assert!(screen.end().success(), "{}", screen.text());
    assert!(screen.is_restored(), "{}", screen.text());
    let lines = screen.text();
    assert!(
        lines
            .lines()
            .any(|line| line.starts_with("stopping: files that were begun")),
        "{lines}"
    );
    let [found, stored, _, cancelled] = numbers(&report);
    assert_eq!(found, 2001);
    assert!(stored < 2000 && cancelled > 0, "{stored} {cancelled}");
}
