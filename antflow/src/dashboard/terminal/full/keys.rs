use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Leave,
    Interrupt,
    Pause,
    Redraw,
    Move(Step),
    Nothing,
}

/// A change of what is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// So many panes on.
    Pane(isize),
    /// So many rows down.
    Rows(isize),
    /// So many screens down.
    Pages(isize),
    First,
    Last,
    /// Another order of the workers.
    Sort(isize),
    Help,
}

/// The keys, as the help lists them.
pub(super) const HELP: [(&str, &str); 9] = [
    ("q", "leave the view; the run goes on"),
    ("p", "pause the run, or let it go on"),
    ("tab", "next pane"),
    ("up, down", "a row up or down"),
    ("PgUp, PgDn", "a page up or down"),
    ("Home, End", "to the first row, to the last"),
    ("left, right", "another order of the workers"),
    ("Ctrl-L", "draw everything again"),
    ("Ctrl-C", "leave the view, and interrupt the program"),
];

pub(super) fn act(event: &Event) -> Act {
    match event {
        // Some systems also tell of keys that are let go.
        Event::Key(key) if key.kind != KeyEventKind::Release => key_act(key),
        Event::Resize(..) => Act::Redraw,
        _ => Act::Nothing,
    }
}

fn key_act(key: &KeyEvent) -> Act {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c') => Act::Interrupt,
            KeyCode::Char('l') => Act::Redraw,
            _ => Act::Nothing,
        };
    }
    Act::Move(match key.code {
        KeyCode::Char('q') => return Act::Leave,
        KeyCode::Char('p') => return Act::Pause,
        KeyCode::Char('?') => Step::Help,
        KeyCode::Tab => Step::Pane(1),
        KeyCode::BackTab => Step::Pane(-1),
        KeyCode::Down | KeyCode::Char('j') => Step::Rows(1),
        KeyCode::Up | KeyCode::Char('k') => Step::Rows(-1),
        KeyCode::PageDown => Step::Pages(1),
        KeyCode::PageUp => Step::Pages(-1),
        KeyCode::Home => Step::First,
        KeyCode::End => Step::Last,
        KeyCode::Right | KeyCode::Char('s') => Step::Sort(1),
        KeyCode::Left => Step::Sort(-1),
        _ => return Act::Nothing,
    })
}
