//! Events: what happens to items and tasks, and who is told.
//!
//! | per item and stage | then one of |
//! |---|---|
//! | `queued`, `in_progress` | `completed`, `failed`, `skipped`, `cancelled`, or `retrying` and `in_progress` again |
//!
//! | per attempt of a task | then one of |
//! |---|---|
//! | `start` | `complete`, `retry`, `fail` |
//!
//! All but `queued` name the worker, where one held the item. An attempt that is cut off by a shutdown ends with the
//! item's `cancelled` instead of a task event.
//!
//! Events are made for those who want them: a run whose pipeline has no [`Observer`] makes none at all. An observer that
//! wants only what is out of the ordinary, such as failures, costs nothing where nothing is. One that must see everything
//! and has no use for an event of its own for each step gets [`Fed`] and [`Completions`], many items at a time.

mod batch;
mod callbacks;
#[cfg(feature = "cluster")]
mod happening;
mod observer;
mod status;
mod stopwatch;
mod task;

pub use batch::{Completion, Completions, Fed};
pub(crate) use callbacks::is_delivering;
pub use callbacks::{Callback, CallbackOutput, Callbacks, Called, Overflow, Recipient};
#[cfg(feature = "cluster")]
pub(crate) use happening::{Happening, Trail, What, system_time};
pub(crate) use observer::Observers;
pub use observer::{Observer, Pending};
pub use status::{Status, StatusEvent};
pub use stopwatch::Stopwatch;
pub use task::{TaskEvent, TaskEventKind};
