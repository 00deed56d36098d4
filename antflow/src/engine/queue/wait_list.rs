use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::bell::Caller;

/// Tasks that wait for something, each under a key of its own. Lives inside the lock of what they wait for.
#[derive(Debug, Default)]
pub(crate) struct WaitList {
    waiting: VecDeque<Waiting>,
    next_key: u64,
}

#[derive(Debug)]
struct Waiting {
    key: u64,
    caller: Caller,
    /// Where it began to wait, and so probably where what it works with is in the cache.
    thread: u32,
}

/// How far from the end of the list a task of the same thread is looked for.
const NEAR: usize = 16;

/// Which end of the list is woken first.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wake {
    /// The one that waits longest.
    Oldest,
    /// The one that came last on this thread, else the one that came last.
    Newest,
}

impl WaitList {
    /// Enters somebody, or refreshes an entry that is still there.
    pub(crate) fn enter(&mut self, key: &mut Option<u64>, caller: Caller) {
        if let Some(key) = *key
            && let Ok(place) = self.find(key)
        {
            self.waiting[place].caller = caller;
            return;
        }
        *key = Some(self.next_key);
        self.waiting.push_back(Waiting {
            key: self.next_key,
            caller,
            thread: current_thread(),
        });
        self.next_key += 1;
    }

    /// Takes the entry out. Returns whether the task was woken in the meantime: then the wake-up is its to pass on.
    pub(crate) fn leave(&mut self, key: &mut Option<u64>) -> bool {
        let Some(key) = key.take() else { return false };
        match self.find(key) {
            Ok(place) => {
                self.waiting.remove(place);
                false
            }
            Err(_) => true,
        }
    }

    /// The keys grow from the front to the back.
    fn find(&self, key: u64) -> Result<usize, usize> {
        self.waiting
            .binary_search_by_key(&key, |waiting| waiting.key)
    }

    /// Who is woken next by [`Wake::Newest`].
    pub(crate) fn newest(&self) -> Option<&Caller> {
        let place = self.newest_place()?;
        Some(&self.waiting[place].caller)
    }

    fn newest_place(&self) -> Option<usize> {
        let here = current_thread();
        let mut newest = self.waiting.iter().rev().take(NEAR);
        let back = newest.position(|waiting| waiting.thread == here);
        self.waiting.len().checked_sub(1 + back.unwrap_or(0))
    }

    /// Takes one task out, to be woken when the lock is free.
    pub(crate) fn next(&mut self, end: Wake) -> Option<Caller> {
        let entry = match end {
            Wake::Oldest => self.waiting.pop_front(),
            Wake::Newest => {
                let place = self.newest_place()?;
                self.waiting.remove(place)
            }
        };
        entry.map(|waiting| waiting.caller)
    }

    /// Takes everybody out.
    pub(crate) fn all(&mut self) -> impl Iterator<Item = Caller> + use<> {
        std::mem::take(&mut self.waiting)
            .into_iter()
            .map(|waiting| waiting.caller)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// A number for the thread that asks.
fn current_thread() -> u32 {
    static THREADS: AtomicU32 = AtomicU32::new(0);
    thread_local! {
        static NUMBER: u32 = THREADS.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.with(|number| *number)
}
