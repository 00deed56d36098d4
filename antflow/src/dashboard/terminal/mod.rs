//! Dashboards in the terminal, and how log lines get along with them.
//!
//! They are drawn to stderr, by a thread of their own; stdout stays for data. [`Run::progress`](crate::Run::progress) shows
//! one line, and [`Run::dashboard`](crate::Run::dashboard) as much as [`Detail`] says; streams and handles have the same
//! methods. A terminal that is slow, blocks or is gone does not hold up the run.
//!
//! ```
//! use antflow::{Detail, pipeline, stage};
//!
//! #[stage(workers = 4)]
//! async fn double(x: u32) -> u32 {
//!     x * 2
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), antflow::StartError> {
//! let results = pipeline!(double).run(0..100).dashboard(Detail::Compact).await?;
//! assert_eq!(results.len(), 100);
//! # Ok(())
//! # }
//! ```
//!
//! # Where nothing is drawn
//! There is a plain line every ten seconds and a summary at the end instead, if stderr is no terminal or has no size, if
//! the program is in the background, if `CI` or `NO_COLOR` is set, or `TERM` is `dumb`. The variable `ANTFLOW_DASHBOARD`
//! overrides that:
//!
//! | value | meaning |
//! |---|---|
//! | `auto` | as said above; so it is without the variable too |
//! | `always` | draws wherever stderr is a terminal; without colors if `NO_COLOR` is set |
//! | `never` | shows nothing at all, neither drawn nor as lines |
//!
//! One dashboard at a time has the terminal. If there are more, because several runs go on, the others are lines.
//!
//! # Log lines
//! What is printed while something is drawn appears above it, line by line, whoever prints it: `println!`, `eprintln!`,
//! `tracing`, a library in C, a program that is started. On Unix, stderr leads into a pipe for that as long as there is a
//! dashboard in the terminal, and stdout too if it is the same terminal. So meanwhile
//!
//! - half a line waits for its end. Who asks something, or takes the terminal for itself, has to be in [`suspend`];
//! - [`IsTerminal`](std::io::IsTerminal) says that neither is a terminal;
//! - what is printed right before the program ends at once, by `std::process::exit`, an abort or a signal, may be lost unless
//!   [`restore`] is called before. Messages of panics are not: the first dashboard that draws puts a hook before that of
//!   the program;
//! - a program that is started and outlives this one cannot print any more.
//!
//! While the full view has the screen, lines are kept, up to a mebibyte, and printed when the view is left.
//!
//! On other systems a bare `eprintln!` is not held back by anything, and may be drawn over. There, and where there shall be no
//! pipe between, lines stay whole that go through a [`LogWriter`]; it is a writer for `tracing_subscriber`, and anything else
//! that takes a writer:
//!
//! ```
//! use std::io::Write;
//! use antflow::terminal::LogWriter;
//!
//! // tracing_subscriber::fmt().with_writer(LogWriter::new).init();
//! let mut log = LogWriter::new();
//! writeln!(log, "the cache is cold")?;
//! # std::io::Result::Ok(())
//! ```
//!
//! # The full view
//! It has the screen and the keys of the terminal while it is there. The key `q` leaves it, and a line of progress remains;
//! `?` lists the other keys. Ctrl-C leaves it too, and then sends the program the signal that it would have got from the
//! terminal. What `p` has paused goes on when the view is left. A program that ends by `std::process::exit` or by a signal from
//! elsewhere should call [`restore`] before.

#[cfg_attr(not(unix), path = "no_capture.rs")]
mod capture;
mod draw;
mod full;
mod in_place;
mod log;
mod model;
mod painter;
mod place;
mod plain;
mod screen;
mod surface;
mod text;

use std::fmt;

use self::painter::Painter;
use self::place::Surroundings;
use super::Dashboard;
use crate::stats::{DashboardSnapshot, RunView};

#[doc(hidden)]
pub use full::Offscreen;
pub use log::LogWriter;
pub use surface::{restore, suspend};

/// How much a dashboard in the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Detail {
    /// One panel: how far the run has come, its rate, the time that is left, what became of the items.
    Compact,
    /// A row for each stage, with the one that holds the others up, and for workers.
    Detailed,
    /// All of the screen: also the throughput over time, what each worker is at, and the errors. It can be moved about in.
    Full,
}

/// What is to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// One line.
    Progress,
    Panel(Detail),
}

/// Pauses a run, or lets it go on.
type Steering = Box<dyn Fn(bool) + Send>;

/// A dashboard in the terminal: what [`Run::progress`](crate::Run::progress) and [`Run::dashboard`](crate::Run::dashboard)
/// give a run.
///
/// By itself it can be given to a [`Handle`](crate::Handle) with an interval of its own, or be part of another
/// [`Dashboard`]. Only one that was made by the methods of runs, streams and handles can pause the run.
///
/// ```
/// use std::time::Duration;
/// use antflow::{Detail, TerminalDashboard, pipeline, stage};
///
/// #[stage]
/// async fn double(x: u32) -> u32 {
///     x * 2
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let run = pipeline!(double).start()?;
/// run.custom_dashboard(TerminalDashboard::new(Detail::Detailed), Duration::from_millis(200));
/// run.feed(0..100).await?;
/// assert_eq!(run.join().await.len(), 100);
/// # Ok(())
/// # }
/// ```
pub struct TerminalDashboard {
    level: Level,
    steering: Option<Steering>,
    /// None before the start, and where nothing is to be shown.
    painter: Option<Painter>,
}

impl TerminalDashboard {
    /// One that shows this much.
    #[must_use]
    pub fn new(detail: Detail) -> Self {
        Self::of(Level::Panel(detail))
    }

    /// One that shows a line: a bar, percent, counts, the rate, the time that is left, failures.
    #[must_use]
    pub fn progress() -> Self {
        Self::of(Level::Progress)
    }

    fn of(level: Level) -> Self {
        Self {
            level,
            steering: None,
            painter: None,
        }
    }

    /// Lets the keys pause the run.
    pub(crate) fn with_steering(mut self, steering: impl Fn(bool) + Send + 'static) -> Self {
        self.steering = Some(Box::new(steering));
        self
    }
}

impl Dashboard for TerminalDashboard {
    fn on_start(&mut self, _: &RunView, _: Option<u64>) {
        let place = Surroundings::look().place();
        self.painter = Painter::start(self.level, place, self.steering.take());
    }

    fn on_update(&mut self, snapshot: &DashboardSnapshot) {
        if let Some(painter) = &self.painter {
            painter.show(snapshot.clone());
        }
    }

    fn on_finish(&mut self, snapshot: &DashboardSnapshot) {
        if let Some(painter) = self.painter.take() {
            painter.finish(snapshot.clone());
        }
    }
}

impl fmt::Debug for TerminalDashboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TerminalDashboard")
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}
