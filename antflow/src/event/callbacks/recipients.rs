use std::sync::Arc;

use super::Called;
use super::callback::Erased;
use crate::event::{StatusEvent, TaskEvent};

#[derive(Debug)]
pub(super) enum Event {
    Status(StatusEvent),
    Task(TaskEvent),
}

/// Which callback gets what.
#[derive(Clone, Default)]
pub(super) struct Recipients {
    pub(super) status: Option<Arc<dyn Erased<StatusEvent>>>,
    /// By the kind of the event.
    pub(super) tasks: [Option<Arc<dyn Erased<TaskEvent>>>; 4],
}

impl Recipients {
    pub(super) fn is_empty(&self) -> bool {
        !self.want_statuses() && !self.want_tasks()
    }

    /// Whether there is one for changes of status.
    pub(super) fn want_statuses(&self) -> bool {
        self.status.is_some()
    }

    /// Whether there is one for events of tasks.
    pub(super) fn want_tasks(&self) -> bool {
        self.tasks.iter().any(Option::is_some)
    }

    pub(super) fn want_task(&self, event: &TaskEvent) -> bool {
        self.tasks[event.kind as usize].is_some()
    }

    pub(super) fn call(&self, event: Event) -> Option<Called> {
        match event {
            Event::Status(event) => Some(self.status.as_ref()?.call(event)),
            Event::Task(event) => Some(self.tasks[event.kind as usize].as_ref()?.call(event)),
        }
    }
}
