use std::fmt::Write as _;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::TermLike;

use super::capture::write;
use super::place::size;

/// What follows is cut off at the right edge. A frame would become higher otherwise, and what clears it leave a part of it,
/// if the terminal becomes narrower while it is drawn.
pub(super) const NO_WRAP: &str = "\x1b[?7l";
/// What follows goes on in the next line, as it does by itself.
const WRAP: &str = "\x1b[?7h";

/// Stderr, where a frame is written at once.
///
/// What is drawn comes as a line, blanks up to the right edge, the next line, and so on. The blanks would make one long line
/// of all of them for whoever copies it or makes the window wider, so they become line breaks.
#[derive(Debug, Default)]
pub(super) struct Screen {
    frame: Mutex<Frame>,
}

#[derive(Debug, Default)]
struct Frame {
    text: String,
    /// The blanks behind the line that was written last.
    blanks: Option<String>,
    /// Whether what comes next are blanks.
    is_line: bool,
}

impl Frame {
    fn write(&mut self, text: &str) {
        if self.is_line {
            self.blanks = Some(text.to_owned());
        } else {
            if self.blanks.take().is_some() {
                self.text.push_str("\x1b[K\r\n");
            }
            self.text.push_str(text);
        }
        self.is_line = !self.is_line;
    }

    /// The last line keeps its blanks, so that what others print begins below it. Only the last of them may make the
    /// cursor go there.
    fn take(&mut self) -> String {
        let Self { text, blanks, .. } = std::mem::take(self);
        let Some(blanks) = blanks else { return text };
        let last = usize::from(!blanks.is_empty());
        let (before, last) = blanks.split_at(blanks.len() - last);
        format!("{text}{NO_WRAP}{before}{WRAP}{last}")
    }
}

impl Screen {
    fn frame(&self) -> MutexGuard<'_, Frame> {
        self.frame.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add_move(&self, steps: usize, direction: char) {
        // To a terminal, no steps are one step.
        if steps > 0 {
            let _ = write!(self.frame().text, "\x1b[{steps}{direction}");
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
        let mut frame = self.frame();
        frame.text.push_str(text);
        frame.text.push_str("\r\n");
        Ok(())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.frame().write(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.frame().text.push_str("\r\x1b[2K");
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let frame = self.frame().take();
        write(frame.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::Frame;

    #[test]
    fn lines_are_broken_and_not_wrapped() {
        let mut frame = Frame::default();
        for text in ["a log line", "      ", "", "     ", "bar", "   "] {
            frame.write(text);
        }
        assert_eq!(
            frame.take(),
            "a log line\x1b[K\r\n\x1b[K\r\nbar\x1b[?7l  \x1b[?7h "
        );
        frame.write("next");
        assert_eq!(frame.take(), "next", "each frame begins anew");
    }
}
