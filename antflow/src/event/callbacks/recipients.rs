use super::{Called, Recipient};
use crate::event::{StatusEvent, TaskEvent};

/// An event that waits for its callback.
#[derive(Debug)]
pub(super) enum Event {
    Status(StatusEvent),
    Task(TaskEvent),
}

/// Which callback gets what.
#[derive(Debug, Clone, Default)]
pub(super) struct Recipients {
    pub(super) status: Option<Recipient<StatusEvent>>,
    /// By the kind of the event.
    pub(super) tasks: [Option<Recipient<TaskEvent>>; 4],
}

impl Recipients {
    /// Whether there is one that is called in turn.
    pub(super) fn have_turns(&self) -> bool {
        matches!(self.status, Some(Recipient::InTurn(_)))
            || self
                .tasks
                .iter()
                .any(|task| matches!(task, Some(Recipient::InTurn(_))))
    }

    /// Whether there is one for changes of status.
    pub(super) fn want_statuses(&self) -> bool {
        self.status.is_some()
    }

    /// Whether there is one for events of tasks.
    pub(super) fn want_tasks(&self) -> bool {
        self.tasks.iter().any(Option::is_some)
    }

    /// Calls the one whose turn it is.
    pub(super) fn call(&self, event: Event) -> Option<Called> {
        match event {
            Event::Status(event) => match self.status.as_ref()? {
                Recipient::InTurn(callback) => Some(callback(event)),
                Recipient::AtOnce(_) => None,
            },
            Event::Task(event) => match self.tasks[event.kind as usize].as_ref()? {
                Recipient::InTurn(callback) => Some(callback(event)),
                Recipient::AtOnce(_) => None,
            },
        }
    }
}
