//! What is drawn in place: progress, compact, detailed.

use crate::pty::{Screen, program};

/// The end of every run of 300 pages.
const SAVED: &str = "291 of 300 pages are saved";

#[test]
fn each_level_shows_the_way_and_stays_at_its_end() {
    for (level, shown) in [
        ("progress", vec!["/300", "ETA"]),
        (
            "compact",
            vec!["antflow", "elapsed", "Parse (4/4 busy)", "remaining"],
        ),
        (
            "detailed",
            vec!["stage", "> Parse", "Save", "worker", "Fetch-W0", "Parse-W3"],
        ),
    ] {
        let mut screen = Screen::open(&[level, "300"], (100, 30));
        screen.wait("begun", |screen| {
            let text = screen.text();
            shown.iter().all(|part| text.contains(part))
        });
        assert!(!screen.is_alternate() && screen.is_cooked(), "{level}");
        assert!(screen.end().success(), "{level}");
        let text = screen.text();
        assert!(
            text.contains("100%") && text.contains("300/300"),
            "{level}:\n{text}"
        );
        assert!(
            text.contains("9 failed") || text.contains("failed 9"),
            "{text}"
        );
        assert_eq!(text.lines().last(), Some(SAVED), "{level}:\n{text}");
        assert!(!screen.is_cursor_hidden());
    }
}

#[test]
fn log_lines_and_panics_stay_whole_above_it() {
    for level in ["progress", "compact", "detailed"] {
        let mut screen = Screen::open(&[level, "300"], (100, 60));
        screen.end();
        let text = screen.text();
        let log = [7, 57, 107, 157, 207, 257].map(|page| format!("page {page} is no HTML"));
        let panics = [3, 103, 203].map(|page| format!("page {page} is too long"));
        for line in log.into_iter().chain(panics) {
            let whole = text.lines().filter(|shown| shown.trim_end() == line);
            assert_eq!(whole.count(), 1, "{level}, {line}:\n{text}");
        }
        // What was drawn before is not there any more.
        assert_eq!(text.matches("300/300").count(), 1, "{level}:\n{text}");
        assert_eq!(
            text.matches('%').count(),
            percents(level),
            "{level}:\n{text}"
        );
    }
}

/// How many figures in percent a level shows.
fn percents(level: &str) -> usize {
    // The twelve workers have one each.
    if level == "detailed" { 1 + 12 } else { 1 }
}

#[test]
fn it_fits_every_width() {
    for size in [(20, 5), (40, 12), (80, 24), (160, 50)] {
        for level in ["progress", "compact", "detailed"] {
            let mut screen = Screen::open(&[level, "60"], size);
            assert!(screen.end().success(), "{level} {size:?}");
            let text = screen.text();
            assert!(text.contains("57 of 60 pages"), "{level} {size:?}:\n{text}");
        }
    }
}

#[test]
fn it_follows_a_terminal_that_becomes_wider() {
    let mut screen = Screen::open(&["compact", "300"], (60, 30));
    screen.wait_for("Parse (4/4 busy)");
    screen.resize((120, 30));
    screen.wait("wider", |screen| {
        screen
            .text()
            .lines()
            .any(|line| line.starts_with('└') && line.chars().count() > 110)
    });
    assert!(screen.end().success());
    assert_eq!(screen.text().lines().last(), Some(SAVED));
}

#[test]
fn a_terminal_that_takes_nothing_does_not_hold_up_the_run() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("out");
    // Between page 7 and page 57 nothing is printed, which would wait for the terminal.
    let mut screen = Screen::open_into(&file, &program(), &["detailed", "57"], (160, 50));
    screen.wait_for("page 7 is no HTML");
    screen.wait_for("page 3 is too long");
    screen.read(false);
    assert!(screen.ended().success());
    let saved = std::fs::read_to_string(&file).unwrap();
    assert_eq!(saved, "55 of 57 pages are saved\n");
    screen.read(true);
}

#[test]
fn ctrl_c_leaves_the_terminal_as_it_was() {
    for level in ["progress", "compact", "detailed"] {
        let mut screen = Screen::open(&[level, "3000"], (100, 30));
        screen.wait_for("/3,000");
        screen.press("\x03");
        assert!(!screen.end().success(), "{level}");
        assert!(screen.is_cooked() && !screen.is_cursor_hidden(), "{level}");
    }
}
