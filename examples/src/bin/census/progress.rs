use std::io::{IsTerminal, Write, stderr};
use std::time::Duration;

use antflow::terminal::suspend;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::tally::Tally;

/// Says on stderr how far the census has come: in one line that changes, or now and then in a log.
pub(crate) struct Progress {
    interval: Interval,
    in_place: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let in_place = stderr().is_terminal();
        let period = if in_place {
            Duration::from_millis(200)
        } else {
            Duration::from_secs(10)
        };
        let mut interval = interval_at(Instant::now() + period, period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { interval, in_place }
    }

    /// Waits until there is something to show.
    pub(crate) async fn due(&mut self) {
        self.interval.tick().await;
    }

    pub(crate) fn show(&self, tally: &Tally) {
        if self.in_place {
            write(format_args!("\r{tally}\x1b[K"));
        } else {
            write(format_args!("{tally}\n"));
        }
    }

    /// Leaves no half line behind.
    pub(crate) fn clear(&self) {
        if self.in_place {
            write(format_args!("\r\x1b[K"));
        }
    }
}

/// Says something beside the progress, whether that is a line of the census or a dashboard.
pub(crate) fn note(text: &str) {
    let above = if stderr().is_terminal() {
        "\r\x1b[K"
    } else {
        ""
    };
    suspend(|| write(format_args!("{above}{text}\n")));
}

/// Nobody may be there to read it, which does not matter.
fn write(text: std::fmt::Arguments<'_>) {
    let _ = stderr().write_fmt(text);
}
