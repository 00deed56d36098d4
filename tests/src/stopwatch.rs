use antflow::event::{Observer, Status};

/// An observer that wants to know how long things take, and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch;

impl Observer for Stopwatch {
    fn wants_status(&self, _: Status) -> bool {
        false
    }

    fn wants_tasks(&self) -> bool {
        false
    }

    fn wants_timings(&self) -> bool {
        true
    }
}
