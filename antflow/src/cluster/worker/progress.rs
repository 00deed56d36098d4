use std::collections::VecDeque;

use crate::cluster::store::{Cursor, Payload};

/// Which batches of an attempt are done, in the order in which they came: cursors and checkpoints stay before the first
/// one that is missing.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The number of the first entry.
    first: u64,
    entries: VecDeque<Entry>,
    /// What becomes true with the next commit.
    next: Advance,
}

#[derive(Debug)]
struct Entry {
    is_done: bool,
    /// Where reading goes on once this and all before it are done.
    mark: Option<Cursor>,
    checkpoint: Option<Payload>,
}

/// What becomes true with a commit.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Advance {
    pub(super) cursors: Vec<Cursor>,
    pub(super) checkpoint: Option<Payload>,
}

impl Progress {
    /// A batch comes. Gives its number.
    pub(super) fn enter(&mut self, mark: Option<Cursor>) -> u64 {
        self.push(mark, false)
    }

    /// Something comes that is done already.
    pub(super) fn pass(&mut self, mark: Option<Cursor>) {
        self.push(mark, true);
    }

    fn push(&mut self, mark: Option<Cursor>, is_done: bool) -> u64 {
        self.entries.push_back(Entry {
            is_done,
            mark,
            checkpoint: None,
        });
        self.first + self.entries.len() as u64 - 1
    }

    /// A batch is processed, and will be part of the next commit.
    pub(super) fn done(&mut self, ordinal: u64, checkpoint: Option<Payload>) {
        let at = usize::try_from(ordinal - self.first);
        if let Some(entry) = at.ok().and_then(|at| self.entries.get_mut(at)) {
            entry.is_done = true;
            entry.checkpoint = checkpoint;
        }
    }

    /// Goes over all that is done at the front.
    pub(super) fn advance(&mut self) {
        while self.entries.front().is_some_and(|entry| entry.is_done)
            && let Some(entry) = self.entries.pop_front()
        {
            self.first += 1;
            if let Some(mark) = entry.mark {
                put(&mut self.next.cursors, mark);
            }
            if entry.checkpoint.is_some() {
                self.next.checkpoint = entry.checkpoint;
            }
        }
    }

    /// Takes what becomes true with a commit of all that is done.
    pub(super) fn take(&mut self) -> Advance {
        self.advance();
        std::mem::take(&mut self.next)
    }

    /// The number of the first batch that is not done.
    pub(super) fn first(&self) -> u64 {
        self.first
    }
}

/// Of each source the last mark stays.
fn put(cursors: &mut Vec<Cursor>, mark: Cursor) {
    match cursors
        .iter_mut()
        .find(|cursor| cursor.source == mark.source)
    {
        Some(cursor) => *cursor = mark,
        None => cursors.push(mark),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(source: &str, seq: u64) -> Cursor {
        Cursor {
            source: source.into(),
            seq,
            offset: 0,
        }
    }

    fn checkpoint(number: u32) -> Option<Payload> {
        Some(Payload::of(&number).unwrap())
    }

    #[test]
    fn nothing_moves_over_a_batch_that_is_missing() {
        let mut progress = Progress::default();
        let slow = progress.enter(Some(mark("a", 1)));
        let quick = progress.enter(Some(mark("b", 1)));
        progress.pass(Some(mark("a", 2)));
        progress.done(quick, checkpoint(2));
        assert_eq!(progress.take(), Advance::default());
        assert_eq!(progress.first(), slow);
        progress.done(slow, checkpoint(1));
        progress.advance();
        let advance = progress.take();
        assert_eq!(advance.cursors, [mark("a", 2), mark("b", 1)]);
        assert_eq!(advance.checkpoint, checkpoint(2));
        assert_eq!(progress.first(), 3);
        assert_eq!(progress.enter(None), 3);
    }
}
