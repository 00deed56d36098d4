//! The view that has the whole screen, and its keys.

mod keys;
mod offscreen;
mod panes;
mod screen;
#[cfg(test)]
mod tests;
mod view;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::crossterm::event;
use ratatui::layout::Rect;

use self::keys::{Act, act};
pub use self::offscreen::Offscreen;
pub(super) use self::screen::{FullScreen, raw_off};
use self::view::View;
use super::Steering;
use super::draw::Look;
use super::model::Model;
use super::place::{is_foreground, size};

/// The full view in a terminal.
pub(super) struct Full {
    screen: Arc<FullScreen>,
    view: View,
    steering: Option<Steering>,
    /// Whether the run rests because a key said so.
    has_paused: bool,
    /// Whether the terminal has refused to be written to.
    is_broken: bool,
}

impl Full {
    /// Takes the whole screen and the keys.
    pub(super) fn enter(look: Look, steering: Option<Steering>) -> io::Result<Self> {
        let screen = Arc::new(FullScreen::default());
        screen.enter()?;
        Ok(Self {
            screen,
            view: View::new(look, steering.is_some()),
            steering,
            has_paused: false,
            is_broken: false,
        })
    }

    pub(super) fn screen(&self) -> Arc<FullScreen> {
        Arc::clone(&self.screen)
    }

    pub(super) fn look(&self) -> Look {
        self.view.look()
    }

    /// Shows something new.
    pub(super) fn draw(&mut self, model: &Model) {
        self.view.note(model);
        self.redraw(model);
    }

    fn redraw(&mut self, model: &Model) {
        let (width, height) = size();
        // More cells than this are no screen, but a mistake.
        let area = Rect::new(0, 0, width.min(1000), height.min(500));
        let mut buffer = Buffer::empty(area);
        self.view.draw(model, area, &mut buffer);
        // In the background, a program that changes the terminal is stopped.
        if is_foreground() && self.screen.show(buffer).is_err() {
            self.is_broken = true;
        }
    }

    /// Does what the keys say that were pressed, and tells whether the view is to be left.
    pub(super) fn is_left(&mut self, model: Option<&Model>) -> bool {
        let (mut is_changed, mut is_left) = (false, false);
        while let Ok(true) = event::poll(Duration::ZERO) {
            let Ok(event) = event::read() else { break };
            is_changed = true;
            match act(&event) {
                // Ctrl-C may have been pressed right behind it.
                Act::Leave => is_left = true,
                Act::Interrupt => {
                    self.leave();
                    interrupt();
                    return true;
                }
                Act::Pause => {
                    if let (Some(steer), Some(model)) = (&self.steering, model) {
                        self.has_paused = !model.is_paused();
                        steer(self.has_paused);
                    }
                }
                Act::Redraw => self.screen.forget(),
                Act::Move(step) => self.view.go(step),
                Act::Nothing => {}
            }
        }
        if is_changed
            && !is_left
            && let Some(model) = model
        {
            self.redraw(model);
        }
        is_left || self.is_broken
    }

    /// Gives the screen back, and prints what was kept for that. What was paused by a key goes on, as nobody could let it.
    pub(super) fn leave(&mut self) {
        self.screen.leave();
        if std::mem::take(&mut self.has_paused)
            && let Some(steer) = &self.steering
        {
            steer(false);
        }
    }
}

impl Drop for Full {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Sends what the terminal sends for Ctrl-C, which it does not do while keys are read one by one.
#[cfg(unix)]
fn interrupt() {
    use rustix::process::{Signal, kill_current_process_group};
    // The group is that of the job in the foreground, as it would be with the terminal.
    let _ = kill_current_process_group(Signal::INT);
}

/// There is no way to send it; the next Ctrl-C goes its usual way.
#[cfg(not(unix))]
fn interrupt() {}
