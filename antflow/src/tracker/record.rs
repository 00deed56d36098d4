use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::History;
use super::slab::{FEW, MANY, Slab, Trace, Visit};
use crate::clock::Moment;
use crate::event::{Completions, Fed, Status, StatusEvent};
use crate::item::{Details, ItemId, Metadata};
use crate::stage::{WorkerId, item_id};
use crate::stats::RunView;

/// What a tracker keeps of one run.
#[derive(Debug)]
pub(super) struct RunRecord {
    pub(super) view: RunView,
    stages: Vec<Arc<str>>,
    slab: Slab,
    marked: Mutex<Marked>,
}

/// What is kept of the items for which the slab does not do.
#[derive(Debug, Default)]
struct Marked {
    /// The events that are no plain completions, by sequence number; where the pipeline is more than a line, all of them.
    events: HashMap<u64, Vec<StatusEvent>>,
    /// What was said of an item when it was fed.
    details: HashMap<u64, Arc<Details>>,
    /// The items that were fed with an id of their own.
    ids: HashMap<ItemId, Vec<u64>>,
}

/// The items that workers have in hand, with the stage, the index of the worker and since when.
pub(super) type Hands = HashMap<u64, (usize, usize, Moment)>;

impl RunRecord {
    pub(super) fn new(view: RunView, history: History) -> Self {
        let counters = view.counters();
        let stages = counters.stages.iter();
        let items = if history == History::Full { MANY } else { FEW };
        Self {
            stages: stages.map(|stage| Arc::clone(&stage.names.stage)).collect(),
            slab: Slab::new(counters.stages.len(), items, counters.started),
            marked: Mutex::default(),
            view,
        }
    }

    pub(super) fn note_fed(&self, fed: &Fed<'_>) {
        if !fed.details.is_empty() {
            let mut marked = self.marked();
            for (item, details) in fed.details {
                if let Some(id) = &details.id {
                    marked.ids.entry(id.clone()).or_default().push(*item);
                }
                marked.details.insert(*item, Arc::clone(details));
            }
        }
        self.slab.enter(fed.sequence_ids(), fed.stage, fed.at);
    }

    pub(super) fn note_completed(&self, completions: &Completions<'_>) {
        let worker = completions.worker.index();
        let visits = completions.items.iter().map(|completion| {
            let visit = Visit {
                worker,
                started: completion.started,
                ended: completion.ended,
            };
            (completion.sequence_id, visit)
        });
        self.slab.visit(completions.stage, visits);
    }

    /// Whether the pipeline is a line of stages, so that most of what happens to an item can be told without events.
    pub(super) fn is_line(&self) -> bool {
        self.view.counters().is_line
    }

    /// Notes an event: one that is no plain completion, or any where the pipeline is more than a line.
    pub(super) fn note_event(&self, event: &StatusEvent) {
        let mut marked = self.marked();
        let events = marked.events.entry(event.sequence_id).or_default();
        events.push(event.clone());
    }

    /// Whether an item has gone through the last stage. It may still be cancelled, as long as nobody has its result.
    pub(super) fn has_gone_through(&self, item: u64) -> bool {
        let visited = self.slab.get(item).and_then(|trace| trace.last_visited());
        let skips_last = |events: &Vec<StatusEvent>| {
            events
                .iter()
                .any(|event| event.status == Status::Skipped && self.is_last(&event.stage))
        };
        visited == Some(self.last_stage())
            || self.marked().events.get(&item).is_some_and(skips_last)
    }

    /// Whether a stage is the last one.
    pub(super) fn is_last(&self, stage: &str) -> bool {
        self.stages.last().is_some_and(|last| **last == *stage)
    }

    pub(super) fn last_stage(&self) -> usize {
        self.stages.len() - 1
    }

    /// Forgets an item.
    pub(super) fn forget(&self, item: u64) {
        let mut marked = self.marked();
        marked.events.remove(&item);
        if let Some(details) = marked.details.remove(&item)
            && let Some(id) = &details.id
            && let Some(items) = marked.ids.get_mut(id)
        {
            items.retain(|other| *other != item);
            if items.is_empty() {
                marked.ids.remove(id);
            }
        }
        drop(marked);
        self.slab.forget(item);
    }

    /// The items of this id, in the order in which they were fed.
    pub(super) fn items_of(&self, id: &ItemId) -> Vec<u64> {
        let marked = self.marked();
        let mut items = marked.ids.get(id).cloned().unwrap_or_default();
        if let ItemId::Number(number) = id {
            let said = marked.details.get(number);
            if said.is_none_or(|details| details.id.is_none()) && self.slab.get(*number).is_some() {
                items.push(*number);
                items.sort_unstable();
            }
        }
        items
    }

    /// The ids of all items that are kept, in the order in which they were fed.
    pub(super) fn ids(&self) -> Vec<ItemId> {
        let marked = self.marked();
        self.slab
            .iter()
            .map(|(item, _)| item_id(marked.details.get(&item).map(|said| &**said), item))
            .collect()
    }

    /// Who works on what. An item that a worker has and does not work on is not among it: it was not begun, or waits for
    /// its next attempt, or the stage is done with it.
    fn hands(&self) -> Hands {
        let mut hands = Hands::new();
        for (stage, counters) in self.view.counters().stages.iter().enumerate() {
            counters.workers(|workers| {
                for worker in workers {
                    if let Some(item) = worker.status.sequence_id()
                        && worker.status.is_working()
                    {
                        hands.insert(item, (stage, worker.id.index(), worker.status.since()));
                    }
                }
            });
        }
        hands
    }

    /// The last event of each item whose last status this is.
    pub(super) fn by_status(&self, status: Status) -> Vec<StatusEvent> {
        if !self.is_line() {
            let marked = self.marked();
            let mut found: Vec<_> = marked
                .events
                .values()
                .filter_map(|events| events.last())
                .collect();
            found.retain(|event| event.status == status);
            found.sort_by_key(|event| event.sequence_id);
            return found.into_iter().cloned().collect();
        }
        let hands = self.hands();
        let marked: Vec<u64> = self.marked().events.keys().copied().collect();
        let marked: std::collections::HashSet<_> = marked.into_iter().collect();
        let mut found = Vec::new();
        for (item, trace) in self.slab.iter() {
            // Where nothing is out of the ordinary, the status can be told without making the events.
            let plain = || {
                if trace.last_visited() == Some(self.last_stage()) {
                    Status::Completed
                } else if hands.contains_key(&item) {
                    Status::InProgress
                } else {
                    Status::Queued
                }
            };
            if marked.contains(&item) || plain() == status {
                let last = self.events(item, &trace, Some(&hands)).pop();
                found.extend(last.filter(|event| event.status == status));
            }
        }
        found
    }

    /// All events of an item, in their order.
    pub(super) fn history(&self, item: u64) -> Vec<StatusEvent> {
        let trace = self.slab.get(item);
        trace.map_or_else(Vec::new, |trace| self.events(item, &trace, None))
    }

    /// All events of an item; what workers have in hand is looked up unless it is given.
    ///
    /// The run goes on meanwhile, so the order matters: what an item did before a visit ended is among marks that are
    /// read after it, and an item that is in hand after its marks were read had no end among them.
    fn events(&self, item: u64, trace: &Trace<'_>, hands: Option<&Hands>) -> Vec<StatusEvent> {
        let visits: Vec<_> = (0..self.stages.len())
            .map(|stage| trace.visit(stage))
            .collect();
        let (marks, details) = {
            let marked = self.marked();
            let marks = marked.events.get(&item).cloned().unwrap_or_default();
            (marks, marked.details.get(&item).cloned())
        };
        if !self.is_line() {
            return marks;
        }
        let looked = hands.is_none().then(|| self.hands());
        let hands = hands.or(looked.as_ref());
        let event = Template {
            record: self,
            item,
            details,
        };
        let mut events = Vec::new();
        let mut at = trace.entrance.at.system_time();
        for (stage, visit) in visits.iter().enumerate().skip(trace.entrance.stage) {
            events.push(event.make(stage, Status::Queued, None, at));
            let marks = marks.iter().filter(|mark| mark.stage == self.stages[stage]);
            let (ends, marks): (Vec<_>, Vec<_>) =
                marks.partition(|mark| mark.status == Status::Cancelled);
            let mut passes = false;
            for mark in marks {
                events.extend(begin(mark));
                passes = mark.status == Status::Skipped;
                at = mark.timestamp;
                events.push(mark.clone());
            }
            if let Some(visit) = visit {
                let worker = Some(visit.worker);
                let started = visit.started.system_time();
                at = visit.ended.system_time();
                events.push(event.make(stage, Status::InProgress, worker, started));
                events.push(StatusEvent {
                    started: Some(started),
                    ..event.make(stage, Status::Completed, worker, at)
                });
            } else if let Some((_, worker, since)) = hands
                .and_then(|hands| hands.get(&item))
                .filter(|(of, ..)| *of == stage)
                && ends.is_empty()
            {
                events.push(event.make(
                    stage,
                    Status::InProgress,
                    Some(*worker),
                    since.system_time(),
                ));
            }
            for mark in &ends {
                if visit.is_none() {
                    events.extend(begin(mark));
                }
                events.push((*mark).clone());
            }
            if !ends.is_empty() || visit.is_none() && !passes {
                break;
            }
        }
        // Times of the slab are rounded down, those of other events are not.
        let mut latest = SystemTime::UNIX_EPOCH;
        for event in &mut events {
            latest = latest.max(event.timestamp);
            event.timestamp = latest;
        }
        events
    }

    fn marked(&self) -> MutexGuard<'_, Marked> {
        self.marked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the events of one item have in common.
struct Template<'a> {
    record: &'a RunRecord,
    item: u64,
    details: Option<Arc<Details>>,
}

impl Template<'_> {
    fn make(
        &self,
        stage: usize,
        status: Status,
        worker: Option<usize>,
        timestamp: SystemTime,
    ) -> StatusEvent {
        let details = self.details.as_deref();
        let stage = &self.record.stages[stage];
        StatusEvent {
            run: self.record.view.id(),
            item_id: item_id(details, self.item),
            sequence_id: self.item,
            stage: Arc::clone(stage),
            status,
            worker: worker.map(|index| WorkerId::new(Arc::clone(stage), index)),
            timestamp,
            started: None,
            error: None,
            next_attempt: None,
            metadata: details.map_or_else(Metadata::new, |details| details.metadata.clone()),
        }
    }
}

/// The beginning of an attempt that came to this event, if there was one.
fn begin(end: &StatusEvent) -> Option<StatusEvent> {
    let started = end.started.filter(|_| end.status != Status::Skipped)?;
    Some(StatusEvent {
        status: Status::InProgress,
        timestamp: started,
        started: None,
        error: None,
        next_attempt: None,
        ..end.clone()
    })
}

impl History {
    /// The record of a run that begins, if anything is to be kept of it.
    pub(super) fn record(self, view: &RunView) -> Option<RunRecord> {
        self.is_kept().then(|| RunRecord::new(view.clone(), self))
    }
}
