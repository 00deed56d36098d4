//! Spans of runs, of stages and of tasks, with the feature `tracing`. Without it, the same names do nothing.

#[cfg(feature = "tracing")]
mod attempt;
#[cfg(feature = "tracing")]
mod inside;
#[cfg(feature = "tracing")]
mod listener;
#[cfg(not(feature = "tracing"))]
mod off;
#[cfg(feature = "tracing")]
mod run;
#[cfg(feature = "tracing")]
mod share;
#[cfg(feature = "tracing")]
mod worker;

/// Makes the place of a future, out of which it can be dropped inside of a span.
#[cfg(feature = "tracing")]
macro_rules! place {
    ($future:expr) => {
        Some($future)
    };
}

/// The future itself, which is dropped with whatever it is pinned in.
#[cfg(not(feature = "tracing"))]
macro_rules! place {
    ($future:expr) => {
        $future
    };
}

pub(crate) use place;

#[cfg(not(feature = "tracing"))]
pub(crate) use off::{RunTrace, Trace, WorkerTrace};
#[cfg(feature = "tracing")]
pub(crate) use run::RunTrace;
#[cfg(feature = "tracing")]
pub use share::Trace;
#[cfg(feature = "tracing")]
pub(crate) use worker::WorkerTrace;
