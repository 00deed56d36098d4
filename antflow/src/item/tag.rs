use std::sync::Arc;

use super::{DEFAULT_PRIORITY, Details, Label, Metadata, Part};

/// Which item it is, and how far it has come in its stage. It moves with the item, so it is kept small.
#[derive(Debug, Clone)]
pub(crate) struct Tag {
    pub(crate) sequence_id: u64,
    pub(crate) details: Option<Arc<Details>>,
    /// The priority in the upper half; in the lower one twice the number of the attempt, and one more if the stage has
    /// begun with the item. One word, since it is read as one where the tag is moved, and a read that follows a write of
    /// its half has to wait for that.
    state: u64,
}

const BEGUN: u64 = 1;
const FIRST_ATTEMPT: u64 = 1 << 1;
const PROGRESS: u64 = u32::MAX as u64;

impl Tag {
    #[inline]
    pub(crate) fn new(sequence_id: u64, label: Label) -> Self {
        Self {
            sequence_id,
            details: label.details,
            state: u64::from(label.priority.cast_unsigned()) << 32 | FIRST_ATTEMPT,
        }
    }

    /// The tag of no item.
    #[inline]
    pub(crate) const fn none() -> Self {
        Self {
            sequence_id: 0,
            details: None,
            state: (DEFAULT_PRIORITY.cast_unsigned() as u64) << 32,
        }
    }

    /// What its feeder said of the item.
    #[inline]
    pub(crate) fn metadata(&self) -> &Metadata {
        static NONE: Metadata = Metadata::none();
        self.details
            .as_ref()
            .map_or(&NONE, |details| &details.metadata)
    }

    /// Which part of its item it is, if it is one.
    #[inline]
    pub(crate) fn part(&self) -> Option<&Part> {
        self.details.as_ref()?.part.as_ref()
    }

    /// The tag of a part of this item, or of one of its parts: `say` makes what is said of it of what is said of this.
    pub(crate) fn part_of(&self, say: impl FnOnce(Option<&Details>) -> Details) -> Self {
        let label = Label {
            priority: self.priority(),
            details: Some(Arc::new(say(self.details.as_deref()))),
        };
        let mut part = Self::new(self.sequence_id, label);
        part.set_attempt(self.attempt());
        part
    }

    /// The tag of a batch of these items, of which there is at least one. It has the id of the first of them, and the
    /// priority of the one that goes first.
    pub(crate) fn batch(members: Vec<Self>) -> Self {
        let first = members.first().expect("a batch has an item");
        let said = first.details.as_deref();
        let details = Details {
            id: said.and_then(|said| said.id.clone()),
            metadata: said.map_or_else(Metadata::none, |said| said.metadata.clone()),
            part: None,
            members: None,
        };
        let priority = members.iter().map(Self::priority).min();
        let sequence_id = first.sequence_id;
        let label = Label {
            priority: priority.unwrap_or(DEFAULT_PRIORITY),
            details: Some(Arc::new(Details {
                members: Some(members.into()),
                ..details
            })),
        };
        Self::new(sequence_id, label)
    }

    /// The items of a batch, or the one item that it is.
    #[inline]
    pub(crate) fn members(&self) -> &[Self] {
        let details = self.details.as_deref();
        let members = details.and_then(|details| details.members.as_deref());
        members.unwrap_or(std::slice::from_ref(self))
    }

    #[inline]
    pub(crate) fn priority(&self) -> i32 {
        ((self.state >> 32) as u32).cast_signed()
    }

    /// Notes that the item enters a stage.
    #[inline]
    pub(crate) fn enter(&mut self) {
        self.state = self.state & !PROGRESS | FIRST_ATTEMPT;
    }

    /// The number of the attempt to come or being made, from 1; behind the stage, of the last one.
    #[inline]
    pub(crate) fn attempt(&self) -> u32 {
        (self.state & PROGRESS) as u32 >> 1
    }

    #[inline]
    pub(crate) fn set_attempt(&mut self, attempt: u32) {
        let attempt = u64::from(attempt.min(u32::MAX >> 1));
        self.state = self.state & !PROGRESS | attempt << 1 | self.state & BEGUN;
    }

    /// Whether the stage has begun with it, so that `skip_if` is not asked again.
    #[inline]
    pub(crate) fn has_begun(&self) -> bool {
        self.state & BEGUN != 0
    }

    #[inline]
    pub(crate) fn begin(&mut self) {
        self.state |= BEGUN;
    }
}
