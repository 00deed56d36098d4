use std::fmt;

use super::core::Core;
use super::runtime::StageRuntime;
use crate::item::Tag;
use crate::stage::WorkerId;

/// A value in a queue or in a worker's hand, with what belongs to its item.
#[derive(Debug, Clone)]
pub struct Envelope<T> {
    pub(crate) value: T,
    pub(crate) tag: Tag,
}

/// An output on its way to the next stage, in the hand of a worker that may be stopped at any `.await`.
///
/// Dropped with the item in it, it ends the item as cancelled: so nothing is lost, wherever a run is cut off.
pub(crate) struct Held<'a, T, Out: Send + 'static> {
    envelope: Option<Envelope<T>>,
    core: &'a Core<Out>,
    stage: &'a StageRuntime,
    worker: &'a WorkerId,
}

impl<'a, T, Out: Send + 'static> Held<'a, T, Out> {
    pub(crate) fn new(
        envelope: Envelope<T>,
        core: &'a Core<Out>,
        stage: &'a StageRuntime,
        worker: &'a WorkerId,
    ) -> Self {
        Self {
            envelope: Some(envelope),
            core,
            stage,
            worker,
        }
    }

    /// Takes the item, which is somebody else's from now on.
    pub(crate) fn release(&mut self) -> Option<Envelope<T>> {
        self.envelope.take()
    }
}

impl<T, Out: Send + 'static> Drop for Held<'_, T, Out> {
    fn drop(&mut self) {
        if let Some(envelope) = self.envelope.take() {
            let (worker, attempts) = (Some(self.worker.clone()), envelope.tag.attempt());
            self.core.cancel(self.stage, worker, envelope.tag, attempts);
        }
    }
}

impl<T, Out: Send + 'static> fmt::Debug for Held<'_, T, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("tag", &self.envelope.as_ref().map(|envelope| &envelope.tag))
            .finish_non_exhaustive()
    }
}
