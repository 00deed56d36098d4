//! The book's table of FlowKit's guide has no gaps, and what it names is there: tests, and items of the library.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Fields, ImplItem, Item, TraitItem, Visibility};

const PAGE: &str = include_str!("../../book/src/cluster-guide.md");
const HEAD: [&str; 4] = ["#", "in the guide", "in antflow", "test"];
const DOCS: &str = "https://docs.rs/antflow/latest/antflow/cluster/";

/// How many things the guide names.
const ROWS: usize = 79;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn cells(line: &str) -> Vec<&str> {
    let inner = line.trim().trim_start_matches('|');
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    inner.split(" | ").map(str::trim).collect()
}

/// The rows of all tables, with the heads that are not as they should be.
fn rows(page: &str) -> (Vec<Vec<&str>>, Vec<&str>) {
    let (mut rows, mut wrong_heads) = (Vec::new(), Vec::new());
    let mut place = 0;
    for line in page.lines() {
        if !line.starts_with('|') {
            place = 0;
            continue;
        }
        place += 1;
        match place {
            1 if cells(line) == HEAD => {}
            1 => wrong_heads.push(line),
            // The rule below the head.
            2 => {}
            _ => rows.push(cells(line)),
        }
    }
    (rows, wrong_heads)
}

/// What the links of the page lead to, by their names.
fn links(page: &str) -> BTreeMap<&str, &str> {
    page.lines()
        .filter_map(|line| line.strip_prefix("[`")?.split_once("`]: "))
        .collect()
}

fn is_test(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|segment| segment.ident == "test")
}

/// The names of the tests of a file; nothing if there is no such file.
fn tests_of(path: &Path) -> Option<Vec<String>> {
    let text = fs::read_to_string(path).ok()?;
    let parsed = syn::parse_file(&text).expect("the tests compile");
    let tests = parsed.items.iter().filter_map(|item| match item {
        Item::Fn(function) if function.attrs.iter().any(is_test) => {
            Some(function.sig.ident.to_string())
        }
        _ => None,
    });
    Some(tests.collect())
}

/// What is public below a directory: items as `struct.Worker`, their parts as `struct.Worker.html#method.start`.
#[derive(Default)]
struct Public {
    items: BTreeSet<String>,
    /// Methods of types, wherever they are implemented.
    methods: BTreeSet<(String, String)>,
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

impl Public {
    fn below(directory: &Path) -> Self {
        let mut public = Self::default();
        public.read(directory);
        public
    }

    fn read(&mut self, directory: &Path) {
        for entry in fs::read_dir(directory).expect("there is such a module") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                self.read(&path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).expect("it can be read");
                let parsed = syn::parse_file(&text).expect("the library compiles");
                parsed.items.iter().for_each(|item| self.add(item));
            }
        }
    }

    fn add(&mut self, item: &Item) {
        match item {
            Item::Fn(it) if is_public(&it.vis) => self.item("fn", &it.sig.ident, []),
            Item::Const(it) if is_public(&it.vis) => self.item("constant", &it.ident, []),
            Item::Struct(it) if is_public(&it.vis) => {
                let fields = match &it.fields {
                    Fields::Named(fields) => fields.named.iter().collect(),
                    _ => Vec::new(),
                };
                let fields = fields.into_iter().filter(|field| is_public(&field.vis));
                let names = fields.filter_map(|field| field.ident.as_ref());
                let parts: Vec<_> = names.map(|name| format!("structfield.{name}")).collect();
                self.item("struct", &it.ident, parts);
            }
            Item::Enum(it) if is_public(&it.vis) => {
                let variants = it.variants.iter();
                let parts: Vec<_> = variants.map(|it| format!("variant.{}", it.ident)).collect();
                self.item("enum", &it.ident, parts);
            }
            Item::Trait(it) if is_public(&it.vis) => {
                let parts: Vec<_> = it
                    .items
                    .iter()
                    .filter_map(|part| match part {
                        TraitItem::Fn(it) if it.default.is_some() => {
                            Some(format!("method.{}", it.sig.ident))
                        }
                        TraitItem::Fn(it) => Some(format!("tymethod.{}", it.sig.ident)),
                        _ => None,
                    })
                    .collect();
                self.item("trait", &it.ident, parts);
            }
            Item::Impl(it) if it.trait_.is_none() => {
                let syn::Type::Path(of) = &*it.self_ty else {
                    return;
                };
                let of = of.path.segments.last().expect("a type has a name");
                for part in &it.items {
                    if let ImplItem::Fn(method) = part
                        && is_public(&method.vis)
                    {
                        let name = method.sig.ident.to_string();
                        self.methods.insert((of.ident.to_string(), name));
                    }
                }
            }
            _ => {}
        }
    }

    fn item(&mut self, kind: &str, name: &syn::Ident, parts: impl IntoIterator<Item = String>) {
        let item = format!("{kind}.{name}.html");
        let parts = parts.into_iter().map(|part| format!("{item}#{part}"));
        self.items.extend(parts);
        self.items.insert(item);
    }

    /// Is there what a link of this name leads to?
    fn has(&self, name: &str, target: &str) -> bool {
        let method = name.split_once("::").filter(|(of, method)| {
            target == format!("struct.{of}.html#method.{method}")
                && self
                    .methods
                    .contains(&((*of).to_owned(), (*method).to_owned()))
        });
        let (item, part) = target.split_once('#').unwrap_or((target, ""));
        let says = [item.split('.').nth(1), part.split('.').nth(1)];
        let named: Vec<_> = name.split("::").collect();
        let is_named = says.into_iter().flatten().eq(named);
        is_named && (method.is_some() || self.items.contains(target))
    }
}

/// All that is wrong with a page.
fn mistakes(page: &str) -> BTreeSet<String> {
    let (rows, wrong_heads) = rows(page);
    let links = links(page);
    let mut mistakes: BTreeSet<_> = wrong_heads
        .iter()
        .map(|line| format!("the head is not {HEAD:?}: {line}"))
        .collect();
    let mut files: HashMap<PathBuf, Option<Vec<String>>> = HashMap::new();
    for row in rows {
        if row.len() != HEAD.len() || row.iter().any(|cell| cell.is_empty()) {
            mistakes.insert(format!("row {}: not {} full cells", row[0], HEAD.len()));
            continue;
        }
        for code in row[2].split("[`").skip(1) {
            let name = code.split('`').next().unwrap_or_default();
            if !links.contains_key(name) {
                mistakes.insert(format!("row {}: `{name}` leads nowhere", row[0]));
            }
        }
        for test in row[3].split(',') {
            let test = test.trim().trim_matches('`');
            let (directory, name) = match test.strip_prefix("metrics/") {
                Some(name) => ("antflow-metrics/tests", name),
                None => ("tests/tests", test),
            };
            let (file, function) = name.split_once("::").unwrap_or((name, ""));
            let path = root().join(directory).join(file).with_extension("rs");
            let tests = files.entry(path).or_insert_with_key(|path| tests_of(path));
            let is_there = tests.iter().flatten().any(|name| name == function);
            if !is_there {
                mistakes.insert(format!("row {}: there is no test `{test}`", row[0]));
            }
        }
    }
    let source = root().join("antflow/src/cluster");
    let mut modules: HashMap<&str, Public> = HashMap::new();
    for (name, url) in links {
        let Some(path) = url.strip_prefix(DOCS) else {
            mistakes.insert(format!("`{name}` leads away: {url}"));
            continue;
        };
        let (module, target) = path.rsplit_once('/').unwrap_or(("", path));
        let public = modules.entry(module).or_insert_with(|| {
            // Methods may be implemented in other modules than their type.
            let mut public = Public::below(&source.join(module));
            public.methods.extend(Public::below(&source).methods);
            public
        });
        if !public.has(name, target) {
            mistakes.insert(format!("`{name}` is not at {url}"));
        }
    }
    mistakes
}

#[test]
fn every_row_of_the_guide_has_an_answer_and_a_test() {
    let mistakes: Vec<_> = mistakes(PAGE).into_iter().collect();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    let (rows, _) = rows(PAGE);
    let numbers = rows.iter().map(|row| row[0].to_owned());
    assert!(numbers.eq((1..=ROWS).map(|number| number.to_string())));
}

#[test]
fn all_that_is_missing_is_listed() {
    let page = "\
| # | in the guide | in antflow | test |
|---|---|---|---|
| 1 | good | [`Worker::start`] | `book_cluster_guide::all_that_is_missing_is_listed` |
| 2 | no test | here | |
| 3 | nowhere | [`Worker::stop`] | `nowhere::nothing` |
| 4 | no link | [`Worker::go`] | `book_cluster_guide::mistakes` |

| another | head |
|---|---|

[`Handler`]: https://docs.rs/antflow/latest/antflow/cluster/worker/trait.Handler.html
[`Worker::start`]: https://docs.rs/antflow/latest/antflow/cluster/worker/struct.Worker.html#method.start
[`Worker::stop`]: https://docs.rs/antflow/latest/antflow/cluster/worker/struct.Worker.html#method.stop
[`elsewhere`]: https://example.org/
";
    let expected = [
        "`Handler` is not at https://docs.rs/antflow/latest/antflow/cluster/worker/trait.Handler.html",
        "`Worker::stop` is not at https://docs.rs/antflow/latest/antflow/cluster/worker/struct.Worker.html#method.stop",
        "`elsewhere` leads away: https://example.org/",
        "row 2: not 4 full cells",
        "row 3: there is no test `nowhere::nothing`",
        "row 4: `Worker::go` leads nowhere",
        "row 4: there is no test `book_cluster_guide::mistakes`",
        r##"the head is not ["#", "in the guide", "in antflow", "test"]: | another | head |"##,
    ];
    let found: Vec<_> = mistakes(page).into_iter().collect();
    assert_eq!(found, expected);
}
