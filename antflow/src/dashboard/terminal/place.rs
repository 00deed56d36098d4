//! Where a dashboard is shown, and in what form.

use std::env;
use std::io::{IsTerminal, stderr};

#[cfg(unix)]
use super::capture::on_terminal;

/// The variable that overrides what is found out about the terminal.
pub(super) const OVERRIDE: &str = "ANTFLOW_DASHBOARD";

/// In what form a run is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Drawn in a terminal, in colors or without.
    Screen { colors: bool },
    /// As plain lines, now and then.
    Lines,
    /// Not at all.
    Nowhere,
}

/// All that decides on the place.
#[derive(Debug, Clone, Default)]
pub(super) struct Surroundings {
    pub(super) when: Option<String>,
    pub(super) ci: Option<String>,
    pub(super) term: Option<String>,
    pub(super) no_color: Option<String>,
    /// Whether stderr is a terminal.
    pub(super) is_terminal: bool,
    /// Whether the program is in the foreground of its terminal. One in the background is stopped when it draws.
    pub(super) is_foreground: bool,
    /// Columns and rows. Pseudo terminals whose size nobody has set have none of both.
    pub(super) size: (u16, u16),
}

impl Surroundings {
    pub(super) fn look() -> Self {
        let variable = |name| {
            let value = env::var_os(name)?;
            Some(value.to_string_lossy().into_owned())
        };
        Self {
            when: variable(OVERRIDE),
            ci: variable("CI"),
            term: variable("TERM"),
            no_color: variable("NO_COLOR"),
            is_terminal: stderr().is_terminal(),
            is_foreground: is_foreground(),
            size: size(),
        }
    }

    pub(super) fn place(&self) -> Place {
        let set = |value: &Option<String>| value.as_ref().is_some_and(|value| !value.is_empty());
        let can_draw = self.is_terminal && self.is_foreground && self.size.0 > 0 && self.size.1 > 0;
        let is_dumb = self.term.as_deref() == Some("dumb");
        let is_wanted = !set(&self.ci) && !is_dumb && !set(&self.no_color);
        match self.when.as_deref().map(str::trim) {
            Some("never") => Place::Nowhere,
            Some("always") if can_draw => Place::Screen {
                colors: !set(&self.no_color) && !is_dumb,
            },
            _ if can_draw && is_wanted => Place::Screen { colors: true },
            _ => Place::Lines,
        }
    }
}

/// The columns and rows of the terminal behind stderr; none of both if there is none.
#[cfg(unix)]
pub(super) fn size() -> (u16, u16) {
    let size = on_terminal(|terminal| rustix::termios::tcgetwinsize(terminal));
    size.map_or((0, 0), |size| (size.ws_col, size.ws_row))
}

/// The columns and rows of the terminal.
#[cfg(not(unix))]
pub(super) fn size() -> (u16, u16) {
    ratatui::crossterm::terminal::size().unwrap_or((0, 0))
}

/// A terminal that belongs to no session of ours has no foreground that could be asked for.
#[cfg(unix)]
pub(super) fn is_foreground() -> bool {
    let group = on_terminal(|terminal| rustix::termios::tcgetpgrp(terminal));
    group.is_ok_and(|group| group == rustix::process::getpgrp())
}

#[cfg(not(unix))]
pub(super) fn is_foreground() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal() -> Surroundings {
        Surroundings {
            term: Some("xterm-256color".to_owned()),
            is_terminal: true,
            is_foreground: true,
            size: (80, 24),
            ..Surroundings::default()
        }
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    const DRAWN: Place = Place::Screen { colors: true };
    const BARE: Place = Place::Screen { colors: false };

    #[test]
    fn a_terminal_is_drawn_in() {
        assert_eq!(terminal().place(), DRAWN);
        let mut surroundings = terminal();
        (surroundings.term, surroundings.ci) = (None, some(""));
        surroundings.no_color = some("");
        assert_eq!(surroundings.place(), DRAWN, "empty is as good as not set");
    }

    #[test]
    fn where_drawing_is_not_wanted_there_are_lines() {
        let unwanted = [
            Surroundings {
                ci: some("true"),
                ..terminal()
            },
            Surroundings {
                term: some("dumb"),
                ..terminal()
            },
            Surroundings {
                no_color: some("1"),
                ..terminal()
            },
        ];
        for (surroundings, always) in unwanted.into_iter().zip([DRAWN, BARE, BARE]) {
            assert_eq!(surroundings.place(), Place::Lines, "{surroundings:?}");
            let when = some("always");
            assert_eq!(
                Surroundings {
                    when,
                    ..surroundings
                }
                .place(),
                always
            );
        }
    }

    #[test]
    fn where_drawing_is_not_possible_there_are_lines_whatever_is_said() {
        let impossible = [
            Surroundings {
                is_terminal: false,
                ..terminal()
            },
            Surroundings {
                is_foreground: false,
                ..terminal()
            },
            Surroundings {
                size: (0, 0),
                ..terminal()
            },
            Surroundings {
                size: (80, 0),
                ..terminal()
            },
            Surroundings {
                size: (0, 24),
                ..terminal()
            },
        ];
        for surroundings in impossible {
            for when in [None, some("auto"), some("always"), some("nonsense")] {
                let surroundings = Surroundings {
                    when,
                    ..surroundings.clone()
                };
                assert_eq!(surroundings.place(), Place::Lines, "{surroundings:?}");
            }
        }
    }

    #[test]
    fn never_is_never() {
        let when = some("never");
        assert_eq!(Surroundings { when, ..terminal() }.place(), Place::Nowhere);
        let when = some("never");
        assert_eq!(
            Surroundings {
                when,
                ..Surroundings::default()
            }
            .place(),
            Place::Nowhere
        );
    }
}
