/// How much a [`StatusTracker`](super::StatusTracker) keeps of what happened to each item.
///
/// Counts of items and errors are kept in any case, and cost the same whatever the number of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum History {
    /// All events of all items: about 8 bytes for an item and 16 for each stage that it went through, and more for
    /// retries, failures and ids of their own.
    #[default]
    Full,
    /// The events of the items that are on their way, and of as many that ended last. What belongs to others is
    /// forgotten.
    Last(usize),
    /// No events. An item costs no time and no memory.
    Off,
}

impl History {
    /// Whether anything is kept of an item.
    pub(super) fn is_kept(self) -> bool {
        self != Self::Off
    }

    /// How many items are kept that have ended, or failed.
    pub(super) fn bound(self) -> Option<usize> {
        match self {
            Self::Full => None,
            Self::Last(items) => Some(items),
            Self::Off => Some(0),
        }
    }
}
