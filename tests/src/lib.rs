//! What the behaviour tests share: virtual time, tasks and probes for them, a recording observer and the rules it checks.

mod gauge;
mod log;
mod recorder;
mod results;
mod rules;
mod tasks;
mod time;

pub use gauge::{Gauge, Inside};
pub use log::Log;
pub use recorder::{Event, Recorder};
pub use results::{Boom, Outcome, count, outcome, outcomes, panic_quietly, values};
pub use tasks::{after, executor, fine};
pub use time::{millis, quiet, seconds, within};
