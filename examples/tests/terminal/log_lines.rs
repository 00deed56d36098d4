//! What a program prints while a dashboard is shown.

use crate::pty::Screen;

const LEVELS: [&str; 4] = ["progress", "compact", "detailed", "full"];

/// The lines that begin so.
fn lines<'a>(text: &'a str, begin: &str) -> Vec<&'a str> {
    let lines = text.lines().map(str::trim_end);
    lines.filter(|line| line.starts_with(begin)).collect()
}

#[test]
fn whatever_prints_them_lines_stay_whole_and_in_order() {
    for level in LEVELS {
        let mut screen = Screen::open_example("log_lines", &[level], (100, 160));
        assert!(screen.end().success(), "{level}");
        let text = screen.text();
        assert!(screen.is_restored(), "{level}:\n{text}");
        for (begin, count) in [("stderr ", 50), ("stdout ", 50), ("program ", 2)] {
            let expected: Vec<_> = (0..count).map(|line| format!("{begin}{line}")).collect();
            assert_eq!(lines(&text, begin), expected, "{level}:\n{text}");
        }
        for line in [
            "a line of a writer",
            " WARN log_lines: a line of tracing",
            "a question, and its answer",
        ] {
            assert_eq!(lines(&text, line), [line], "{level}:\n{text}");
        }
        assert_eq!(
            text.lines().last(),
            Some("all files are checked"),
            "{level}:\n{text}"
        );
        // One frame, or one summary.
        assert_eq!(
            text.matches("Check").count(),
            frames(level),
            "{level}:\n{text}"
        );
    }
}

/// How often the stage and its workers are named at the end.
fn frames(level: &str) -> usize {
    match level {
        "compact" => 1,
        "detailed" => 5,
        _ => 0,
    }
}

#[test]
fn a_program_that_gives_the_terminal_back_may_end_at_once() {
    for level in LEVELS {
        let mut screen = Screen::open_example("log_lines", &[level, "exit"], (100, 160));
        assert_eq!(screen.end().exit_code(), 3, "{level}");
        let text = screen.text();
        assert!(screen.is_restored(), "{level}:\n{text}");
        // In a row of its own, below the last frame.
        let rows: Vec<_> = screen.look(|screen| screen.rows(0, 100).collect());
        let said = rows.iter().filter(|row| *row == "stopped in the middle");
        assert_eq!(said.count(), 1, "{level}:\n{text}");
    }
}
