use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Details, ItemError, Tag};

/// One of the parts into which an item was divided.
#[derive(Debug)]
pub(crate) struct Part {
    joint: Arc<Joint>,
    place: usize,
}

/// What came of an item that was divided, or of a part of it.
pub enum Yield {
    /// The value with which it came to the end.
    Value(Box<dyn Any + Send>),
    /// A filter let it go: the one with so many filters in front of it.
    Dropped(usize),
    /// It was divided, where so many divisions stand in front, and this came of its parts.
    Parts(usize, Vec<Result<Yield, ItemError>>),
}

/// Whom to tell that the last part of an item has ended.
pub(crate) trait Whole: Send + Sync {
    /// Counts another part in, while what it is a part of is counted.
    fn count_in(&self);

    /// Counts a part out that was not the last one: that one's count ends with the item's.
    fn count_out(&self);

    /// Ends the item of this tag.
    fn end(&self, tag: Tag, yielded: Yield);
}

/// Where the parts of an item come together: it ends when the last of them has ended and no more are made.
pub(crate) struct Joint {
    whole: Arc<dyn Whole>,
    /// How many divisions stand in front of this one.
    depth: usize,
    state: Mutex<State>,
}

struct State {
    /// The item's own tag, until it ends.
    tag: Option<Tag>,
    /// What came of each part; none of those that are on their way.
    parts: Vec<Option<Result<Yield, ItemError>>>,
    /// How many parts are on their way, and one more as long as there may be others.
    left: usize,
}

impl Joint {
    /// Divides an item. Parts are made until [`close`](Self::close).
    pub(crate) fn open(whole: Arc<dyn Whole>, depth: usize, tag: Tag) -> Arc<Self> {
        Arc::new(Self {
            whole,
            depth,
            state: Mutex::new(State {
                tag: Some(tag),
                parts: Vec::new(),
                left: 1,
            }),
        })
    }

    /// Makes another part, and gives its tag.
    pub(crate) fn part(self: &Arc<Self>) -> Tag {
        self.whole.count_in();
        let mut state = self.state();
        let place = state.parts.len();
        state.parts.push(None);
        state.left += 1;
        let whole = state.tag.as_ref();
        whole
            .expect("an item has its tag while parts are made")
            .part_of(|said| Details {
                id: said.and_then(|said| said.id.clone()),
                metadata: said.map_or_else(Default::default, |said| said.metadata.clone()),
                part: Some(Part {
                    joint: Arc::clone(self),
                    place,
                }),
                members: None,
            })
    }

    /// Says that no more parts are made.
    pub(crate) fn close(&self) {
        self.leave(self.state());
    }

    fn end(&self, place: usize, yielded: Result<Yield, ItemError>) {
        let mut state = self.state();
        state.parts[place] = Some(yielded);
        self.leave(state);
    }

    fn leave(&self, mut state: MutexGuard<'_, State>) {
        state.left -= 1;
        if state.left > 0 {
            drop(state);
            return self.whole.count_out();
        }
        let parts = std::mem::take(&mut state.parts);
        let tag = state.tag.take().expect("an item ends once");
        drop(state);
        let parts = parts
            .into_iter()
            .map(|part| part.expect("no part is on its way"))
            .collect();
        conclude(&self.whole, tag, Yield::Parts(self.depth, parts));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends an item or a part of one that came to the end of its way.
pub(crate) fn conclude(whole: &Arc<dyn Whole>, tag: Tag, yielded: Yield) {
    match tag.part() {
        Some(part) => part.end(Ok(yielded)),
        None => whole.end(tag, yielded),
    }
}

impl Part {
    /// Takes what came of the part.
    pub(crate) fn end(&self, yielded: Result<Yield, ItemError>) {
        self.joint.end(self.place, yielded);
    }
}

impl fmt::Debug for Joint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joint")
            .field("left", &self.state().left)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Yield {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value(..)"),
            Self::Dropped(filter) => f.debug_tuple("Dropped").field(filter).finish(),
            Self::Parts(depth, parts) => f.debug_tuple("Parts").field(depth).field(parts).finish(),
        }
    }
}
