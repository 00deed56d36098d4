//! What must hold for the events of every run that is over.

use std::collections::BTreeMap;
use std::time::SystemTime;

use antflow::event::{Status, StatusEvent, TaskEvent, TaskEventKind};
use antflow::{PipelineResult, PipelineStats, StageStats};

use crate::recorder::Event;
use crate::results::{Outcome, outcome};

/// Checks the events of a run against its results and its stats.
pub(crate) fn check<T>(events: &[Event], results: &[PipelineResult<T>], stats: &PipelineStats) {
    let mut lives: BTreeMap<u64, Life<'_>> = BTreeMap::new();
    for event in events {
        let life = lives
            .entry(event.sequence_id())
            .or_insert_with(|| Life::new(&stats.stage_stats));
        life.seen.push(event.to_string());
        if let Err(broken) = life.step(event) {
            panic!("{broken}; item {}: {:#?}", event.sequence_id(), life.seen);
        }
    }
    assert_eq!(
        lives.len(),
        results.len(),
        "as many items have events as have results"
    );
    for result in results {
        let life = lives.get(&result.sequence_id).expect("events of the item");
        assert!(
            life.ended_as(outcome(result)),
            "item {} is {:?} by its result and {:?} by its events: {:#?}",
            result.sequence_id,
            outcome(result),
            life.status,
            life.seen
        );
    }
    check_numbers(events, results, stats);
}

/// The stats say the same as the events and the results.
fn check_numbers<T>(events: &[Event], results: &[PipelineResult<T>], stats: &PipelineStats) {
    let ended = |wanted: fn(Outcome) -> bool| {
        let of_kind = results.iter().filter(|result| wanted(outcome(result)));
        of_kind.count() as u64
    };
    let completed = ended(|outcome| outcome == Outcome::Completed);
    let cancelled = ended(|outcome| outcome == Outcome::Cancelled);
    assert_eq!(stats.items_submitted, results.len() as u64, "submitted");
    assert_eq!(stats.items_processed, completed, "processed");
    assert_eq!(stats.items_cancelled, cancelled, "cancelled");
    assert_eq!(
        stats.items_failed,
        results.len() as u64 - completed - cancelled,
        "failed"
    );
    assert_eq!(stats.items_in_flight, 0, "in flight");
    for stage in &stats.stage_stats {
        let count = |status: Status| {
            let of_kind = events.iter().filter(|event| match event {
                Event::Status(event) => *event.stage == *stage.stage_name && event.status == status,
                Event::Task(_) => false,
            });
            of_kind.count() as u64
        };
        let counted = [
            (stage.completed_items, Status::Completed),
            (stage.failed_items, Status::Failed),
            (stage.skipped_items, Status::Skipped),
            (stage.cancelled_items, Status::Cancelled),
            (stage.retries, Status::Retrying),
        ];
        for (number, status) in counted {
            assert_eq!(number, count(status), "{status} in {}", stage.stage_name);
        }
        assert_eq!(stage.pending_items, 0, "pending in {}", stage.stage_name);
        assert_eq!(
            stage.in_progress_items, 0,
            "in progress in {}",
            stage.stage_name
        );
    }
}

/// What is known of one item.
struct Life<'a> {
    stages: &'a [StageStats],
    stage: usize,
    status: Option<Status>,
    /// The attempt of a task that has begun and not ended.
    open: Option<(String, u32)>,
    /// How the last attempt of a task ended.
    last: Option<TaskEventKind>,
    next_attempt: u32,
    timestamp: SystemTime,
    seen: Vec<String>,
}

type Checked = Result<(), String>;

impl<'a> Life<'a> {
    fn new(stages: &'a [StageStats]) -> Self {
        Self {
            stages,
            stage: 0,
            status: None,
            open: None,
            last: None,
            next_attempt: 1,
            timestamp: SystemTime::UNIX_EPOCH,
            seen: Vec::new(),
        }
    }

    fn step(&mut self, event: &Event) -> Checked {
        let timestamp = match event {
            Event::Status(event) => event.timestamp,
            Event::Task(event) => event.timestamp,
        };
        ensure(timestamp >= self.timestamp, "its time runs backwards")?;
        self.timestamp = timestamp;
        match event {
            Event::Status(event) => self.status(event),
            Event::Task(event) => self.task(event),
        }
    }

    fn status(&mut self, event: &StatusEvent) -> Checked {
        let stage = self.index(&event.stage)?;
        ensure(
            self.may_become(stage, event.status),
            "this cannot follow what was before",
        )?;
        self.check_worker(event)?;
        match event.status {
            Status::Queued => {
                self.next_attempt = 1;
                self.last = None;
            }
            Status::Retrying => {
                ensure(
                    self.last == Some(TaskEventKind::Retry),
                    "a retry without the task's",
                )?;
                let next = event
                    .next_attempt
                    .ok_or("a retry without its next attempt")?;
                ensure(
                    next == self.next_attempt + 1,
                    "an attempt was left out or repeated",
                )?;
                self.next_attempt = next;
            }
            Status::Completed => ensure(
                self.last == Some(TaskEventKind::Complete),
                "completed, but not by a task",
            )?,
            Status::Cancelled => self.open = None,
            Status::Failed | Status::InProgress | Status::Skipped => {}
        }
        let has_error = matches!(
            event.status,
            Status::Failed | Status::Retrying | Status::Cancelled
        );
        ensure(
            event.error.is_some() == has_error,
            "an error where none belongs, or none",
        )?;
        ensure(self.open.is_none(), "a task has begun and not ended")?;
        self.stage = stage;
        self.status = Some(event.status);
        Ok(())
    }

    fn may_become(&self, stage: usize, next: Status) -> bool {
        use Status::{Cancelled, Completed, Failed, InProgress, Queued, Retrying, Skipped};
        let Some(status) = self.status else {
            return next == Queued;
        };
        if next == Queued {
            return stage == self.stage + 1 && matches!(status, Completed | Skipped);
        }
        let follows = match status {
            Queued => matches!(next, InProgress | Skipped | Cancelled),
            InProgress => matches!(next, Completed | Retrying | Failed | Cancelled),
            Retrying => matches!(next, InProgress | Cancelled),
            // Done here, and cut off before it went on.
            Completed | Skipped => next == Cancelled,
            Failed | Cancelled => false,
        };
        follows && stage == self.stage
    }

    fn check_worker(&self, event: &StatusEvent) -> Checked {
        match &event.worker {
            None => {
                let nobodys =
                    event.status == Status::Cancelled && self.status != Some(Status::InProgress);
                ensure(
                    event.status == Status::Queued || nobodys,
                    "no worker is named",
                )
            }
            Some(_) if event.status == Status::Queued => {
                Err("a worker of a queued item".to_owned())
            }
            Some(worker) => {
                let stage = &self.stages[self.index(&event.stage)?];
                ensure(worker.stage() == &*event.stage, "a worker of another stage")?;
                ensure(
                    worker.index() < stage.workers,
                    "a worker that does not exist",
                )
            }
        }
    }

    fn task(&mut self, event: &TaskEvent) -> Checked {
        ensure(
            self.status == Some(Status::InProgress),
            "a task without the item",
        )?;
        ensure(
            self.index(&event.stage)? == self.stage,
            "a task of another stage",
        )?;
        let this = (event.task.to_string(), event.attempt);
        if event.kind == TaskEventKind::Start {
            ensure(
                self.open.replace(this).is_none(),
                "two attempts at the same time",
            )?;
            let numbered = event.attempt == 1 || event.attempt == self.next_attempt;
            self.next_attempt = event.attempt;
            ensure(numbered, "the attempt has a wrong number")?;
        } else {
            ensure(
                self.open.take() == Some(this),
                "the end of what has not begun",
            )?;
            self.last = Some(event.kind);
        }
        let failed = matches!(event.kind, TaskEventKind::Retry | TaskEventKind::Fail);
        ensure(
            event.error.is_some() == failed,
            "an error where none belongs, or none",
        )?;
        let ended = event.kind != TaskEventKind::Start;
        ensure(
            event.duration.is_some() == ended,
            "a duration where none belongs, or none",
        )
    }

    fn index(&self, name: &str) -> Result<usize, String> {
        let place = self
            .stages
            .iter()
            .position(|stage| stage.stage_name == name);
        place.ok_or_else(|| format!("there is no stage {name}"))
    }

    fn ended_as(&self, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Completed => {
                let passed = matches!(self.status, Some(Status::Completed | Status::Skipped));
                passed && self.stage + 1 == self.stages.len()
            }
            Outcome::Failed | Outcome::Panicked | Outcome::TimedOut => {
                self.status == Some(Status::Failed)
            }
            Outcome::Cancelled => self.status == Some(Status::Cancelled),
        }
    }
}

fn ensure(holds: bool, broken: &str) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(broken.to_owned())
    }
}
