use std::fmt;
use std::sync::Arc;

use antflow::event::{Observer, Status, StatusEvent, TaskEvent, TaskEventKind};
use antflow::{IntoItem, Launch, Pipeline, PipelineResult, PipelineStats};

use crate::log::Log;
use crate::rules;
use crate::time::within;

/// One event of either kind.
#[derive(Debug, Clone)]
pub enum Event {
    /// Of an item.
    Status(Arc<StatusEvent>),
    /// Of an attempt of a task.
    Task(Arc<TaskEvent>),
}

/// An observer that keeps all events in the order in which they came. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Recorder(Log<Event>);

impl Recorder {
    /// Nothing recorded yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All events so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.0.entries()
    }

    /// The status events so far.
    #[must_use]
    pub fn statuses(&self) -> Vec<Arc<StatusEvent>> {
        let status = |event| match event {
            Event::Status(event) => Some(event),
            Event::Task(_) => None,
        };
        self.events().into_iter().filter_map(status).collect()
    }

    /// The task events so far.
    #[must_use]
    pub fn tasks(&self) -> Vec<Arc<TaskEvent>> {
        let task = |event| match event {
            Event::Task(event) => Some(event),
            Event::Status(_) => None,
        };
        self.events().into_iter().filter_map(task).collect()
    }

    /// The status events of this status.
    #[must_use]
    pub fn statuses_of(&self, status: Status) -> Vec<Arc<StatusEvent>> {
        let mut statuses = self.statuses();
        statuses.retain(|event| event.status == status);
        statuses
    }

    /// The task events of this kind.
    #[must_use]
    pub fn tasks_of(&self, kind: TaskEventKind) -> Vec<Arc<TaskEvent>> {
        let mut tasks = self.tasks();
        tasks.retain(|event| event.kind == kind);
        tasks
    }

    /// How many status events are of this status.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.statuses_of(status).len()
    }

    /// The status events of one item as lines: `Fetch queued`, `Fetch in_progress Fetch-W0`.
    #[must_use]
    pub fn status_lines(&self, sequence_id: u64) -> Vec<String> {
        self.lines(sequence_id, |event| matches!(event, Event::Status(_)))
    }

    /// The task events of one item as lines: `fetch start 1`, `fetch complete 1`.
    #[must_use]
    pub fn task_lines(&self, sequence_id: u64) -> Vec<String> {
        self.lines(sequence_id, |event| matches!(event, Event::Task(_)))
    }

    fn lines(&self, sequence_id: u64, wanted: fn(&Event) -> bool) -> Vec<String> {
        self.events()
            .iter()
            .filter(|event| event.sequence_id() == sequence_id && wanted(event))
            .map(ToString::to_string)
            .collect()
    }

    /// Checks all that must hold for the events of a run that is over, against its results and its stats.
    ///
    /// # Panics
    /// With the first rule that is broken, and the events of the item that breaks it.
    pub fn check<T>(&self, results: &[PipelineResult<T>], stats: &PipelineStats) {
        rules::check(&self.events(), results, stats);
    }
}

/// Runs all items, and gives what came out with the events, which were checked against it.
///
/// # Panics
/// If the pipeline does not start, hangs, or breaks a rule.
pub async fn record<C, St, I>(
    etl: &Pipeline<C, St>,
    items: I,
) -> (Vec<PipelineResult<C::Output>>, Recorder)
where
    C: Launch<St>,
    St: Send + Sync + 'static,
    I: IntoIterator<Item: IntoItem<C::Input>>,
{
    let recorder = Recorder::new();
    let run = etl.clone().observe(recorder.clone()).start();
    let run = run.expect("a pipeline that can work");
    within(run.feed(items)).await.expect("the run is open");
    let results = within(run.join()).await;
    recorder.check(&results, &run.stats());
    (results, recorder)
}

impl Event {
    /// Which item it is about.
    #[must_use]
    pub fn sequence_id(&self) -> u64 {
        match self {
            Self::Status(event) => event.sequence_id,
            Self::Task(event) => event.sequence_id,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(event) => {
                write!(f, "{} {}", event.stage, event.status)?;
                match &event.worker {
                    Some(worker) => write!(f, " {worker}"),
                    None => Ok(()),
                }
            }
            Self::Task(event) => write!(f, "{} {} {}", event.task, event.kind, event.attempt),
        }
    }
}

impl Observer for Recorder {
    fn on_status(&self, event: &StatusEvent) {
        self.0.push(Event::Status(Arc::new(event.clone())));
    }

    fn on_task(&self, event: &TaskEvent) {
        self.0.push(Event::Task(Arc::new(event.clone())));
    }
}
