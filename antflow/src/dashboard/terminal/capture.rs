//! What others print while a dashboard has the terminal: it is taken in by a pipe, and its lines appear above the drawing.

use std::fs::File;
use std::io::{self, IsTerminal, PipeReader, PipeWriter, Read, Write, stderr, stdout};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::stdio::{dup2_stderr, dup2_stdout};

use super::LogWriter;

static STATE: Mutex<State> = Mutex::new(State {
    taken: None,
    is_over: false,
    direct: 0,
});

#[derive(Debug)]
struct State {
    taken: Option<Taken>,
    /// Whether the terminal was given back for good.
    is_over: bool,
    /// How many are printing to the terminal themselves.
    direct: usize,
}

/// Stderr leads into a pipe, and so does stdout if both are the same terminal.
#[derive(Debug)]
struct Taken {
    terminal: Arc<File>,
    stdout: Option<File>,
    entrance: PipeWriter,
    lines: Arc<Mutex<Lines>>,
}

/// The end of the pipe from which lines come.
#[derive(Debug)]
struct Lines {
    pipe: PipeReader,
    log: LogWriter,
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Taken {
    fn new() -> io::Result<Self> {
        let terminal = File::from(stderr().as_fd().try_clone_to_owned()?);
        let out = File::from(stdout().as_fd().try_clone_to_owned()?);
        let is_same = out.is_terminal() && out.metadata()?.rdev() == terminal.metadata()?.rdev();
        let (pipe, entrance) = io::pipe()?;
        let news = pipe.try_clone()?;
        let log = LogWriter::new();
        let lines = Arc::new(Mutex::new(Lines { pipe, log }));
        let printed = Arc::clone(&lines);
        // It ends when nobody has the entrance any more, not even a program that was started meanwhile.
        let print = move || while is_ready(&news, None) && print_all(&printed) {};
        let name = "antflow-lines".to_owned();
        thread::Builder::new().name(name).spawn(print)?;
        let taken = Self {
            terminal: Arc::new(terminal),
            stdout: is_same.then_some(out),
            entrance,
            lines,
        };
        taken.lead_in()?;
        Ok(taken)
    }

    fn lead_in(&self) -> io::Result<()> {
        dup2_stderr(&self.entrance)?;
        if self.stdout.is_some() {
            dup2_stdout(&self.entrance)?;
        }
        Ok(())
    }

    /// Lets everybody print to the terminal again.
    fn give_back(&self) {
        let _ = dup2_stderr(&self.terminal);
        if let Some(stdout) = &self.stdout {
            let _ = dup2_stdout(stdout);
        }
    }
}

/// Waits until there is something to read, or nobody any more who could write.
fn is_ready(pipe: &PipeReader, within: Option<&Timespec>) -> bool {
    loop {
        let mut fds = [PollFd::new(pipe, PollFlags::IN)];
        match poll(&mut fds, within) {
            Ok(ready) => return ready > 0,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

fn print_all(lines: &Mutex<Lines>) -> bool {
    let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    lines.print_all()
}

/// The lines, unless a terminal that takes nothing keeps somebody else from printing them.
fn lines_in_time(lines: &Mutex<Lines>) -> Option<MutexGuard<'_, Lines>> {
    for _ in 0..100 {
        match lines.try_lock() {
            Ok(lines) => return Some(lines),
            Err(TryLockError::Poisoned(lines)) => return Some(lines.into_inner()),
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(10)),
        }
    }
    None
}

impl Lines {
    /// Prints what is there. Returns whether more may come.
    fn print_all(&mut self) -> bool {
        let mut bytes = [0; 16_384];
        let now = Timespec::default();
        while is_ready(&self.pipe, Some(&now)) {
            match self.pipe.read(&mut bytes) {
                Ok(count @ 1..) => drop(self.log.write_all(&bytes[..count])),
                Ok(0) | Err(_) => return false,
            }
        }
        true
    }
}

/// Lets [`take`] take in what is printed, up to the [`end`].
pub(super) fn begin() {
    state().is_over = false;
}

/// Lets everybody print to the terminal again, for good.
pub(super) fn end() {
    state().is_over = true;
    stop();
}

/// Takes in what is printed from now on, unless somebody is printing to the terminal.
pub(super) fn take() {
    let mut state = state();
    if state.taken.is_none() && !state.is_over && state.direct == 0 {
        state.taken = Taken::new().ok();
    }
}

/// Lets everybody print to the terminal again, and prints what was taken in, half a line too.
pub(super) fn stop() {
    if let Some(taken) = give_back()
        && let Some(mut lines) = lines_in_time(&taken.lines)
    {
        lines.print_all();
        lines.log = LogWriter::new();
    }
}

/// Lets everybody print to the terminal again, which takes nothing at the moment.
pub(super) fn abandon() {
    give_back();
}

fn give_back() -> Option<Taken> {
    let taken = state().taken.take()?;
    taken.give_back();
    Some(taken)
}

fn lines() -> Option<Arc<Mutex<Lines>>> {
    let state = state();
    Some(Arc::clone(&state.taken.as_ref()?.lines))
}

/// Prints the lines that have come so far.
pub(super) fn flush() {
    if let Some(lines) = lines()
        && let Some(mut lines) = lines_in_time(&lines)
    {
        lines.print_all();
    }
}

/// Does this while no lines are printed, after those that have come so far.
pub(super) fn between_lines<T>(act: impl FnOnce() -> T) -> T {
    let Some(lines) = lines() else { return act() };
    let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    lines.print_all();
    act()
}

/// Lets this print to the terminal itself. Nothing may be drawn there meanwhile.
pub(super) fn direct<T>(print: impl FnOnce() -> T) -> T {
    let mut begun = state();
    begun.direct += 1;
    if let Some(taken) = &begun.taken {
        taken.give_back();
    }
    drop(begun);
    let _ends = Direct;
    print()
}

struct Direct;

impl Drop for Direct {
    fn drop(&mut self) {
        let mut state = state();
        state.direct -= 1;
        if state.direct == 0
            && let Some(taken) = &state.taken
        {
            let _ = taken.lead_in();
        }
    }
}

/// The terminal, wherever stderr leads.
pub(super) fn on_terminal<T>(act: impl FnOnce(BorrowedFd<'_>) -> T) -> T {
    match terminal() {
        Some(terminal) => act(terminal.as_fd()),
        None => act(stderr().as_fd()),
    }
}

/// Writes to the terminal at once, so that lines of others come before or after.
pub(super) fn write(bytes: &[u8]) -> io::Result<()> {
    match terminal() {
        Some(terminal) => (&*terminal).write_all(bytes),
        None => {
            let mut stderr = stderr().lock();
            stderr.write_all(bytes)?;
            stderr.flush()
        }
    }
}

fn terminal() -> Option<Arc<File>> {
    let state = state();
    Some(Arc::clone(&state.taken.as_ref()?.terminal))
}
