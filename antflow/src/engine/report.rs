use std::sync::Arc;
use std::time::Duration;

use super::runtime::StageRuntime;
use crate::clock::Moment;
use crate::event::{Status, StatusEvent, TaskEvent, TaskEventKind};
use crate::item::{ItemError, Metadata, Tag};
use crate::stage::{TaskContext, WorkerId, item_id};
use crate::stats::RunId;

/// The events of a worker. They are made once and changed for each thing that happens: the names in them are shared
/// with other workers, and to count who has them costs more than all the rest.
#[derive(Debug)]
pub(super) struct Report {
    status: StatusEvent,
    task: TaskEvent,
}

/// A new status of the item that a worker has.
pub(super) struct StatusNews<'a> {
    pub(super) status: Status,
    pub(super) at: Moment,
    pub(super) started: Moment,
    pub(super) error: Option<&'a ItemError>,
}

/// A beginning or an end of an attempt.
pub(super) struct TaskNews<'a> {
    pub(super) kind: TaskEventKind,
    pub(super) at: Moment,
    pub(super) error: Option<&'a ItemError>,
    pub(super) duration: Option<Duration>,
}

impl Report {
    pub(super) fn new(run: RunId, stage: &StageRuntime, worker: &WorkerId) -> Self {
        let tag = Tag::none();
        Self {
            status: StatusEvent {
                worker: Some(worker.clone()),
                ..status_event(run, stage, &tag, Status::Queued, Moment::default())
            },
            task: TaskEvent {
                run,
                item_id: item_id(None, tag.sequence_id),
                sequence_id: tag.sequence_id,
                stage: Arc::clone(&stage.name),
                task: Arc::clone(&stage.name),
                worker: worker.clone(),
                kind: TaskEventKind::Start,
                attempt: 1,
                timestamp: Moment::default().system_time(),
                error: None,
                duration: None,
            },
        }
    }

    /// Tells somebody of a new status.
    pub(super) fn status(
        &mut self,
        cx: &TaskContext,
        news: &StatusNews<'_>,
        tell: impl Fn(&StatusEvent),
    ) {
        let event = &mut self.status;
        event.status = news.status;
        event.timestamp = news.at.system_time();
        event.started = (news.status != Status::InProgress).then(|| news.started.system_time());
        event.error = news.error.cloned();
        event.next_attempt = (news.status == Status::Retrying).then(|| cx.tag.attempt() + 1);
        for item in cx.tag.members() {
            event.sequence_id = item.sequence_id;
            event.item_id = item_id(item.details.as_deref(), item.sequence_id);
            event.metadata = item.metadata().clone();
            tell(event);
        }
        // What belongs to the item does not outlive it.
        event.error = None;
        if cx.tag.details.is_some() {
            event.item_id = item_id(None, cx.tag.sequence_id);
            event.metadata = Metadata::new();
        }
    }

    /// Tells somebody of an attempt.
    pub(super) fn task(
        &mut self,
        cx: &TaskContext,
        news: &TaskNews<'_>,
        tell: impl Fn(&TaskEvent),
    ) {
        let event = &mut self.task;
        if let Some(name) = cx.task_name()
            && !Arc::ptr_eq(name, &event.task)
        {
            event.task = Arc::clone(name);
        }
        event.kind = news.kind;
        event.attempt = cx.tag.attempt();
        event.timestamp = news.at.system_time();
        event.error = news.error.cloned();
        event.duration = news.duration;
        for item in cx.tag.members() {
            event.sequence_id = item.sequence_id;
            event.item_id = item_id(item.details.as_deref(), item.sequence_id);
            tell(event);
        }
        event.error = None;
        if cx.tag.details.is_some() {
            event.item_id = item_id(None, cx.tag.sequence_id);
        }
    }
}

/// An event of a stage, without what only some events have.
pub(crate) fn status_event(
    run: RunId,
    stage: &StageRuntime,
    tag: &Tag,
    status: Status,
    at: Moment,
) -> StatusEvent {
    StatusEvent {
        run,
        item_id: item_id(tag.details.as_deref(), tag.sequence_id),
        sequence_id: tag.sequence_id,
        stage: Arc::clone(&stage.name),
        status,
        worker: None,
        timestamp: at.system_time(),
        started: None,
        error: None,
        next_attempt: None,
        metadata: tag.metadata().clone(),
    }
}
