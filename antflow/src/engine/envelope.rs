use std::fmt;

use super::queue::Queued;
use super::runtime::StageRuntime;
use super::sink::Sink;
use crate::item::Tag;
use crate::stage::WorkerId;

/// A value in a queue or in a worker's hand, with what belongs to its item.
#[derive(Debug, Clone)]
pub struct Envelope<T> {
    pub(crate) value: T,
    pub(crate) tag: Tag,
}

impl<T> Queued for Envelope<T> {
    #[inline]
    fn priority(&self) -> i32 {
        self.tag.priority()
    }

    #[inline]
    fn enter(&mut self) {
        self.tag.enter();
    }
}

/// An output on its way to the next stage, in the hand of a worker that may be stopped at any `.await`.
///
/// Dropped with the item in it, it ends the item as cancelled: so nothing is lost, wherever a run is cut off.
pub(crate) struct Held<'a, T, D: Sink<T>> {
    entry: Option<D::Entry>,
    down: &'a D,
    stage: &'a StageRuntime,
    worker: &'a WorkerId,
}

impl<'a, T, D: Sink<T>> Held<'a, T, D> {
    pub(crate) fn new(
        entry: D::Entry,
        down: &'a D,
        stage: &'a StageRuntime,
        worker: &'a WorkerId,
    ) -> Self {
        Self {
            entry: Some(entry),
            down,
            stage,
            worker,
        }
    }

    pub(crate) fn entry(&self) -> Option<&D::Entry> {
        self.entry.as_ref()
    }

    /// Takes the item, which is somebody else's from now on.
    pub(crate) fn release(&mut self) -> Option<D::Entry> {
        self.entry.take()
    }
}

impl<T, D: Sink<T>> Drop for Held<'_, T, D> {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.down.turn_back(entry, self.stage, Some(self.worker));
        }
    }
}

impl<T, D: Sink<T>> fmt::Debug for Held<'_, T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("is_released", &self.entry.is_none())
            .finish_non_exhaustive()
    }
}
