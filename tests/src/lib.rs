//! What the behaviour tests share: virtual time, tasks and probes for them, a recording observer and the rules it checks.

pub mod book;
pub mod bus_suite;
pub mod coordinator_bench;
mod gauge;
mod http;
mod log;
mod recorder;
mod results;
mod rules;
pub mod scenarios;
pub mod servers;
mod stages;
pub mod store_suite;
mod tasks;
mod time;
mod view;
pub mod worker_bench;

pub use gauge::{Gauge, Inside};
pub use http::{Answer, Request, Streaming};
pub use log::Log;
pub use recorder::{Event, Recorder, record};
pub use results::{Boom, Outcome, count, from_attempt, outcome, outcomes, panic_quietly, values};
pub use stages::{add_one, double, second};
pub use tasks::{after, executor, fine};
pub use time::{millis, quiet, seconds, within};
pub use view::View;
