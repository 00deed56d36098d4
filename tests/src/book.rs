//! Tables of the book that name tests: what is wrong with them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Expr, Item, ItemFn, Lit};

/// A row of a table: the number of its line, and its cells.
pub type Row<'p> = (usize, Vec<&'p str>);

/// The directory of this package.
fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cells(line: &str) -> Vec<&str> {
    let inner = line.trim().trim_start_matches('|');
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    inner.split('|').map(str::trim).collect()
}

/// The rows of all tables of a page, and the lines of heads that are not as they should be.
#[must_use]
pub fn rows<'p>(page: &'p str, head: &[&str]) -> (Vec<Row<'p>>, Vec<usize>) {
    let (mut rows, mut wrong_heads) = (Vec::new(), Vec::new());
    let mut place = 0;
    for (number, line) in (1..).zip(page.lines()) {
        if !line.trim_start().starts_with('|') {
            place = 0;
            continue;
        }
        place += 1;
        match place {
            1 if cells(line) == head => {}
            1 => wrong_heads.push(number),
            // The rule below the head.
            2 => {}
            _ => rows.push((number, cells(line))),
        }
    }
    (rows, wrong_heads)
}

/// All that is wrong with a page whose tables have this head: cells that are empty, and in the last column names of
/// tests that are not there.
///
/// A name is `file::function` for a test in `tests/tests`, `examples/file::function` for one of the examples,
/// `store_suite/module::function` for a case that every store has to pass, `scenarios/module::function` for one that
/// every engine has to pass, or a case below `ui/`.
#[must_use]
pub fn mistakes(page: &str, head: &[&str]) -> BTreeSet<String> {
    let (rows, wrong_heads) = rows(page, head);
    let mut mistakes = BTreeSet::new();
    for line in wrong_heads {
        mistakes.insert(format!("line {line}: the head is not {head:?}"));
    }
    let mut files = Files::default();
    for (line, cells) in rows {
        let tests = match cells.last() {
            Some(tests)
                if cells.len() == head.len() && cells.iter().all(|cell| !cell.is_empty()) =>
            {
                tests
            }
            _ => {
                mistakes.insert(format!("line {line}: not {} full cells", head.len()));
                continue;
            }
        };
        for test in tests.split(',') {
            let test = test.trim().trim_matches('`');
            if let Some(missing) = files.missing(test) {
                mistakes.insert(format!("line {line}: {missing}"));
            }
        }
    }
    mistakes
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
        let (path, is_one) = if let Some(file) = file.strip_prefix("examples/") {
            (
                here().join("../examples/tests").join(file),
                is_test as fn(&ItemFn) -> bool,
            )
        } else if file.starts_with("store_suite/") || file.starts_with("scenarios/") {
            (
                here().join("src").join(file),
                is_case as fn(&ItemFn) -> bool,
            )
        } else {
            (
                here().join("tests").join(file),
                is_test as fn(&ItemFn) -> bool,
            )
        };
        let path = path.with_extension("rs");
        let tests = self.0.entry(path).or_insert_with_key(|path| {
            let text = fs::read_to_string(path).ok()?;
            let parsed = syn::parse_file(&text).ok()?;
            Some(functions(&parsed.items, is_one))
        });
        match tests {
            None => Some(format!("there is no file `{file}.rs`")),
            Some(tests) if tests.iter().any(|name| name == function) => None,
            Some(_) => Some(format!("`{file}.rs` has no test `{function}`")),
        }
    }
}

/// Has it a test attribute?
fn is_test(function: &ItemFn) -> bool {
    let is_one = |attribute: &Attribute| {
        let last = attribute.path().segments.last();
        last.is_some_and(|segment| segment.ident == "test")
    };
    function.attrs.iter().any(is_one)
}

/// Is it a case of one of the suites, whose macros make tests of it?
fn is_case(function: &ItemFn) -> bool {
    const CASES: [&str; 2] = [
        include_str!("store_suite/mod.rs"),
        include_str!("scenarios/mod.rs"),
    ];
    // Each stands on a line of its own.
    let mut lines = CASES.iter().flat_map(|cases| cases.lines());
    lines.any(|line| function.sig.ident == line.trim().trim_end_matches(';'))
}

/// The scenarios that are cases for every engine, as `scenarios/module::function`, with the first line of their
/// documentation.
///
/// # Panics
/// If one of their files cannot be read.
#[must_use]
pub fn scenarios() -> BTreeMap<String, String> {
    let directory = fs::read_dir(here().join("src/scenarios")).expect("it is there");
    let mut cases = BTreeMap::new();
    for entry in directory {
        let path = entry.expect("it can be read").path();
        let text = fs::read_to_string(&path).expect("it can be read");
        let parsed = syn::parse_file(&text).expect("it is Rust");
        let module = path.file_stem().unwrap_or_default().to_string_lossy();
        for item in &parsed.items {
            if let Item::Fn(function) = item
                && is_case(function)
            {
                let name = format!("scenarios/{module}::{}", function.sig.ident);
                cases.insert(name, first_line(function));
            }
        }
    }
    cases
}

/// The first line of a function's documentation.
fn first_line(function: &ItemFn) -> String {
    let lines = function.attrs.iter().filter_map(|attribute| {
        let value = attribute.meta.require_name_value().ok()?;
        match &value.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        }
    });
    let first = lines.map(|line| line.trim().to_owned()).next();
    first.unwrap_or_default()
}

/// The names of the functions that are such.
fn functions(items: &[Item], is_one: fn(&ItemFn) -> bool) -> Vec<String> {
    let mut names = Vec::new();
    for item in items {
        match item {
            Item::Fn(function) if is_one(function) => names.push(function.sig.ident.to_string()),
            Item::Mod(module) => {
                let items = module
                    .content
                    .as_ref()
                    .map(|(_, items)| functions(items, is_one));
                names.extend(items.unwrap_or_default());
            }
            _ => {}
        }
    }
    names
}
