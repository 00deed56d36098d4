use std::collections::BTreeMap;

use antflow::event::{Status, StatusEvent, TaskEvent, TaskEventKind};
use antflow::{ItemError, ItemErrorKind, StatusTracker};
use antflow_tests::Log;

/// Who watches a run beside the metrics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Beside {
    /// Nobody, so that items make no events.
    Nobody,
    /// A tracker that makes the events afterwards, of what it has kept.
    Tracker,
    /// A tracker that calls back with each event.
    Callbacks,
}

impl Beside {
    pub(crate) const ALL: [Self; 3] = [Self::Nobody, Self::Tracker, Self::Callbacks];
}

/// What a tracker and its callbacks know.
pub(crate) struct Seen {
    beside: Beside,
    pub(crate) tracker: StatusTracker,
    statuses: Log<StatusEvent>,
    tasks: Log<TaskEvent>,
}

impl Seen {
    pub(crate) fn new(beside: Beside) -> Self {
        let (statuses, tasks) = (Log::new(), Log::new());
        let (on_status, on_task) = (statuses.clone(), tasks.clone());
        let tracker = StatusTracker::new();
        let tracker = match beside {
            Beside::Callbacks => tracker
                .on_status_change(move |event: StatusEvent| {
                    on_status.push(event);
                })
                .on_task_event(move |event: TaskEvent| {
                    on_task.push(event);
                }),
            Beside::Nobody | Beside::Tracker => tracker,
        };
        Self {
            beside,
            tracker,
            statuses,
            tasks,
        }
    }

    /// How many items left each stage in each way, if somebody knows.
    pub(crate) fn statuses(&self, items: u64) -> Option<BTreeMap<(String, Status), u64>> {
        let events = match self.beside {
            Beside::Nobody => return None,
            Beside::Tracker => (0..items)
                .flat_map(|item| self.tracker.history(item))
                .collect(),
            Beside::Callbacks => self.statuses.entries(),
        };
        let mut counts = BTreeMap::new();
        for event in events {
            *counts
                .entry((event.stage.to_string(), event.status))
                .or_default() += 1;
        }
        Some(counts)
    }

    /// How many attempts of a task ended well, with an error, too late, in panic, and how many are followed by another,
    /// if somebody knows.
    pub(crate) fn attempts(&self, task: &str) -> Option<[u64; 5]> {
        if self.beside != Beside::Callbacks {
            return None;
        }
        let mut counts = [0; 5];
        for event in self
            .tasks
            .entries()
            .iter()
            .filter(|event| *event.task == *task)
        {
            let error = event.error.as_ref().map(ItemError::kind);
            let end = match (event.kind, error) {
                (TaskEventKind::Start, _) => continue,
                (_, None) => 0,
                (_, Some(ItemErrorKind::TimedOut(_))) => 2,
                (_, Some(ItemErrorKind::Panicked(_))) => 3,
                (_, Some(_)) => 1,
            };
            counts[end] += 1;
            counts[4] += u64::from(event.kind == TaskEventKind::Retry);
        }
        Some(counts)
    }
}
