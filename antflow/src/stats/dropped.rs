use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the events of a run that a receiver of them had to drop, as it could not keep up.
///
/// An observer that drops events makes one when a run [begins](crate::event::Observer::begin), and gives it to whoever
/// [asks](crate::event::Observer::dropped_events). Clones count together.
///
/// ```
/// use antflow::DroppedEvents;
///
/// let dropped = DroppedEvents::new("callbacks");
/// dropped.clone().add(2);
/// assert_eq!((dropped.receiver(), dropped.count()), ("callbacks", 2));
/// ```
#[derive(Debug, Clone)]
pub struct DroppedEvents {
    receiver: Arc<str>,
    count: Arc<AtomicU64>,
}

impl DroppedEvents {
    /// Counts from 0, for a receiver of this kind: one of a few words, as metrics have a series for each.
    #[must_use]
    pub fn new(receiver: impl Into<Arc<str>>) -> Self {
        Self {
            receiver: receiver.into(),
            count: Arc::default(),
        }
    }

    /// Who has dropped them.
    #[must_use]
    pub fn receiver(&self) -> &str {
        &self.receiver
    }

    /// Counts more of them.
    pub fn add(&self, events: u64) {
        self.count.fetch_add(events, Ordering::Relaxed);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}
