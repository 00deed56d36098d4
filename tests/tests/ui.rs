//! What does not compile, and what the compiler says about it.
//!
//! One mistake gives one error, on the user's own token. After a change of the messages, `TRYBUILD=overwrite cargo test
//! --test ui` writes the new ones, to be read before they are committed. They are those of the pinned toolchain.
//!
//! In `fail` directories there is one mistake in each file, in `several` there are more, which are all reported.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn wiring_and_attributes() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/*/pass/*.rs");
    cases.compile_fail("ui/*/fail/*.rs");
    cases.compile_fail("ui/*/several/*.rs");
}

/// Names that nobody needs to know who uses antflow.
const INTERNALS: [&str; 18] = [
    "__private",
    "__",
    "Accepts",
    "Agree",
    "Call<",
    "Chain",
    "Copies",
    "Execute",
    "Fallible",
    "FirstStage",
    "IntoStage",
    "Launch",
    "NextStage",
    "Routed",
    "StageError",
    "StateFor",
    "TakesBatches",
    "Ways",
];

/// An error, as the compiler prints it.
struct Printed<'a> {
    /// The first line.
    message: &'a str,
    /// What the compiler points at first: file, line and column.
    place: &'a str,
}

/// The errors of a file of expected messages.
fn printed(stderr: &str) -> Vec<Printed<'_>> {
    let mut errors = Vec::new();
    let mut lines = stderr.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("error") {
            let next = lines.next().unwrap_or_default().trim_start();
            errors.push(Printed {
                message: line,
                place: next.strip_prefix("--> ").unwrap_or_default(),
            });
        }
    }
    errors
}

/// All that is wrong with the expected messages of a case, which is the path of its source.
fn mistakes(case: &str, stderr: &str) -> Vec<String> {
    let errors = printed(stderr);
    let mut mistakes = Vec::new();
    let several = case.contains("/several/");
    if several && errors.len() < 2 || !several && errors.len() != 1 {
        mistakes.push(format!("{case}: {} errors", errors.len()));
    }
    let places: BTreeSet<_> = errors.iter().map(|error| error.place).collect();
    if places.len() < errors.len() {
        mistakes.push(format!("{case}: two errors at one place"));
    }
    for Printed { message, place } in errors {
        if place.split(':').next() != Some(case) {
            mistakes.push(format!("{case}: points at `{place}`"));
        }
        if let Some(name) = INTERNALS.iter().find(|name| message.contains(**name)) {
            mistakes.push(format!("{case}: its first line names `{name}`"));
        }
    }
    mistakes
}

/// The files with this extension in directories of this name.
fn files(directory: &str, extension: &str) -> Vec<PathBuf> {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let topics = fs::read_dir(ui).expect("the cases are there");
    let mut files: Vec<_> = topics
        .filter_map(|topic| fs::read_dir(topic.ok()?.path().join(directory)).ok())
        .flatten()
        .map(|file| file.expect("it was listed").path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

#[test]
fn one_mistake_is_one_error_on_the_users_own_token() {
    let cases = [files("fail", "rs"), files("several", "rs")].concat();
    assert!(cases.len() > 200, "{} cases are not all", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let stderr = fs::read_to_string(case.with_extension("stderr")).unwrap_or_default();
        let case = case
            .strip_prefix(env!("CARGO_MANIFEST_DIR"))
            .expect("it is in this package");
        wrong.extend(mistakes(&case.display().to_string(), &stderr));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_expected_message_belongs_to_a_case() {
    let messages = [files("fail", "stderr"), files("several", "stderr")].concat();
    let lost = messages
        .iter()
        .filter(|path| !path.with_extension("rs").is_file());
    assert_eq!(lost.collect::<Vec<_>>(), Vec::<&PathBuf>::new());
}

#[test]
fn what_is_wrong_with_a_message_is_found() {
    let good = "error: no\n --> ui/x/fail/a.rs:3:9\n  |\n3 | x\n";
    assert_eq!(mistakes("ui/x/fail/a.rs", good), Vec::<String>::new());
    let alone = good.replace("fail", "several");
    assert_eq!(
        mistakes("ui/x/several/a.rs", &alone),
        ["ui/x/several/a.rs: 1 errors"]
    );
    assert_eq!(mistakes("ui/x/fail/b.rs", ""), ["ui/x/fail/b.rs: 0 errors"]);
    let twice = format!("{good}\n{good}");
    assert_eq!(
        mistakes("ui/x/fail/a.rs", &twice),
        [
            "ui/x/fail/a.rs: 2 errors",
            "ui/x/fail/a.rs: two errors at one place"
        ]
    );
    let ours = "error[E0277]: `Rc` is no `antflow::__private::Listed`\n  --> $WORKSPACE/antflow/src/lib.rs\n";
    assert_eq!(
        mistakes("ui/x/fail/a.rs", ours),
        [
            "ui/x/fail/a.rs: points at `$WORKSPACE/antflow/src/lib.rs`",
            "ui/x/fail/a.rs: its first line names `__private`"
        ]
    );
}
