//! The commands that the book and the README print are those that there are.

use crate::bench::within;

const BOOK: &str = include_str!("../../../book/src/cluster-operating.md");
const DEPLOYING: &str = include_str!("../../../book/src/cluster-deploying.md");
const README: &str = include_str!("../../../README.md");

/// The lines of shell that run the program.
fn commands(text: &str) -> Vec<&str> {
    let blocks = text.split("```sh\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap());
    let lines = blocks.flat_map(str::lines);
    lines.filter(|line| line.starts_with("antflow ")).collect()
}

#[tokio::test]
async fn every_command_that_is_printed_is_understood() {
    let book = commands(BOOK);
    assert!(book.len() >= 20, "{book:?}");
    let others = [DEPLOYING, README].map(commands).concat();
    for line in book.into_iter().chain(others) {
        // What stands behind a pipe or in the background is of others.
        let command = line.split(" | ").next().unwrap();
        let command = command.split(" #").next().unwrap();
        let command = command.trim_end().trim_end_matches(" &");
        let asked = format!("{command} --help").replacen("antflow", "\"$PROGRAM\"", 1);
        let mut shell = tokio::process::Command::new("sh");
        shell
            .args(["-c", &asked])
            .env("PROGRAM", env!("CARGO_BIN_EXE_antflow"));
        let output = within(shell.output()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {said}");
        let second = line.split_whitespace().nth(1).unwrap();
        let help = String::from_utf8_lossy(&output.stdout);
        assert!(
            help.contains(&format!("Usage: antflow {second}")),
            "{line}: {help}"
        );
    }
}
