use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use super::Level;
use super::draw::{Look, in_place, to_text};
use super::model::Model;
use super::screen::{NO_WRAP, Screen};

/// Lines that are drawn again and again where they are, below what is printed meanwhile.
#[derive(Debug)]
pub(super) struct InPlace {
    level: Level,
    look: Look,
    bar: ProgressBar,
    /// Says how much room there is.
    screen: Screen,
}

impl InPlace {
    pub(super) fn new(level: Level, look: Look) -> Self {
        // Nothing limits how often it is drawn, so what is drawn last is never left out.
        let target = ProgressDrawTarget::term_like(Box::new(Screen::default()));
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{msg}").expect("it is a template");
        bar.set_style(style);
        Self {
            level,
            look,
            bar,
            screen: Screen::default(),
        }
    }

    /// For those who print something above.
    pub(super) fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    pub(super) fn draw(&self, model: &Model) {
        self.bar.set_message(self.text(model));
    }

    /// Draws it for the last time, and leaves it where it is.
    pub(super) fn finish(&self, model: &Model) {
        self.bar.abandon_with_message(self.text(model));
    }

    /// Takes it away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn text(&self, model: &Model) -> String {
        // In the last column some terminals wrap, others do not.
        let size = (
            self.screen.width().saturating_sub(1).max(1),
            self.screen.height(),
        );
        NO_WRAP.to_owned() + &to_text(&in_place(self.level, model, size, self.look))
    }
}

/// How long a dashboard waits for its last frame: a terminal may have stopped to take any.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
