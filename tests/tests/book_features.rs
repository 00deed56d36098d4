//! The book's table of features has no gaps, and the tests that it names are there.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Item};

const PAGE: &str = include_str!("../../book/src/antflow-features.md");
const HEAD: [&str; 3] = ["feature of the document", "in antflow", "test"];

/// The directory of this package.
fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cells(line: &str) -> Vec<&str> {
    let inner = line.trim().trim_start_matches('|');
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    inner.split('|').map(str::trim).collect()
}

/// The rows of all tables with the numbers of their lines, and the lines of heads that are not as they should be.
fn rows(page: &str) -> (Vec<(usize, Vec<&str>)>, Vec<usize>) {
    let (mut rows, mut wrong_heads) = (Vec::new(), Vec::new());
    let mut place = 0;
    for (number, line) in (1..).zip(page.lines()) {
        if !line.trim_start().starts_with('|') {
            place = 0;
            continue;
        }
        place += 1;
        match place {
            1 if cells(line) == HEAD => {}
            1 => wrong_heads.push(number),
            // The rule below the head.
            2 => {}
            _ => rows.push((number, cells(line))),
        }
    }
    (rows, wrong_heads)
}

fn is_test(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|segment| segment.ident == "test")
}

/// The names of the functions with a test attribute.
fn tests_among(items: &[Item]) -> Vec<String> {
    let mut names = Vec::new();
    for item in items {
        match item {
            Item::Fn(function) if function.attrs.iter().any(is_test) => {
                names.push(function.sig.ident.to_string());
            }
            Item::Mod(module) => {
                let items = module.content.as_ref().map(|(_, items)| tests_among(items));
                names.extend(items.unwrap_or_default());
            }
            _ => {}
        }
    }
    names
}

/// The tests of the files that were asked for.
#[derive(Default)]
struct Files(HashMap<PathBuf, Option<Vec<String>>>);

impl Files {
    /// What is wrong with the name of a test, if something is.
    fn missing(&mut self, test: &str) -> Option<String> {
        if let Some(case) = test.strip_prefix("ui/") {
            let path = here().join("ui").join(case).with_extension("rs");
            return (!path.is_file()).then(|| format!("there is no case `{test}`"));
        }
        let Some((file, function)) = test.split_once("::") else {
            return Some(format!("`{test}` is neither `file::function` nor a case"));
        };
        let path = match file.strip_prefix("examples/") {
            Some(file) => here().join("../examples/tests").join(file),
            None => here().join("tests").join(file),
        };
        let path = path.with_extension("rs");
        let tests = self.0.entry(path).or_insert_with_key(|path| {
            let text = fs::read_to_string(path).ok()?;
            let parsed = syn::parse_file(&text).expect("the tests compile");
            Some(tests_among(&parsed.items))
        });
        match tests {
            None => Some(format!("there is no file `{file}.rs`")),
            Some(tests) if tests.iter().any(|name| name == function) => None,
            Some(_) => Some(format!("`{file}.rs` has no test `{function}`")),
        }
    }
}

/// All that is wrong with a page.
fn mistakes(page: &str) -> BTreeSet<String> {
    let (rows, wrong_heads) = rows(page);
    let mut mistakes = BTreeSet::new();
    for line in wrong_heads {
        mistakes.insert(format!("line {line}: the head is not {HEAD:?}"));
    }
    let mut files = Files::default();
    for (line, cells) in rows {
        if cells.len() != HEAD.len() || cells.iter().any(|cell| cell.is_empty()) {
            mistakes.insert(format!("line {line}: not {} full cells", HEAD.len()));
            continue;
        }
        for test in cells[2].split(',') {
            let test = test.trim().trim_matches('`');
            if let Some(missing) = files.missing(test) {
                mistakes.insert(format!("line {line}: {missing}"));
            }
        }
    }
    mistakes
}

#[test]
fn every_feature_has_a_test_that_is_there() {
    let mistakes: Vec<_> = mistakes(PAGE).into_iter().collect();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    let (rows, _) = rows(PAGE);
    assert!(rows.len() > 100, "{} rows are not all features", rows.len());
}

#[test]
fn all_that_is_missing_is_listed() {
    let page = "\
Text.

| feature of the document | in antflow | test |
|---|---|---|
| good | `here` | `book_features::all_that_is_missing_is_listed`, `ui/pipeline/fail/empty` |
| no test | `here` | |
| two cells | `book_features::rows` |
| no such file | `here` | `nowhere::nothing` |
| a function that is no test | `here` | `book_features::mistakes` |
| no such case | `here` | `ui/pipeline/fail/nothing` |
| nonsense | `here` | `nonsense` |

| another | head |
|---|---|
";
    let expected = [
        "line 10: there is no case `ui/pipeline/fail/nothing`",
        "line 11: `nonsense` is neither `file::function` nor a case",
        "line 13: the head is not [\"feature of the document\", \"in antflow\", \"test\"]",
        "line 6: not 3 full cells",
        "line 7: not 3 full cells",
        "line 8: there is no file `nowhere.rs`",
        "line 9: `book_features.rs` has no test `mistakes`",
    ];
    assert!(mistakes(page).iter().eq(&expected), "{:#?}", mistakes(page));
}
