//! The book's tables of what clusters have to do right have no gaps, and the tests that they name are there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use antflow_tests::book;

const PAGE: &str = include_str!("../../book/src/cluster-proofs.md");
const SCENARIOS: [&str; 3] = ["number", "what", "test"];
const ENGINES: [&str; 2] = ["engine", "tests"];
const CASES: [&str; 2] = ["number", "cases"];
const WEAKNESSES: [&str; 3] = ["number", "what went wrong there", "test"];

/// The part of the page with this title.
fn part(title: &str) -> &'static str {
    let mut parts = PAGE.split("\n## ");
    let found = parts.find(|part| part.lines().next() == Some(title));
    found.unwrap_or_else(|| panic!("there is no part `{title}`"))
}

/// The tables of the part about engines: which ones there are, and what runs on all of them.
fn engines_and_cases() -> (&'static str, &'static str) {
    let part = part("Scenarios on every engine");
    let cases = part.find("| number |").expect("there are two tables");
    part.split_at(cases)
}

fn check(part: &'static str, head: &[&str], letter: char, count: usize) {
    let mistakes: Vec<_> = book::mistakes(part, head).into_iter().collect();
    assert!(mistakes.is_empty(), "{letter}: {}", mistakes.join("\n"));
    let (rows, _) = book::rows(part, head);
    let numbers = rows.iter().map(|(_, cells)| cells[0].to_owned());
    let expected = (1..=count).map(|number| format!("{letter}{number}"));
    assert!(numbers.eq(expected), "all of them, in their order");
}

#[test]
fn every_scenario_and_every_weakness_has_a_test_that_is_there() {
    check(part("Scenarios"), &SCENARIOS, 'C', 20);
    let weaknesses = part("Weaknesses of the Python original");
    check(weaknesses, &WEAKNESSES, 'W', 26);
}

#[test]
fn every_scenario_has_cases_for_every_engine_and_each_of_them_is_named_with_its_number() {
    let (_, cases) = engines_and_cases();
    check(cases, &CASES, 'C', 20);
    let (rows, _) = book::rows(cases, &CASES);
    let mut named = BTreeMap::new();
    for (_, cells) in rows {
        for case in cells[1].split(", ") {
            named.insert(case.trim_matches('`').to_owned(), cells[0].to_owned());
        }
    }
    let there = book::scenarios().into_iter().map(|(case, doc)| {
        let number = doc.split(':').next().unwrap_or_default().to_owned();
        (case, number)
    });
    assert_eq!(named, there.collect());
}

#[test]
fn every_engine_is_named_with_the_tests_that_run_the_scenarios_on_it() {
    let (engines, _) = engines_and_cases();
    let (rows, wrong_heads) = book::rows(engines, &ENGINES);
    assert!(wrong_heads.is_empty(), "the head is not {ENGINES:?}");
    let named: BTreeSet<_> = rows
        .iter()
        .map(|(_, cells)| cells[1].trim_matches('`').to_owned())
        .collect();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut there = BTreeSet::new();
    for entry in fs::read_dir(tests).expect("it is there") {
        let path = entry.expect("it can be read").path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("it can be read");
            if text.contains("\ncluster_scenarios!(") {
                let name = path.file_stem().unwrap_or_default().to_string_lossy();
                there.insert(name.into_owned());
            }
        }
    }
    assert_eq!(named, there);
}
