//! The book's tables of what clusters have to do right have no gaps, and the tests that they name are there.

use antflow_tests::book;

const PAGE: &str = include_str!("../../book/src/cluster-proofs.md");
const SCENARIOS: [&str; 3] = ["number", "what", "test"];
const WEAKNESSES: [&str; 3] = ["number", "what went wrong there", "test"];

/// The two parts of the page.
fn parts() -> [(&'static str, [&'static str; 3], char, usize); 2] {
    let (scenarios, weaknesses) = PAGE
        .split_once("## Weaknesses")
        .expect("there are two parts");
    [
        (scenarios, SCENARIOS, 'C', 20),
        (weaknesses, WEAKNESSES, 'W', 26),
    ]
}

#[test]
fn every_scenario_and_every_weakness_has_a_test_that_is_there() {
    for (part, head, letter, count) in parts() {
        let mistakes: Vec<_> = book::mistakes(part, &head).into_iter().collect();
        assert!(mistakes.is_empty(), "{letter}: {}", mistakes.join("\n"));
        let (rows, _) = book::rows(part, &head);
        let numbers = rows.iter().map(|(_, cells)| cells[0].to_owned());
        let expected = (1..=count).map(|number| format!("{letter}{number}"));
        assert!(numbers.eq(expected), "all of them, in their order");
    }
}
