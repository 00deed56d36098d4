use std::collections::VecDeque;
use std::task::{Context, Waker};

/// Tasks that wait for something, each under a key of its own. Lives inside the lock of what they wait for.
#[derive(Debug, Default)]
pub(crate) struct WaitList {
    waiting: VecDeque<(u64, Waker)>,
    next_key: u64,
}

/// Which end of the list is woken first.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wake {
    /// The one that waits longest.
    Oldest,
    /// The one that came last, whose memory is warmest.
    Newest,
}

impl WaitList {
    /// Enters the task, or refreshes the waker of an entry that is still there.
    pub(crate) fn enter(&mut self, key: &mut Option<u64>, cx: &Context<'_>) {
        if let Some(key) = *key
            && let Some((_, waker)) = self.waiting.iter_mut().find(|(known, _)| *known == key)
        {
            waker.clone_from(cx.waker());
            return;
        }
        *key = Some(self.next_key);
        self.waiting.push_back((self.next_key, cx.waker().clone()));
        self.next_key += 1;
    }

    /// Takes the entry out. Returns whether the task was woken in the meantime: then the wake-up is its to pass on.
    pub(crate) fn leave(&mut self, key: &mut Option<u64>) -> bool {
        let Some(key) = key.take() else { return false };
        match self.waiting.iter().position(|(known, _)| *known == key) {
            Some(place) => {
                self.waiting.remove(place);
                false
            }
            None => true,
        }
    }

    /// Takes one task out, to be woken when the lock is free.
    pub(crate) fn next(&mut self, end: Wake) -> Option<Waker> {
        let entry = match end {
            Wake::Oldest => self.waiting.pop_front(),
            Wake::Newest => self.waiting.pop_back(),
        };
        entry.map(|(_, waker)| waker)
    }

    /// Takes everybody out.
    pub(crate) fn all(&mut self) -> impl Iterator<Item = Waker> + use<> {
        std::mem::take(&mut self.waiting)
            .into_iter()
            .map(|(_, waker)| waker)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}
