//! Two dashboards at a time, of two runs or of one: one of them has the terminal.

use crate::pty::Screen;

/// Lines that say how a run has ended.
fn summaries(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim_end);
    lines
        .filter(|line| line.contains("antflow: ended: "))
        .collect()
}

#[test]
fn one_has_the_terminal_and_the_others_are_lines_above_it() {
    for levels in [
        &["progress", "progress"][..],
        &["compact", "detailed"],
        &["detailed", "compact", "progress"],
        &["progress", "full"],
        &["full", "full"],
    ] {
        let mut screen = Screen::open_example("two_runs", levels, (100, 60));
        assert!(screen.end().success(), "{levels:?}");
        let text = screen.text();
        assert!(screen.is_restored(), "{levels:?}:\n{text}");
        let saved = "196 images are smaller, 100 texts counted";
        assert_eq!(text.lines().last(), Some(saved), "{levels:?}:\n{text}");
        // The full view has a summary too; of the others the last frame stays.
        let frames = usize::from(!screen.written().contains("\x1b[?1049h"));
        let summaries = summaries(&text);
        assert_eq!(
            summaries.len(),
            levels.len() - frames,
            "{levels:?}:\n{text}"
        );
        assert!(
            summaries
                .iter()
                .all(|line| line.starts_with("antflow: ended: ")),
            "{levels:?}:\n{text}"
        );
        let last = text.lines().filter(|line| line.contains("██ 100%"));
        assert_eq!(last.count(), frames, "{levels:?}:\n{text}");
        assert!(!text.contains("panicked"), "{levels:?}:\n{text}");
        // Printed to stdout, in the midst of it.
        for image in [13, 63, 113, 163] {
            let line = format!("image {image} has too many colors");
            let whole = text.lines().filter(|shown| shown.trim_end() == line);
            assert_eq!(whole.count(), 1, "{levels:?}, {line}:\n{text}");
        }
    }
}

#[test]
fn the_full_view_is_left_once_and_the_other_does_not_take_its_place() {
    let mut screen = Screen::open_example("two_runs", &["full", "full", "5000"], (100, 60));
    screen.wait("open", Screen::is_alternate);
    screen.press("q");
    screen.wait("left", |screen| !screen.is_alternate());
    // The second run, which is the shorter one, ends: the one whose view was left, or the other.
    screen.wait("one at its end", |screen| {
        let text = screen.text();
        text.contains("antflow: ended: 100 items") || text.contains("100/100")
    });
    assert!(screen.is_restored(), "{}", screen.text());
    assert_eq!(screen.written().matches("\x1b[?1049h").count(), 1);
    screen.press("\x03");
    screen.end();
    assert!(screen.is_restored(), "{}", screen.text());
}
