use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use ratatui::backend::{Backend, ClearType, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::queue;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

use super::super::capture::write;

/// So many bytes of log lines are kept while the view has the screen.
const KEPT: usize = 1 << 20;

/// The alternate screen of the terminal.
///
/// It is written to without ratatui's `Terminal`, which asks the terminal for its cursor when the size changes, and waits
/// for an answer.
#[derive(Debug, Default)]
pub(in super::super) struct FullScreen(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Whether the terminal is ours.
    is_on: bool,
    /// Whether it will not be ours again.
    is_over: bool,
    /// What is on the screen, if that is known.
    shown: Option<Buffer>,
    /// Log lines.
    kept: Vec<u8>,
    dropped: u64,
}

impl FullScreen {
    pub(super) fn enter(&self) -> io::Result<()> {
        self.state().enter()
    }

    /// Puts this on the screen, and takes the screen again if it was given back.
    pub(super) fn show(&self, buffer: Buffer) -> io::Result<()> {
        let mut state = self.state();
        if state.is_over {
            return Ok(());
        }
        if !state.is_on {
            state.enter()?;
        }
        let mut codes = Vec::new();
        let mut frame = CrosstermBackend::new(&mut codes);
        let blank = match state.shown.take() {
            Some(shown) if shown.area == buffer.area => shown,
            _ => {
                frame.clear_region(ClearType::All)?;
                Buffer::empty(buffer.area)
            }
        };
        frame.draw(blank.diff(&buffer).into_iter())?;
        write(&codes)?;
        state.shown = Some(buffer);
        Ok(())
    }

    /// Draws all of it next time.
    pub(super) fn forget(&self) {
        self.state().shown = None;
    }

    /// Gives the screen back, and prints what was kept.
    pub(super) fn leave(&self) {
        self.state().leave();
    }

    /// Lets this print to the screen as it was before; the next frame takes the screen again.
    pub(in super::super) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        let mut state = self.state_in_time();
        if let Some(state) = &mut state {
            state.leave();
        }
        print()
    }

    /// Gives the screen back for good.
    pub(in super::super) fn end(&self) {
        if let Some(mut state) = self.state_in_time() {
            state.leave();
            state.is_over = true;
        }
    }

    /// A frame takes no longer than this unless the terminal is stuck, and then nothing helps.
    fn state_in_time(&self) -> Option<MutexGuard<'_, State>> {
        for _ in 0..100 {
            match self.0.try_lock() {
                Ok(state) => return Some(state),
                Err(TryLockError::Poisoned(state)) => return Some(state.into_inner()),
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
            }
        }
        None
    }

    /// Keeps lines for later, or prints them if the screen is free.
    pub(in super::super) fn keep(&self, lines: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        if !state.is_on {
            return write(lines);
        }
        if state.kept.len() + lines.len() > KEPT {
            state.dropped += lines.iter().filter(|byte| **byte == b'\n').count() as u64;
        } else {
            state.kept.extend_from_slice(lines);
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn enter(&mut self) -> io::Result<()> {
        enable_raw_mode()?;
        let mut codes = Vec::new();
        queue!(codes, EnterAlternateScreen, Hide)?;
        self.is_on = true;
        self.shown = None;
        write(&codes)
    }

    /// Tries all of it, whatever fails.
    fn leave(&mut self) {
        if !self.is_on {
            return;
        }
        self.is_on = false;
        self.shown = None;
        let mut codes = Vec::new();
        let _ = queue!(codes, LeaveAlternateScreen, Show);
        raw_off();
        codes.append(&mut self.kept);
        if self.dropped > 0 {
            let _ = writeln!(
                codes,
                "antflow: {} more log lines were not kept",
                self.dropped
            );
            self.dropped = 0;
        }
        let _ = write(&codes);
    }
}

/// Lets the terminal treat keys as it did before. Without effect if it does.
pub(in super::super) fn raw_off() {
    let _ = disable_raw_mode();
}
