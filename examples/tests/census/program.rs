use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const ONE: &str =
    "/// Docs.\npub fn documented() {}\n\npub unsafe fn bare() {\n    unsafe { bare() }\n}\n";

/// A directory with these files in it.
pub(crate) fn tree<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    root
}

/// A directory of many files that take a while to parse.
pub(crate) fn large_tree(files: usize) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let text: String = (0..20)
        .map(|number| format!("pub fn f{number}(x: u64) -> u64 {{\n    if x > {number} {{ x * 2 }} else {{ x + 1 }}\n}}\n"))
        .collect();
    for number in 0..files {
        fs::write(root.path().join(format!("{number}.rs")), &text).unwrap();
    }
    root
}

pub(crate) fn command(path: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_census"));
    command.arg(path);
    command
}

/// Runs the census to its end.
pub(crate) fn census(path: &Path, options: &[&str]) -> Output {
    command(path).args(options).output().unwrap()
}

/// Runs the census to its end, which must be a good one, and reads its JSON object.
pub(crate) fn report(path: &Path, options: &[&str]) -> Value {
    let output = census(path, options);
    assert!(output.status.success(), "{output:?}");
    object(&output)
}

pub(crate) fn object(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// `files_found`, `stored`, `failed` and `cancelled`, after a look that they add up.
pub(crate) fn numbers(report: &Value) -> [u64; 4] {
    let numbers =
        ["files_found", "stored", "failed", "cancelled"].map(|key| report[key].as_u64().unwrap());
    let [found, stored, failed, cancelled] = numbers;
    assert_eq!(found, stored + failed + cancelled, "{report}");
    assert_eq!(
        failed,
        report["failures"].as_array().unwrap().len() as u64,
        "{report}"
    );
    numbers
}

/// `stage` and `error` of the failure of the file that ends with `name`.
pub(crate) fn failure<'a>(report: &'a Value, name: &str) -> (&'a str, &'a str) {
    let failures = report["failures"].as_array().unwrap();
    let is_it = |failure: &&Value| failure["path"].as_str().unwrap().ends_with(name);
    let failure = failures
        .iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("{name} has not failed: {report}"));
    (
        failure["stage"].as_str().unwrap(),
        failure["error"].as_str().unwrap(),
    )
}

/// How many rows a database has.
pub(crate) fn rows(db: &Path) -> u64 {
    let connection = rusqlite::Connection::open(db).unwrap();
    let query = "SELECT count(*) FROM files";
    connection.query_row(query, [], |row| row.get(0)).unwrap()
}
