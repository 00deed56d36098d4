//! The README shows what the compiler really says.

const README: &str = include_str!("../../README.md");
const SAID: &str = include_str!("../ui/pipeline/fail/mismatch.stderr");

#[test]
fn the_readme_shows_the_real_message_for_a_wrong_wiring() {
    let shown = SAID
        .lines()
        .take_while(|line| !line.starts_with("note: required by a bound"))
        // The names of the files differ.
        .filter(|line| !line.trim_start().starts_with("-->"));
    let missing: Vec<_> = shown.filter(|line| !README.contains(line)).collect();
    assert!(missing.is_empty(), "the README does not show {missing:#?}");
}
