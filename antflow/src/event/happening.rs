//! Events of one item in one stage as they are stored: what a worker of a cluster tells the process that has submitted a
//! pipeline.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::{Observer, Status, StatusEvent, TaskEvent, TaskEventKind};
use crate::clock::Moment;
use crate::item::{ItemError, StoredError};
use crate::stage::WorkerId;

/// A [`StatusEvent`] or a [`TaskEvent`], without what all events of the item in the stage have in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Happening {
    /// Microseconds since the Unix epoch.
    at: u64,
    /// The index of the worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) worker: Option<usize>,
    #[serde(flatten)]
    pub(crate) what: What,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<StoredError>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    Status {
        status: Status,
        /// Microseconds since the Unix epoch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        started: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_attempt: Option<u32>,
    },
    Task {
        task: String,
        kind: TaskEventKind,
        attempt: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration: Option<Duration>,
    },
}

impl Happening {
    /// Lets an item fail that this happened to, in place of how it had left the stage. One that no worker had is told of
    /// as one of the first.
    pub(crate) fn fail(happenings: &mut Vec<Self>, error: &ItemError) {
        let end = happenings.iter().position(Self::is_end);
        let end = end.map(|end| happenings.remove(end));
        let now = || micros(Moment::now().system_time());
        let at = end.as_ref().map_or_else(now, |end| end.at);
        let worker = end.as_ref().and_then(|end| end.worker).or(Some(0));
        let started = end.and_then(|end| match end.what {
            What::Status { started, .. } => started,
            What::Task { .. } => None,
        });
        let happening = |status, started, error| Self {
            at,
            worker,
            what: What::Status {
                status,
                started,
                next_attempt: None,
            },
            error,
        };
        let is_begun = |happening: &Self| matches!(happening.what, What::Status { status, .. } if status == Status::InProgress);
        if !happenings.iter().any(is_begun) {
            happenings.push(happening(Status::InProgress, Some(at), None));
        }
        let started = started.or(Some(at));
        happenings.push(happening(Status::Failed, started, Some(error.into())));
    }

    /// Whether the item has left the stage by it.
    pub(crate) fn is_end(&self) -> bool {
        match self.what {
            What::Status { status, .. } => !matches!(
                status,
                Status::Queued | Status::InProgress | Status::Retrying
            ),
            What::Task { .. } => false,
        }
    }

    /// When it happened.
    pub(crate) fn at(&self) -> SystemTime {
        system_time(self.at)
    }
}

impl From<&StatusEvent> for Happening {
    fn from(event: &StatusEvent) -> Self {
        Self {
            at: micros(event.timestamp),
            worker: event.worker.as_ref().map(WorkerId::index),
            what: What::Status {
                status: event.status,
                started: event.started.map(micros),
                next_attempt: event.next_attempt,
            },
            error: event.error.as_ref().map(StoredError::from),
        }
    }
}

impl From<&TaskEvent> for Happening {
    fn from(event: &TaskEvent) -> Self {
        Self {
            at: micros(event.timestamp),
            worker: Some(event.worker.index()),
            what: What::Task {
                task: event.task.as_ref().to_owned(),
                kind: event.kind,
                attempt: event.attempt,
                duration: event.duration,
            },
            error: event.error.as_ref().map(StoredError::from),
        }
    }
}

fn micros(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    })
}

/// The moment of so many microseconds since the Unix epoch.
pub(crate) fn system_time(micros: u64) -> SystemTime {
    let since = Duration::from_micros(micros);
    SystemTime::UNIX_EPOCH
        .checked_add(since)
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Collects what happens to each item of a run, until somebody takes it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trail(Arc<Mutex<HashMap<u64, Vec<Happening>>>>);

impl Trail {
    /// What has happened to an item, which is forgotten here.
    pub(crate) fn take(&self, sequence_id: u64) -> Vec<Happening> {
        self.lock().remove(&sequence_id).unwrap_or_default()
    }

    fn add(&self, sequence_id: u64, happening: Happening) {
        self.lock().entry(sequence_id).or_default().push(happening);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Vec<Happening>>> {
        // Nothing that is done under this lock can panic halfway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Trail {
    fn on_status(&self, event: &StatusEvent) {
        self.add(event.sequence_id, event.into());
    }

    fn on_task(&self, event: &TaskEvent) {
        self.add(event.sequence_id, event.into());
    }
}
