use std::future::{Future, ready};
use std::sync::Arc;

use super::bell::Bell;
use super::core::Core;
use super::envelope::Envelope;
use super::queue::PushError;

/// Where a stage's output goes: the next stage, or the way out.
pub trait Sink<T>: Send + Sync + 'static {
    /// What comes out of the last stage.
    type Final: Send + 'static;

    /// What the run's stages share.
    fn core(&self) -> &Arc<Core<Self::Final>>;

    /// Sets room aside for up to `most` items. 0 if there is none, or nothing is taken in any more.
    fn try_reserve(&self, most: usize) -> usize;

    /// Takes in items for which room was set aside, and gives the rest of the room back.
    fn fill(&self, reserved: usize, envelopes: &mut Vec<Envelope<T>>, bell: &mut Bell<'_>);

    /// Takes an item if there is room.
    fn try_send(
        &self,
        envelope: Envelope<T>,
        bell: &mut Bell<'_>,
    ) -> Result<(), PushError<Envelope<T>>>;

    /// Calls who waits there and could go on; see [`Queue::call`](super::queue::Queue::call).
    fn call(&self, bell: &mut Bell<'_>);

    /// Resolves when there may be room.
    fn room(&self) -> impl Future<Output = ()> + Send;
}

/// The way out, behind the last stage. There is always room: what is in flight bounds what comes.
#[derive(Debug)]
pub(crate) struct Exit<Out>(pub(crate) Arc<Core<Out>>);

impl<Out: Send + 'static> Sink<Out> for Exit<Out> {
    type Final = Out;

    fn core(&self) -> &Arc<Core<Out>> {
        &self.0
    }

    fn try_reserve(&self, most: usize) -> usize {
        most
    }

    fn fill(&self, _: usize, envelopes: &mut Vec<Envelope<Out>>, _: &mut Bell<'_>) {
        self.0.complete(envelopes);
    }

    fn try_send(
        &self,
        envelope: Envelope<Out>,
        _: &mut Bell<'_>,
    ) -> Result<(), PushError<Envelope<Out>>> {
        self.0.settle(envelope.tag, Ok(envelope.value));
        Ok(())
    }

    fn call(&self, _: &mut Bell<'_>) {}

    fn room(&self) -> impl Future<Output = ()> + Send {
        ready(())
    }
}
