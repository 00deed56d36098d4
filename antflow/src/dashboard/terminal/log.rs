use std::io::{self, Write};

use super::capture;
use super::surface::{Surface, current};

/// Writes whole lines to stderr, above the dashboard if there is one.
///
/// What does not end with a line break waits for it, or until the writer is dropped. See [the module](super#log-lines).
///
/// ```
/// use std::io::Write;
/// use antflow::terminal::LogWriter;
///
/// let mut log = LogWriter::new();
/// write!(log, "one line, ")?;
/// writeln!(log, "in two pieces")?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug, Default)]
pub struct LogWriter {
    begun: Vec<u8>,
}

impl LogWriter {
    /// A writer. There may be any number of them.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(bytes);
        if let Some(end) = self.begun.iter().rposition(|byte| *byte == b'\n') {
            let rest = self.begun.split_off(end + 1);
            let lines = std::mem::replace(&mut self.begun, rest);
            print(&lines)?;
        }
        Ok(bytes.len())
    }

    /// Writes nothing: half a line would be drawn over.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        if !self.begun.is_empty() {
            self.begun.push(b'\n');
            // There is nobody left to be told of an error.
            let _ = print(&self.begun);
        }
    }
}

/// Prints lines that end with a line break.
fn print(lines: &[u8]) -> io::Result<()> {
    match current() {
        Some(Surface::InPlace(bar)) => {
            bar.println(String::from_utf8_lossy(lines).trim_end_matches('\n'));
            Ok(())
        }
        Some(Surface::Full(screen)) => screen.keep(lines),
        None => capture::write(lines),
    }
}
