use std::sync::Arc;

use super::super::attempt::caught;
use super::super::core::Core;
use super::super::envelope::Envelope;
use super::super::runtime::StageRuntime;
use crate::event::Status;
use crate::item::{ItemError, ItemErrorKind, Joint, Tag, Whole};

/// What stands between two stages and calls functions of the user: where it stands and what it is called.
#[derive(Debug)]
pub(crate) struct Between<Out> {
    core: Arc<Core<Out>>,
    /// The stage in front of it.
    stage: Arc<StageRuntime>,
    /// What messages call it: `filter`, `flat_map`.
    name: &'static str,
}

impl<Out> Clone for Between<Out> {
    fn clone(&self) -> Self {
        Self {
            core: Arc::clone(&self.core),
            stage: Arc::clone(&self.stage),
            name: self.name,
        }
    }
}

impl<Out: Send + 'static> Between<Out> {
    pub(crate) fn new(core: Arc<Core<Out>>, stage: Arc<StageRuntime>, name: &'static str) -> Self {
        Self { core, stage, name }
    }

    pub(in crate::engine) fn core(&self) -> &Arc<Core<Out>> {
        &self.core
    }

    pub(super) fn whole(&self) -> Arc<dyn Whole> {
        Arc::clone(&self.core) as _
    }

    /// Divides the item of this tag, with so many divisions in front.
    pub(super) fn divide(&self, depth: usize, tag: Tag) -> Arc<Joint> {
        Joint::open(self.whole(), depth, tag)
    }

    /// Calls a function of the user. A panic ends the item of the tag that is given for that.
    pub(super) fn call<T>(&self, call: impl FnOnce() -> T, tag: impl FnOnce() -> Tag) -> Option<T> {
        caught(call).map_err(|panic| self.fail(&tag(), panic)).ok()
    }

    /// Drops a value of the user, whose panic changes nothing any more.
    pub(super) fn discard<T>(&self, value: T) {
        self.core.shared.discard(value);
    }

    /// Ends an item as failed.
    fn fail(&self, tag: &Tag, kind: (ItemErrorKind, &'static str)) {
        let (name, task) = (Arc::clone(&self.stage.name), Some(Arc::from(self.name)));
        let error = ItemError::new(name, task, None, tag.attempt(), kind);
        self.core
            .tell_end(&self.stage, tag, Status::Failed, &error, None);
        drop(self.core.fail(tag, &error));
    }

    /// Ends an item as cancelled that came from the stage, since the one to which it was to go is closed.
    pub(super) fn turn_back<T>(&self, envelope: Envelope<T>) {
        self.core.turn_back(envelope, &self.stage, None);
    }

    /// Ends an item as cancelled that was to come to the stage, which has not begun with it.
    pub(in crate::engine) fn put_out<T>(&self, envelope: Envelope<T>) {
        self.core.cancel(&self.stage, None, &envelope.tag, 0, None);
        self.discard(envelope.value);
    }
}
