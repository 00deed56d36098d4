//! A terminal that becomes wider and narrower while a dashboard is there.

use crate::pty::Screen;

#[test]
fn columns_fold_and_unfold_and_nothing_stale_stays() {
    let mut screen = Screen::open(&["full", "3000"], (160, 40));
    screen.wait_for("in progress");
    for (size, is_there, is_gone) in [
        ((60, 40), "pending", "in progress"),
        ((30, 40), "busy", "pending"),
        ((30, 12), "*workers", "stages: 3"),
        ((100, 30), "average", "nothing of this"),
        ((160, 40), "retrying", "nothing of this"),
    ] {
        screen.resize(size);
        screen.wait(is_there, |screen| {
            let text = screen.text();
            let charts = text.matches("throughput").count();
            text.contains(is_there)
                && !text.contains(is_gone)
                && charts == usize::from(size.1 >= 22)
        });
        // All of it is framed anew: no line is wider, and each has its right edge where it belongs.
        screen.wait("whole", |screen| {
            let text = screen.text();
            let mut lines = text
                .lines()
                .filter(|line| line.starts_with(['│', '┌', '└']));
            lines.all(|line| {
                line.ends_with(['│', '┐', '┘']) && line.chars().count() == usize::from(size.0)
            })
        });
    }
    screen.press("q");
    screen.wait("left", |screen| !screen.is_alternate());
    screen.press("\x03");
    screen.end();
    assert!(screen.is_restored());
}

/// What is on the screen where a frame of this level begins, and below. Empty lines where nothing is drawn yet.
fn frame(text: &str, level: &str) -> Vec<String> {
    let height = match level {
        "progress" => 1,
        "compact" => 6,
        // Two lines, the stages, the workers, and the heads of both.
        _ => 2 + 4 + 13,
    };
    let lines: Vec<_> = text.trim_end().lines().map(str::to_owned).collect();
    let mut frame = lines[lines.len().saturating_sub(height)..].to_vec();
    frame.resize(height, String::new());
    frame
}

#[test]
fn what_is_drawn_in_place_follows() {
    for level in ["progress", "compact", "detailed"] {
        let mut screen = Screen::open(&[level, "3000"], (120, 60));
        screen.wait_for("/3,000");
        for width in [50, 30, 90, 120] {
            screen.resize((width, 60));
            // A frame that was begun before may be too wide. A terminal would cut it off; the one of the tests wraps it,
            // so that a part of it may stay above.
            screen.wait("drawn anew", |screen| {
                let frame = frame(&screen.text(), level);
                let widest = frame.iter().map(|line| line.chars().count()).max();
                let fits = widest.is_some_and(|widest| match level {
                    "compact" => widest == usize::from(width) - 1,
                    "detailed" => {
                        widest < usize::from(width) && widest > usize::from(width) * 2 / 3
                    }
                    _ => widest < usize::from(width),
                });
                let ends = match level {
                    "compact" => frame[0].starts_with('┌') && frame[5].starts_with('└'),
                    "detailed" => frame[2].starts_with("stage") && frame[18].contains("Save-W1"),
                    _ => frame[0].contains('%'),
                };
                fits && ends
            });
        }
        screen.press("\x03");
        screen.end();
        assert!(screen.is_restored(), "{level}:\n{}", screen.text());
    }
}
