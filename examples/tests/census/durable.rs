use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use antflow::cluster::Cluster;
use antflow::cluster::store::RunFilter;

use crate::interrupt::has_rows;
use crate::program::{command, large_tree, numbers, object, report, rows};

/// All rows of a table, as text.
fn table(db: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(db).unwrap();
    let mut query = connection
        .prepare("SELECT path || ' ' || crate || ' ' || lines || ' ' || functions || ' ' || longest_lines FROM files ORDER BY path")
        .unwrap();
    let rows = query.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn durable(root: &Path, directory: &Path) -> Command {
    let mut command = command(root);
    command.arg("--json").arg("--cluster").arg(directory);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// How many files are done with the stage that reads, in the newest census.
async fn read_so_far(directory: &Path) -> u64 {
    let cluster = Cluster::embedded(directory.join("cluster.db"))
        .await
        .unwrap();
    let Some(run) = cluster.runs(RunFilter::default()).await.unwrap().pop() else {
        return 0;
    };
    let status = cluster.status(&run.id).await.unwrap();
    status.node("Read").unwrap().totals.batches
}

#[tokio::test]
async fn killed_at_any_moment_it_ends_with_the_same_table_and_reads_only_what_was_in_flight_again()
{
    const FILES: u64 = 1500;
    let root = large_tree(1500);
    let [there, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let (directory, db) = (there.path().join("jobs"), other.path().join("census.db"));
    for pause in [120, 400, 250] {
        let mut child = durable(root.path(), &directory).spawn().unwrap();
        thread::sleep(Duration::from_millis(pause));
        // SIGKILL: nothing is put away.
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let done = read_so_far(&directory).await;
    let output = durable(root.path(), &directory).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    let reads = format!("{} of {FILES} files were read now", FILES - done);
    assert!(said.contains(&reads), "{said}, not {reads}");
    assert_eq!(numbers(&object(&output)), [FILES, FILES, 0, 0]);

    report(root.path(), &["--json", "--db", db.to_str().unwrap()]);
    assert_eq!(table(&directory.join("census.db")), table(&db));
    assert_eq!(rows(&db), FILES);

    // One that has ended is begun anew.
    let output = durable(root.path(), &directory).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("1500 of 1500 files were read now"), "{said}");
}

#[test]
fn ctrl_c_leaves_the_rest_for_the_next_start() {
    let root = large_tree(1500);
    let there = tempfile::tempdir().unwrap();
    let directory = there.path().join("jobs");
    let child = durable(root.path(), &directory).spawn().unwrap();
    let db = directory.join("census.db");
    while !has_rows(&db) {
        thread::sleep(Duration::from_millis(5));
    }
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let [_, stored, failed, cancelled] = numbers(&object(&output));
    assert!(stored < 1500 && cancelled > 0 && failed == 0, "{output:?}");
    let report = object(&durable(root.path(), &directory).output().unwrap());
    assert_eq!(numbers(&report), [1500, 1500, 0, 0]);
}

#[test]
fn files_that_have_changed_since_it_was_begun_are_no_part_of_it() {
    let root = large_tree(300);
    let there = tempfile::tempdir().unwrap();
    let directory = there.path().join("jobs");
    let mut child = durable(root.path(), &directory).spawn().unwrap();
    let db = directory.join("census.db");
    while !has_rows(&db) {
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::rename(root.path().join("0.rs"), root.path().join("00.rs")).unwrap();
    let output = durable(root.path(), &directory).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("other files than when the census was begun"),
        "{said}"
    );
}
