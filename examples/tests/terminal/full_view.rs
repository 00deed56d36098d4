//! The view of everything, and its keys.

use crate::pty::Screen;

fn open(pages: &str) -> Screen {
    let screen = Screen::open(&["full", pages], (130, 50));
    screen.wait("open", |screen| {
        screen.is_alternate() && screen.text().contains("Parse-W3")
    });
    screen
}

fn assert_restored(screen: &Screen) {
    assert!(screen.is_restored(), "{}", screen.text());
}

#[test]
fn it_shows_everything_while_it_happens() {
    let mut screen = open("300");
    assert!(!screen.is_cooked() && screen.is_cursor_hidden());
    screen.wait("complete", |screen| {
        let text = screen.text();
        let parts = [
            "running",
            "throughput",
            "stages: 3",
            "workers: ",
            " links",
            "by type",
            "ago: Parse: ",
        ];
        parts.iter().all(|part| text.contains(part))
    });
    assert!(screen.end().success());
    assert_restored(&screen);
    let text = screen.text();
    assert!(text.contains("antflow: ended: 300 items in"), "{text}");
    assert!(
        text.contains("antflow: failed, by stage: Parse: 9"),
        "{text}"
    );
    assert!(text.contains("291 of 300 pages are saved"), "{text}");
    // Kept while the view had the screen.
    assert_eq!(text.matches("is no HTML").count(), 6, "{text}");
    assert_eq!(text.matches("is too long").count(), 3, "{text}");
}

#[test]
fn q_leaves_it_and_the_run_goes_on() {
    let mut screen = open("300");
    screen.press("q");
    screen.wait("left", |screen| !screen.is_alternate());
    screen.wait_for("/300");
    assert_restored(&screen);
    assert!(screen.end().success());
    assert!(screen.text().contains("300/300"), "{}", screen.text());
}

#[test]
fn p_pauses_the_run() {
    let mut screen = open("300");
    screen.press("p");
    screen.wait("paused", |screen| {
        let text = screen.text();
        text.contains("antflow  paused")
    });
    let done = |screen: &Screen| screen.text().lines().nth(2).unwrap_or_default().to_owned();
    screen.wait("at rest", |screen| {
        screen.text().matches("idle").count() == 12
    });
    let before = done(&screen);
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(done(&screen), before);
    screen.press("p");
    screen.wait_for("antflow  running");
    assert!(screen.end().success());
}

#[test]
fn what_was_paused_goes_on_when_the_view_is_left() {
    let mut screen = open("300");
    screen.press("p");
    screen.wait_for("antflow  paused");
    screen.press("q");
    assert!(screen.end().success());
    assert!(screen.text().contains("300/300"), "{}", screen.text());
    assert_restored(&screen);
}

#[test]
fn keys_move_about_in_it() {
    let mut screen = open("2000");
    screen.press("?");
    screen.wait_for("leave the view; the run goes on");
    screen.press("?");
    screen.wait("closed", |screen| {
        !screen.text().contains("leave the view;")
    });
    screen.press("\t");
    screen.wait_for("*errors");
    screen.press("\x1b[C");
    screen.wait_for("by longest first");
    screen.resize((60, 12));
    screen.wait("small", |screen| !screen.text().contains("throughput"));
    // A key that comes together with the news of the size is heard with the next key.
    screen.press("\t\t");
    screen.press_until("x", "*workers: 1 to");
    screen.press("\x1b[B");
    screen.wait_for("*workers: 2 to");
    screen.press("q");
    screen.wait("left", |screen| !screen.is_alternate());
    assert_restored(&screen);
}

#[test]
fn ctrl_c_gives_the_terminal_back_and_interrupts_the_program() {
    let mut screen = open("3000");
    screen.press("\x03");
    let status = screen.end();
    assert!(!status.success());
    assert_restored(&screen);
}

#[test]
fn no_size_is_no_reason_to_hang() {
    let mut screen = Screen::open(&["full", "60"], (0, 0));
    assert!(screen.end().success());
    assert!(screen.written().contains("antflow: ended: 60 items"));
    // It becomes none under way.
    let mut screen = open("300");
    screen.resize((0, 0));
    std::thread::sleep(std::time::Duration::from_millis(300));
    screen.resize((1, 1));
    std::thread::sleep(std::time::Duration::from_millis(300));
    screen.resize((100, 30));
    screen.wait_for("throughput");
    assert!(screen.end().success());
}

#[test]
fn the_terminal_is_never_asked_for_anything() {
    let mut screen = open("100");
    screen.resize((90, 30));
    screen.end();
    assert!(!screen.written().contains("\x1b[6n"), "where the cursor is");
}
