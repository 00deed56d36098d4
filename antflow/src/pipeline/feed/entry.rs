use crate::engine::core::Shared;
use crate::engine::envelope::Envelope;
use crate::engine::inlet::Inlet;
use crate::item::{IntoItem, Label, Tag};

/// How many items may be taken, and for how many of them room in the queue was set aside.
#[derive(Clone, Copy)]
pub(super) struct Places {
    pub(super) count: usize,
    pub(super) reserved: usize,
}

/// Room in a queue and in the account, for as long as the source is asked for items. Dropped, it feeds those that were
/// taken, and gives the rest of the room back.
pub(super) struct Entry<'a, T> {
    shared: &'a Shared,
    inlet: &'a dyn Inlet<T>,
    places: Places,
    taken: Vec<(T, Label)>,
}

impl<'a, T> Entry<'a, T> {
    /// None if the run is closed. The room must have been set aside.
    pub(super) fn open(
        shared: &'a Shared,
        inlet: &'a dyn Inlet<T>,
        places: Places,
        within: bool,
    ) -> Option<Self> {
        let count = places.count as u64;
        if within {
            shared.accounting.accept_inside(count);
        } else if !shared.accounting.accept(count) {
            inlet.unreserve(places.reserved);
            return None;
        }
        Some(Self {
            shared,
            inlet,
            places,
            taken: Vec::new(),
        })
    }

    pub(super) fn take(&mut self, item: impl IntoItem<T>) {
        let (value, label) = item.into_parts();
        self.shared.note_id(&label);
        self.taken.push((value, label));
    }

    /// Whether nothing was taken so far.
    pub(super) fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    /// Feeds what was taken, and says how much that was.
    pub(super) fn fill(self) -> usize {
        self.taken.len()
    }
}

impl<T> Drop for Entry<'_, T> {
    fn drop(&mut self) {
        let taken = std::mem::take(&mut self.taken);
        let unused = (self.places.count - taken.len()) as u64;
        if taken.is_empty() {
            self.inlet.unreserve(self.places.reserved);
        } else {
            let numbers = self.shared.number(taken.len() as u64)..;
            let envelopes = taken
                .into_iter()
                .zip(numbers)
                .map(|((value, label), number)| Envelope {
                    value,
                    tag: Tag::new(number, label),
                });
            self.inlet.fill(self.places.reserved, envelopes.collect());
        }
        if unused > 0 {
            self.shared.accounting.settle(unused);
        }
    }
}
