use std::collections::VecDeque;

/// Puts what comes in any order back into the order of its tickets, which start at 0 and have no gaps.
#[derive(Debug)]
pub(crate) struct Reorder<T> {
    head: u64,
    slots: VecDeque<Option<T>>,
}

impl<T> Default for Reorder<T> {
    fn default() -> Self {
        Self {
            head: 0,
            slots: VecDeque::new(),
        }
    }
}

impl<T> Reorder<T> {
    /// Puts an entry in its place. A ticket comes once.
    #[inline]
    pub(crate) fn insert(&mut self, ticket: u64, entry: T) {
        let place = usize::try_from(ticket - self.head).expect("the window fits into memory");
        if place == self.slots.len() {
            self.slots.push_back(Some(entry));
            return;
        }
        if place > self.slots.len() {
            self.slots.resize_with(place + 1, || None);
        }
        self.slots[place] = Some(entry);
    }

    /// Takes the next entry, if it has come.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let entry = self.slots.front_mut()?.take()?;
        self.slots.pop_front();
        self.head += 1;
        Some(entry)
    }

    /// The first ticket that was not taken.
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    /// Takes all that has come, in order, gaps left out.
    pub(crate) fn drain(&mut self) -> Vec<T> {
        self.head += self.slots.len() as u64;
        let slots = Vec::from(std::mem::take(&mut self.slots));
        #[expect(
            clippy::filter_map_identity,
            reason = "the new list takes over the memory of the old one, which it does not with `flatten`"
        )]
        slots.into_iter().filter_map(|slot| slot).collect()
    }
}

#[cfg(all(test, not(antflow_loom)))]
mod tests {
    use super::*;

    #[test]
    fn entries_come_out_in_the_order_of_their_tickets() {
        let mut reorder = Reorder::default();
        reorder.insert(2, 'c');
        assert_eq!(reorder.pop(), None);
        reorder.insert(0, 'a');
        assert_eq!(
            (reorder.pop(), reorder.pop(), reorder.head()),
            (Some('a'), None, 1)
        );
        reorder.insert(1, 'b');
        reorder.insert(4, 'e');
        assert_eq!(
            (reorder.pop(), reorder.pop(), reorder.pop()),
            (Some('b'), Some('c'), None)
        );
        assert_eq!(reorder.drain(), ['e']);
        assert_eq!(reorder.head(), 5);
    }
}
