use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::program::{command, large_tree, numbers, object, rows};

/// Starts a census and returns when the first batch of rows is in the database: so it listens to signals, and most of
/// the files are still to come. It writes no more rows, and does not end, while the connection holds its lock.
fn under_way(root: &Path, db: &Path) -> (Child, Connection) {
    let mut command = command(root);
    command.args(["--json", "--db"]).arg(db);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !has_rows(db) {
        assert_eq!(
            child.try_wait().unwrap(),
            None,
            "it ended before it was interrupted"
        );
        thread::sleep(Duration::from_millis(1));
    }
    let lock = Connection::open(db).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    (child, lock)
}

pub(crate) fn has_rows(db: &Path) -> bool {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let Ok(connection) = Connection::open_with_flags(db, flags) else {
        return false;
    };
    let query = "SELECT EXISTS (SELECT 1 FROM files)";
    connection
        .query_row(query, [], |row| row.get(0))
        .unwrap_or(false)
}

fn interrupt(child: &Child) {
    let status = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

fn says_that_it_stops(child: &mut Child) {
    let mut said = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().starts_with("stopping: ")));
}

#[test]
fn ctrl_c_finishes_what_was_begun_and_reports_the_rest() {
    let root = large_tree(3000);
    let db = root.path().join("census.db");
    let (mut child, lock) = under_way(root.path(), &db);
    interrupt(&child);
    says_that_it_stops(&mut child);
    lock.execute_batch("ROLLBACK").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let [found, stored, failed, cancelled] = numbers(&object(&output));
    assert_eq!((found, failed), (3000, 0));
    assert!(
        stored >= 500 && cancelled > 0,
        "{stored} stored, {cancelled} cancelled"
    );
    assert_eq!(rows(&db), stored);
}

#[test]
fn a_second_ctrl_c_ends_at_once() {
    let root = large_tree(3000);
    let db = root.path().join("census.db");
    let (mut child, _lock) = under_way(root.path(), &db);
    interrupt(&child);
    says_that_it_stops(&mut child);
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
