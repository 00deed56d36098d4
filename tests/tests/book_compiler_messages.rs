//! The book's chapter of compiler messages shows real cases, each with its message and a remedy that compiles.

use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../book/src/compiler-messages.md");

/// A part of the chapter below a heading, with what it includes: the paths below `ui`, and what is taken of each.
struct Section {
    title: String,
    includes: Vec<(String, String)>,
}

fn sections(page: &str) -> Vec<Section> {
    let parts = page.split("\n## ").skip(1);
    let section = |part: &str| {
        let includes = part.lines().filter_map(|line| {
            let path = line.strip_prefix("{{#include ../../tests/ui/")?;
            let (path, part) = path
                .strip_suffix("}}")?
                .split_once(':')
                .unwrap_or((path.strip_suffix("}}")?, ""));
            Some((path.to_owned(), part.to_owned()))
        });
        Section {
            title: part.lines().next().unwrap_or_default().to_owned(),
            includes: includes.collect(),
        }
    };
    parts.map(section).collect()
}

fn read(path: &str) -> Result<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui").join(path);
    fs::read_to_string(path).map_err(|error| error.to_string())
}

/// What is wrong with the lines that are taken of a message: it begins with an error, and ends where a part of it does.
fn wrong_with_message(message: &str, range: &str) -> Option<String> {
    if !message.starts_with("error") {
        return Some("it is no error".to_owned());
    }
    if range.is_empty() {
        return None;
    }
    let end = range.strip_prefix("1:").and_then(|end| end.parse().ok());
    let Some(end): Option<usize> = end else {
        return Some(format!("`{range}` does not begin with the first line"));
    };
    let behind = message.lines().nth(end);
    let is_whole = |line: &str| {
        ["note: ", "help: ", "   |", "  |"]
            .iter()
            .any(|start| line.starts_with(start))
    };
    match behind {
        Some(line) if is_whole(line) => None,
        Some(line) => Some(format!("it is cut before `{line}`")),
        None => Some("it has no more lines than that".to_owned()),
    }
}

fn wrong_with_section(section: &Section) -> Result<(), String> {
    let [(source, all), (message, range), (fixed, anchor)] = &section.includes[..] else {
        return Err("not a case, its message and its remedy".to_owned());
    };
    let case = source.strip_suffix(".rs").unwrap_or_default();
    let (topic, name) = case
        .split_once("/fail/")
        .ok_or("the first is not of `fail`")?;
    if !all.is_empty() || *message != format!("{topic}/fail/{name}.stderr") {
        return Err("the second is not what is said of the first".to_owned());
    }
    if *fixed != format!("fixed/pass/{name}.rs") || anchor != "fix" {
        return Err("the third is not the remedy of the first".to_owned());
    }
    read(source)?;
    if let Some(wrong) = wrong_with_message(&read(message)?, range) {
        return Err(wrong);
    }
    let fixed = read(fixed)?;
    if !fixed.contains("// ANCHOR: fix\n") || !fixed.contains("// ANCHOR_END: fix\n") {
        return Err("the remedy has no anchor".to_owned());
    }
    Ok(())
}

fn mistakes(page: &str) -> Vec<String> {
    let sections = sections(page);
    let sections = sections
        .iter()
        .filter(|section| section.title != "And the rest");
    sections
        .filter_map(|section| {
            let wrong = wrong_with_section(section).err()?;
            Some(format!("{}: {wrong}", section.title))
        })
        .collect()
}

#[test]
fn every_mistake_of_the_chapter_is_a_case_with_a_remedy() {
    assert_eq!(mistakes(PAGE), Vec::<String>::new());
    let sections = sections(PAGE).len();
    assert!(sections > 10, "{sections} sections are too few");
}

#[test]
fn every_remedy_is_in_the_chapter() {
    let remedies = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/fixed/pass");
    for remedy in fs::read_dir(remedies).expect("they are there") {
        let name = remedy.expect("it was listed").file_name();
        let include = format!("ui/fixed/pass/{}:fix}}}}", name.to_string_lossy());
        assert!(PAGE.contains(&include), "{include}");
    }
}

#[test]
fn what_is_wrong_with_a_chapter_is_found() {
    let good = PAGE.split("\n## ").nth(1).expect("it has sections");
    let page = |section: &str| mistakes(&format!("\n## {section}"));
    assert_eq!(page(good), Vec::<String>::new());
    let title = good.lines().next().expect("it has a title");
    for (from, to, wrong) in [
        (
            "mismatch.stderr:1:14",
            "mismatch.stderr:1:13",
            "it is cut before `   = help: for that trait implementation, expected `Record`, found `Page``",
        ),
        (
            "mismatch.stderr",
            "typo.stderr",
            "the second is not what is said of the first",
        ),
        (
            "fixed/pass/mismatch",
            "fixed/pass/typo",
            "the third is not the remedy of the first",
        ),
        (
            "{{#include",
            "{{#exclude",
            "not a case, its message and its remedy",
        ),
    ] {
        assert_eq!(page(&good.replace(from, to)), [format!("{title}: {wrong}")]);
    }
    assert_eq!(
        wrong_with_message("warning: no", ""),
        Some("it is no error".to_owned())
    );
}
