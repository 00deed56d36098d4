use std::path::Path;

use crate::program::{ONE, census, tree};

/// Expects one sentence on stderr, nothing on stdout, and exit code 2.
fn refused(path: &Path, options: &[&str], sentence: &str) {
    let output = census(path, options);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{options:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("error: "), "{said}");
    assert!(said.contains(sentence), "no {sentence:?} in {said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn bad_arguments_are_refused_in_one_sentence() {
    let root = tree([]);
    let root = root.path();
    refused(
        root,
        &["--workers-parse", "0"],
        "invalid value '0' for '--workers-parse <N>'",
    );
    refused(
        root,
        &["--workers-parse", "many"],
        "invalid value 'many' for '--workers-parse <N>'",
    );
    refused(
        root,
        &["--workers-parse"],
        "a value is required for '--workers-parse <N>'",
    );
    refused(root, &["--top", "0"], "invalid value '0' for '--top <N>'");
    refused(root, &["--bogus"], "unexpected argument '--bogus' found");
    refused(root, &["another"], "unexpected argument 'another' found");
}

#[test]
fn a_path_that_is_not_there_is_refused() {
    refused(
        Path::new("no/such/directory"),
        &[],
        "cannot count the files of `no/such/directory`: ",
    );
}

#[test]
fn a_database_that_cannot_be_opened_is_refused() {
    let root = tree([("a.rs", b"".as_slice())]);
    let db = root.path().join("no/such/census.db");
    refused(
        root.path(),
        &["--db", db.to_str().unwrap()],
        "unable to open database file",
    );
}

#[test]
fn help_is_no_mistake() {
    let output = census(Path::new("--help"), &[]);
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for option in [
        "[PATH]",
        "--workers-parse <N>",
        "--db <FILE>",
        "--top <N>",
        "--dashboard <LEVEL>",
        "--json",
    ] {
        assert!(help.contains(option), "no {option} in {help}");
    }
}

#[test]
fn a_dashboard_leaves_the_report_alone() {
    let root = tree([("a.rs", ONE.as_bytes()), ("b.rs", b"fn".as_slice())]);
    let plain = census(root.path(), &["--top", "1"]);
    for level in ["progress", "compact", "detailed", "full"] {
        let output = census(root.path(), &["--top", "1", "--dashboard", level]);
        assert!(output.status.success(), "{output:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        // There is no terminal, so there is the summary.
        assert!(stderr.starts_with("antflow: ended: 2 items in"), "{stderr}");
        let lines = |stdout: &[u8]| String::from_utf8_lossy(stdout).lines().count();
        assert_eq!(lines(&output.stdout), lines(&plain.stdout));
    }
    let output = census(root.path(), &["--dashboard", "fancy"]);
    assert_eq!(output.status.code(), Some(2));
}
