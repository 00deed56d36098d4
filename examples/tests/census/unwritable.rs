use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;

use crate::program::{ONE, census, failure, large_tree, numbers, object, report, rows, tree};

/// A database that takes no rows, such as one on a full disk.
fn unwritable_db() -> (TempDir, PathBuf) {
    let directory = tree([]);
    let db = directory.path().join("census.db");
    report(directory.path(), &["--json", "--db", db.to_str().unwrap()]);
    let refuse =
        "CREATE TRIGGER refuse BEFORE INSERT ON files BEGIN SELECT RAISE(ABORT, 'no room'); END";
    rusqlite::Connection::open(&db)
        .unwrap()
        .execute_batch(refuse)
        .unwrap();
    (directory, db)
}

fn fails(root: &Path, db: &Path) -> Output {
    let output = census(root, &["--json", "--db", db.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap();
    assert!(
        last.starts_with("error: cannot write ") && last.contains(": no room"),
        "{said}"
    );
    assert_eq!(rows(db), 0);
    output
}

#[test]
fn rows_that_the_last_commit_cannot_write_have_failed() {
    let (_directory, db) = unwritable_db();
    let root = tree([
        ("a.rs", ONE.as_bytes()),
        ("b.rs", b"fn (".as_slice()),
        ("c.rs", b""),
    ]);
    let report = object(&fails(root.path(), &db));
    assert_eq!(numbers(&report), [3, 0, 3, 0]);
    assert_eq!(failure(&report, "a.rs").0, "store");
    assert_eq!(failure(&report, "b.rs").0, "parse");
}

#[test]
fn a_database_that_fails_on_the_way_stops_the_census() {
    let (_directory, db) = unwritable_db();
    let root = large_tree(1500);
    let report = object(&fails(root.path(), &db));
    let [found, stored, failed, cancelled] = numbers(&report);
    assert_eq!((found, stored), (1500, 0));
    assert!(
        failed > 500 && cancelled > 0,
        "{failed} failed, {cancelled} cancelled"
    );
}
