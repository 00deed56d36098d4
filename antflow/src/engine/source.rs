use crate::item::{DEFAULT_PRIORITY, IntoItem, Label};

/// Where the items of a run come from, taken by the workers of the first stage when they have nothing else to do.
pub trait Source<T>: Send {
    /// Takes up to `limit` items. False: there are no more.
    fn pull(&mut self, limit: usize, items: &mut Vec<(T, Label)>) -> bool;

    /// Whether one of the items so far had a priority of its own.
    fn has_priorities(&self) -> bool;
}

/// The items of an iterator.
#[derive(Debug)]
pub(crate) struct Items<I> {
    items: I,
    has_priorities: bool,
}

impl<I> Items<I> {
    pub(crate) fn new(items: I) -> Self {
        Self {
            items,
            has_priorities: false,
        }
    }
}

impl<T, I> Source<T> for Items<I>
where
    I: Iterator<Item: IntoItem<T>> + Send,
{
    fn pull(&mut self, limit: usize, items: &mut Vec<(T, Label)>) -> bool {
        // More than one only if they are there for sure: what was taken must not wait for what comes later.
        let sure = self.items.size_hint().0.clamp(1, limit);
        for _ in 0..sure {
            let Some(item) = self.items.next() else {
                return false;
            };
            let (value, label) = item.into_parts();
            self.has_priorities |= label.priority != DEFAULT_PRIORITY;
            items.push((value, label));
        }
        self.items.size_hint().1 != Some(0)
    }

    fn has_priorities(&self) -> bool {
        self.has_priorities
    }
}
