use std::sync::Arc;

use super::{DEFAULT_PRIORITY, Details, Label};

/// Which item it is, and how far it has come in its stage. It moves with the item, so it is kept small.
#[derive(Debug, Clone)]
pub(crate) struct Tag {
    pub(crate) sequence_id: u64,
    pub(crate) details: Option<Arc<Details>>,
    pub(crate) priority: i32,
    /// Twice the number of the attempt, and one more if the stage has begun with the item.
    progress: u32,
}

impl Tag {
    #[inline]
    pub(crate) fn new(sequence_id: u64, label: Label) -> Self {
        Self {
            sequence_id,
            details: label.details,
            priority: label.priority,
            progress: 1 << 1,
        }
    }

    /// The tag of no item.
    #[inline]
    pub(crate) const fn none() -> Self {
        Self {
            sequence_id: 0,
            details: None,
            priority: DEFAULT_PRIORITY,
            progress: 0,
        }
    }

    /// Notes that the item enters a stage.
    #[inline]
    pub(crate) fn enter(&mut self) {
        self.progress = 1 << 1;
    }

    /// The number of the attempt to come or being made, from 1; behind the stage, of the last one.
    #[inline]
    pub(crate) fn attempt(&self) -> u32 {
        self.progress >> 1
    }

    #[inline]
    pub(crate) fn set_attempt(&mut self, attempt: u32) {
        self.progress = attempt.min(u32::MAX >> 1) << 1 | self.progress & 1;
    }

    /// Whether the stage has begun with it, so that `skip_if` is not asked again.
    #[inline]
    pub(crate) fn has_begun(&self) -> bool {
        self.progress & 1 == 1
    }

    #[inline]
    pub(crate) fn begin(&mut self) {
        self.progress |= 1;
    }
}
