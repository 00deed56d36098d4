use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use super::Level;
use super::draw::{Look, in_place, to_text};
use super::model::Model;
use super::screen::Screen;

/// Lines that are drawn again and again where they are, below what is printed meanwhile.
#[derive(Debug)]
pub(super) struct InPlace {
    level: Level,
    look: Look,
    bar: ProgressBar,
    /// Says how much room there is.
    screen: Box<dyn TermLike>,
}

impl InPlace {
    pub(super) fn new(level: Level, look: Look) -> Self {
        let screens = (Box::new(Screen::default()), Box::new(Screen::default()));
        Self::on(level, look, screens.0, screens.1)
    }

    pub(super) fn on(
        level: Level,
        look: Look,
        target: Box<dyn TermLike>,
        screen: Box<dyn TermLike>,
    ) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::term_like(target));
        let style = ProgressStyle::with_template("{msg}").expect("it is a template");
        bar.set_style(style);
        // Only what is drawn is shown; nothing draws by itself.
        bar.disable_steady_tick();
        Self {
            level,
            look,
            bar,
            screen,
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
        to_text(&in_place(self.level, model, size, self.look))
    }
}

/// How long a dashboard waits for its last frame: a terminal may have stopped to take any.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
