use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Moment;
use crate::item::{Details, ItemId};

/// What one worker is at, written by it alone and read by anybody.
#[derive(Debug)]
pub(crate) struct WorkerStatus {
    /// The sequence number of the item in hand, plus one; 0 while idle.
    item: AtomicU64,
    /// The index of the task while one runs, else one of those below.
    task: AtomicUsize,
    /// Since when it is busy with the item, or idle; in ticks.
    since: AtomicU64,
    said: Mutex<Said>,
}

/// No attempt has begun.
const NONE: usize = usize::MAX;
/// The item waits for its next attempt.
const HELD: usize = usize::MAX - 1;
/// An attempt has begun, and no task.
const BEGUN: usize = usize::MAX - 2;
/// The stage is done with the item.
const FINISHED: usize = usize::MAX - 3;

/// What was said of an item, as long as it is the one in hand.
#[derive(Debug, Default)]
struct Said {
    /// As above.
    item: u64,
    id: Option<ItemId>,
    text: Option<(Cow<'static, str>, Instant)>,
}

/// What a worker had in hand at some moment.
#[derive(Debug)]
pub(crate) struct InHand {
    pub(crate) sequence_id: u64,
    pub(crate) id: ItemId,
    pub(crate) task: usize,
    pub(crate) text: Option<Cow<'static, str>>,
}

impl Default for WorkerStatus {
    fn default() -> Self {
        Self {
            item: AtomicU64::new(0),
            task: AtomicUsize::new(NONE),
            since: AtomicU64::new(Moment::now().ticks()),
            said: Mutex::default(),
        }
    }
}

impl WorkerStatus {
    #[inline]
    pub(crate) fn set_busy(&self, sequence_id: u64) {
        self.enter_task(NONE);
        self.item.store(sequence_id + 1, Ordering::Relaxed);
    }

    /// Notes the id of the item in hand, if it has one of its own.
    #[cold]
    pub(crate) fn note_id(&self, sequence_id: u64, details: &Details) {
        if let Some(id) = &details.id {
            *self.said() = Said {
                item: sequence_id + 1,
                id: Some(id.clone()),
                text: None,
            };
        }
    }

    #[inline]
    pub(crate) fn set_idle(&self) {
        self.item.store(0, Ordering::Relaxed);
    }

    /// Notes since when it is at what it is at.
    #[inline]
    pub(crate) fn set_since(&self, moment: Moment) {
        self.since.store(moment.ticks(), Ordering::Relaxed);
    }

    /// Says which task runs.
    #[inline]
    pub(crate) fn enter_task(&self, index: usize) {
        self.task.store(index, Ordering::Relaxed);
    }

    /// Says that an attempt has begun.
    pub(crate) fn begin(&self) {
        self.enter_task(BEGUN);
    }

    /// Says that the stage is done with the item, which the worker still has.
    pub(crate) fn finish(&self) {
        self.enter_task(FINISHED);
    }

    /// Says that the item waits for its next attempt.
    pub(crate) fn hold(&self) {
        self.enter_task(HELD);
    }

    /// Whether an attempt has begun since the worker took the item.
    pub(crate) fn has_begun(&self) -> bool {
        self.task() != NONE
    }

    /// Whether an attempt goes on.
    pub(crate) fn is_working(&self) -> bool {
        self.is_busy() && !matches!(self.task(), NONE | HELD | FINISHED)
    }

    pub(crate) fn is_held(&self) -> bool {
        self.task() == HELD && self.is_busy()
    }

    /// The index of the task that runs; none has an index that no task has.
    #[inline]
    pub(crate) fn task(&self) -> usize {
        self.task.load(Ordering::Relaxed)
    }

    /// Sets the text of this item, unless there is one that was set less than `interval` ago.
    pub(super) fn set_text(
        &self,
        sequence_id: u64,
        text: Cow<'static, str>,
        interval: Duration,
    ) -> bool {
        let now = Instant::now();
        let mut said = self.said();
        if said.item != sequence_id + 1 {
            *said = Said {
                item: sequence_id + 1,
                ..Said::default()
            };
        }
        let early = said
            .text
            .as_ref()
            .is_some_and(|(_, before)| now.duration_since(*before) < interval);
        if !early {
            said.text = Some((text, now));
        }
        !early
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.item.load(Ordering::Relaxed) != 0
    }

    /// The sequence number of the item in hand.
    pub(crate) fn sequence_id(&self) -> Option<u64> {
        self.item.load(Ordering::Relaxed).checked_sub(1)
    }

    pub(crate) fn since(&self) -> Moment {
        Moment::from_ticks(self.since.load(Ordering::Relaxed))
    }

    /// The item in hand, and what was said of it.
    pub(crate) fn read(&self) -> Option<InHand> {
        let sequence_id = self.sequence_id()?;
        let task = self.task();
        let said = self.said();
        let said = Some(&*said).filter(|said| said.item == sequence_id + 1);
        Some(InHand {
            sequence_id,
            id: said
                .and_then(|said| said.id.clone())
                .unwrap_or(ItemId::Number(sequence_id)),
            task,
            text: said.and_then(|said| said.text.as_ref().map(|(text, _)| text.clone())),
        })
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
