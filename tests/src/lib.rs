//! What the behaviour tests share: virtual time, probes for tasks, a recording observer and the rules it checks.

mod gauge;
mod log;
mod recorder;
mod results;
mod rules;
mod stages;
mod time;

pub use gauge::{Gauge, Inside};
pub use log::Log;
pub use recorder::{Event, Recorder, record};
pub use results::{Boom, Outcome, count, from_attempt, outcome, outcomes, panic_quietly, values};
pub use stages::{add_one, double, second};
pub use time::{millis, quiet, seconds, within};
