use std::io::{self, Write, stderr};
use std::sync::{Mutex, PoisonError};

use indicatif::TermLike;

use super::place::size;

/// Stderr, where a frame is written at once.
#[derive(Debug, Default)]
pub(super) struct Screen {
    frame: Mutex<Vec<u8>>,
}

impl Screen {
    fn add(&self, text: &str) {
        let mut frame = self.frame.lock().unwrap_or_else(PoisonError::into_inner);
        frame.extend_from_slice(text.as_bytes());
    }

    fn add_move(&self, steps: usize, direction: char) {
        // To a terminal, no steps are one step.
        if steps > 0 {
            self.add(&format!("\x1b[{steps}{direction}"));
        }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        // What a terminal without a size is said to have; less than two columns cannot be reckoned with.
        match size().0 {
            0 => 80,
            width => width.max(2),
        }
    }

    fn height(&self) -> u16 {
        match size().1 {
            0 => 24,
            height => height,
        }
    }

    fn move_cursor_up(&self, steps: usize) -> io::Result<()> {
        self.add_move(steps, 'A');
        Ok(())
    }

    fn move_cursor_down(&self, steps: usize) -> io::Result<()> {
        self.add_move(steps, 'B');
        Ok(())
    }

    fn move_cursor_right(&self, steps: usize) -> io::Result<()> {
        self.add_move(steps, 'C');
        Ok(())
    }

    fn move_cursor_left(&self, steps: usize) -> io::Result<()> {
        self.add_move(steps, 'D');
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.add(text);
        self.add("\r\n");
        Ok(())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.add(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.add("\r\x1b[2K");
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let frame = std::mem::take(&mut *self.frame.lock().unwrap_or_else(PoisonError::into_inner));
        write(&frame)
    }
}

/// Writes to stderr at once, so that lines of others come before or after.
pub(super) fn write(bytes: &[u8]) -> io::Result<()> {
    let mut stderr = stderr().lock();
    stderr.write_all(bytes)?;
    stderr.flush()
}
