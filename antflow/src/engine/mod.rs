//! The machine: queues, workers, attempts, and the account of every item.
//!
//! A run makes one [`Cell`](cell::Cell) for each stage, from the last to the first, so that each knows the type of what
//! lies behind it: no value on an item's way is dynamic. A worker is a future in a [`Seat`](seat::Seat), polled by a task
//! of its own or in place by another one. An item is always in exactly one of five places: in a queue, on a worker's desk,
//! in a worker's hand, held between two places, or settled. Those in the middle end it as cancelled when they are dropped,
//! so a run can be cut off at any `.await`.

mod accounting;
mod attempt;
pub(crate) mod bell;
pub(crate) mod cell;
pub(crate) mod control;
pub(crate) mod core;
mod desk;
pub(crate) mod envelope;
mod frame;
pub(crate) mod gather;
pub(crate) mod inlet;
mod keys;
#[cfg(all(test, antflow_loom))]
mod loom_tests;
pub(crate) mod outlet;
mod pace;
mod park;
mod pool;
pub(crate) mod queue;
mod reorder;
pub(crate) mod report;
pub(crate) mod runtime;
pub(crate) mod seat;
pub(crate) mod sink;
pub(crate) mod source;
mod sync;
pub(crate) mod task_list;
mod tasks;
mod telling;
pub(crate) mod watchdog;
mod worker;

pub use outlet::Collect;
pub(crate) use task_list::same;
pub use task_list::{Execute, More, One, Retryable, TaskList, Then, tasks, tasks_retried};
