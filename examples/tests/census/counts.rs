use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::program::{ONE, census, command, failure, numbers, report, rows, tree};

const MANIFEST: &[u8] = b"[package]\nname = \"first\"\n";

fn small_tree() -> tempfile::TempDir {
    tree([
        ("first/Cargo.toml", MANIFEST),
        ("first/src/lib.rs", ONE.as_bytes()),
        ("first/src/broken.rs", b"fn a() {}\nfn b( {}\n".as_slice()),
        ("second/latin1.rs", b"// caf\xe9\n"),
        ("second/empty.rs", b""),
        ("second/notes.txt", b"fn no() {}"),
        ("second/directory.rs/inner.rs", b"fn inner() {}"),
    ])
}

#[test]
fn every_file_is_counted_or_its_failure_is_told() {
    let root = small_tree();
    let report = report(root.path(), &["--json"]);
    assert_eq!(numbers(&report), [5, 3, 2, 0]);
    let (stage, error) = failure(&report, "first/src/broken.rs");
    assert_eq!(stage, "parse");
    assert!(
        error.starts_with("syntax error at line 2, column 5"),
        "{error}"
    );
    let (stage, error) = failure(&report, "second/latin1.rs");
    assert_eq!(
        (stage, error),
        (
            "read",
            "not UTF-8 from byte 6 on; convert the file to UTF-8"
        )
    );
}

#[test]
fn the_json_object_has_the_promised_shape() {
    let report = report(small_tree().path(), &["--json", "--top", "1"]);
    let mut keys: Vec<_> = report.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(
        keys,
        [
            "cancelled",
            "crates",
            "failed",
            "failures",
            "files_found",
            "seconds",
            "stored"
        ]
    );
    assert!(report["seconds"].as_f64().unwrap() > 0.0);
    let expected = serde_json::json!([{
        "name": "first", "files": 1, "lines": 6, "functions": 2, "unsafe_uses": 2, "public_items": 2, "documented": 1,
        "longest_function": { "name": "bare", "lines": 3 }
    }]);
    assert_eq!(report["crates"], expected);
}

#[test]
fn the_text_ranks_the_crates_and_lists_what_failed() {
    let output = census(small_tree().path(), &[]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("5 files found: 3 stored, 2 failed, 0 cancelled, in "),
        "{text}"
    );
    for part in [
        "\nBiggest crates\n",
        "\nMost unsafe code\n",
        "\nLeast documented\n",
        "\nFailures\n",
        "  first",
        "broken.rs\n    parse: ",
    ] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    assert!(
        output.stderr.is_empty(),
        "a short run that nobody watches says nothing on stderr"
    );
}

#[test]
fn a_file_that_may_not_be_read_fails_in_read() {
    let root = tree([("a.rs", b"".as_slice()), ("locked.rs", b"")]);
    let locked = root.path().join("locked.rs");
    lock(&locked);
    let report = report(root.path(), &["--json"]);
    // Some users, such as root, may read everything.
    if fs::read(&locked).is_ok() {
        assert_eq!(numbers(&report), [2, 2, 0, 0]);
        return;
    }
    assert_eq!(numbers(&report), [2, 1, 1, 0]);
    let (stage, error) = failure(&report, "locked.rs");
    assert_eq!(stage, "read");
    assert!(error.starts_with("cannot read the file; "), "{error}");
}

fn lock(path: &Path) {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    #[cfg(not(unix))]
    let _ = path;
}

#[test]
fn a_second_run_leaves_the_same_table() {
    let root = small_tree();
    let db = root.path().join("census.db");
    let options = ["--json", "--db", db.to_str().unwrap()];
    let without_time = |mut report: Value| {
        report["seconds"] = Value::Null;
        let failures = report["failures"].as_array_mut().unwrap();
        failures.sort_by_key(|failure| failure["path"].to_string());
        report
    };
    let first = without_time(report(root.path(), &options));
    assert_eq!(rows(&db), 3);
    let second = without_time(report(root.path(), &options));
    assert_eq!(first, second);
    assert_eq!(rows(&db), 3);
}

#[test]
fn the_number_of_workers_changes_nothing_but_the_time() {
    let root = small_tree();
    let crates =
        |workers| report(root.path(), &["--json", "--workers-parse", workers])["crates"].clone();
    assert_eq!(crates("1"), crates("7"));
}

#[test]
fn without_a_path_the_registry_is_counted() {
    let home = tree([("registry/src/index/one-1.0.0/src/lib.rs", ONE.as_bytes())]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_census"));
    let output = command
        .env("CARGO_HOME", home.path())
        .arg("--json")
        .output()
        .unwrap();
    let report = crate::program::object(&output);
    assert_eq!(numbers(&report), [1, 1, 0, 0]);
    assert_eq!(report["crates"][0]["name"], "one-1.0.0");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let root = small_tree();
    let mut child = command(root.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
}
