use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::clock::Moment;
use crate::item::{Details, ItemId};
use crate::stage::WorkerId;

/// Items that were accepted, all by the same stage.
#[derive(Debug, Clone, Copy)]
pub struct Fed<'a> {
    /// The stage's place in the pipeline, from 0.
    pub(crate) stage: usize,
    pub(crate) first: u64,
    pub(crate) count: u64,
    pub(crate) at: Moment,
    /// What was said of them, where something was.
    pub(crate) details: &'a [(u64, Arc<Details>)],
}

impl Fed<'_> {
    /// The place of the stage in the pipeline, from 0.
    #[must_use]
    pub fn stage(&self) -> usize {
        self.stage
    }

    /// The sequence numbers of the items.
    #[must_use]
    pub fn sequence_ids(&self) -> Range<u64> {
        self.first..self.first + self.count
    }

    /// When they were accepted, by the system's clock.
    #[must_use]
    pub fn timestamp(&self) -> SystemTime {
        self.at.system_time()
    }

    /// The ids that their feeder chose, by sequence number. Items without one have their sequence number as id.
    pub fn ids(&self) -> impl Iterator<Item = (u64, &ItemId)> {
        let ids = self.details.iter();
        ids.filter_map(|(item, details)| Some((*item, details.id.as_ref()?)))
    }
}

/// Items that a worker has completed in its stage, in the order in which it did.
#[derive(Debug, Clone, Copy)]
pub struct Completions<'a> {
    pub(crate) stage: usize,
    pub(crate) worker: &'a WorkerId,
    pub(crate) items: &'a [Completion],
}

impl<'a> Completions<'a> {
    /// The place of the stage in the pipeline, from 0.
    #[must_use]
    pub fn stage(&self) -> usize {
        self.stage
    }

    /// The worker that completed them.
    #[must_use]
    pub fn worker(&self) -> &'a WorkerId {
        self.worker
    }

    /// One entry for each item.
    #[must_use]
    pub fn items(&self) -> &'a [Completion] {
        self.items
    }
}

/// A worker has completed an item in its stage.
#[derive(Debug, Clone, Copy)]
pub struct Completion {
    pub(crate) sequence_id: u64,
    pub(crate) started: Moment,
    pub(crate) ended: Moment,
}

impl Completion {
    /// The item's sequence number.
    #[must_use]
    pub fn sequence_id(&self) -> u64 {
        self.sequence_id
    }

    /// When the attempt that succeeded was begun, by the system's clock.
    #[must_use]
    pub fn started(&self) -> SystemTime {
        self.started.system_time()
    }

    /// When the last task had returned, by the system's clock.
    #[must_use]
    pub fn timestamp(&self) -> SystemTime {
        self.ended.system_time()
    }

    /// How long that took.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.ended.since(self.started)
    }
}
