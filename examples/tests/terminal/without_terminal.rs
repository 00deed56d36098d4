//! What is shown where nothing can be drawn, or nothing shall.

use std::process::{Command, Output, Stdio};

use crate::pty::{Screen, VARIABLES, program};

fn piped(level: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program());
    command.args([level, "60"]).stdin(Stdio::null());
    for name in VARIABLES {
        command.env_remove(name);
    }
    command.env("RUST_BACKTRACE", "0");
    command.envs(variables.iter().copied()).output().unwrap()
}

const SUMMARY: &str = "antflow: ended: 60 items in";

#[test]
fn into_a_pipe_go_plain_lines_and_a_summary() {
    for level in ["progress", "compact", "detailed", "full"] {
        for variables in [&[][..], &[("ANTFLOW_DASHBOARD", "always")]] {
            let output = piped(level, variables);
            assert!(output.status.success());
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(!stderr.contains(['\x1b', '\r']), "{level}: {stderr:?}");
            assert!(stderr.contains(SUMMARY), "{level}: {stderr}");
            assert!(stderr.contains("page 57 is no HTML\n"), "{level}: {stderr}");
            assert_eq!(
                String::from_utf8(output.stdout).unwrap(),
                "57 of 60 pages are saved\n"
            );
        }
    }
}

#[test]
fn in_a_terminal_the_surroundings_may_ask_for_plain_lines() {
    for variable in [("CI", "true"), ("TERM", "dumb"), ("NO_COLOR", "1")] {
        let mut screen = Screen::open_with(&["full", "60"], (80, 24), &[variable]);
        screen.end();
        let written = screen.written();
        assert!(
            written.contains(SUMMARY) && !written.contains('\x1b'),
            "{variable:?}: {written:?}"
        );
    }
}

#[test]
fn always_draws_and_never_shows_nothing() {
    let variables = [("NO_COLOR", "1"), ("ANTFLOW_DASHBOARD", "always")];
    let mut screen = Screen::open_with(&["compact", "60"], (80, 24), &variables);
    screen.end();
    assert!(screen.text().contains("60/60"), "{}", screen.text());
    assert!(!screen.written().contains("\x1b[3"), "colors");
    let never = [("ANTFLOW_DASHBOARD", "never")];
    let mut screen = Screen::open_with(&["compact", "60"], (80, 24), &never);
    screen.end();
    let text = screen.text();
    assert!(
        text.contains("page 7 is no HTML\n") && !text.contains("antflow:"),
        "{text}"
    );
    let output = piped("progress", &never);
    assert!(
        !String::from_utf8(output.stderr)
            .unwrap()
            .contains("antflow")
    );
}
