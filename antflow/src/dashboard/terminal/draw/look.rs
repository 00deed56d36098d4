use ratatui::style::{Color, Modifier, Style};

/// What means what: in colors, or without.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Look {
    pub(in super::super) colors: bool,
}

impl Look {
    fn color(self, color: Color) -> Style {
        if self.colors {
            Style::new().fg(color)
        } else {
            Style::new()
        }
    }

    pub(in super::super) fn bar(self) -> Style {
        self.color(Color::Green)
    }

    pub(in super::super) fn bad(self) -> Style {
        self.color(Color::Red).add_modifier(Modifier::BOLD)
    }

    pub(in super::super) fn warning(self) -> Style {
        self.color(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    pub(in super::super) fn head(self) -> Style {
        self.color(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    #[expect(clippy::unused_self, reason = "asked like the others")]
    pub(in super::super) fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }
}
