use std::collections::VecDeque;

use super::super::bell::{Bell, Caller};
use super::wait_list::Wake;
use super::{Lanes, WaitList};

/// What the lock of a queue guards.
#[derive(Debug)]
pub(super) struct Inner<T> {
    pub(super) fresh: Lanes<T>,
    /// What came back, in an ordered stage: it goes first, being what the others wait for.
    pub(super) again: VecDeque<(T, u64)>,
    /// Places set aside for items that are about to come.
    pub(super) reserved: usize,
    /// Places of items that workers took beyond the one they work on, and may give back.
    pub(super) lent: usize,
    pub(super) source: Source,
    pub(super) closed: bool,
    /// Nothing is given out.
    pub(super) paused: bool,
    pub(super) workers: WaitList,
    /// How many workers were woken and have not come yet.
    pub(super) coming: usize,
    /// How many items the last one took.
    pub(super) grasp: usize,
    pub(super) feeders: WaitList,
    pub(super) tickets: Option<Tickets>,
}

/// Whether workers that find nothing here may take from where the items come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    None,
    /// `early`: not only when nothing is queued, but as soon as half of the queue is empty.
    Open {
        early: bool,
    },
    /// A worker is at it.
    Busy,
}

/// The places in the order in which items entered an ordered stage.
#[derive(Debug)]
pub(super) struct Tickets {
    pub(super) next: u64,
    /// The first ticket that has not left the stage.
    pub(super) head: u64,
    /// How many may be between the two, which bounds what waits behind a slow item.
    pub(super) window: u64,
}

impl<T> Inner<T> {
    pub(super) fn room(&self, capacity: usize) -> usize {
        capacity.saturating_sub(self.fresh.len() + self.again.len() + self.reserved + self.lent)
    }

    /// The worker that is woken next, if it waits for so many items and none go before them.
    pub(super) fn waiter_for(&self, count: usize) -> Option<usize> {
        if count < 2 || self.paused || self.fresh.len() > 0 || self.tickets.is_some() {
            return None;
        }
        match self.workers.newest()? {
            Caller::Worker(seat) if seat.reach() >= count => Some(seat.worker()),
            _ => None,
        }
    }

    /// Takes the next item, and its ticket if the stage is ordered.
    pub(super) fn pop(&mut self) -> Option<(T, Option<u64>)> {
        if let Some((item, ticket)) = self.again.pop_front() {
            return Some((item, Some(ticket)));
        }
        let Some(tickets) = &mut self.tickets else {
            return self.fresh.pop().map(|item| (item, None));
        };
        if tickets.next - tickets.head >= tickets.window {
            return None;
        }
        let item = self.fresh.pop()?;
        tickets.next += 1;
        Some((item, Some(tickets.next - 1)))
    }

    pub(super) fn take_more(
        &mut self,
        most: usize,
        rest: impl FnOnce(&mut Lanes<T>, usize) -> usize,
    ) -> usize {
        if most == 0 || self.paused || self.fresh.len() == 0 {
            return 0;
        }
        let count = rest(&mut self.fresh, most);
        self.lent += count;
        count
    }

    /// Whether a worker that comes now finds something in the queue.
    pub(super) fn has_items(&self) -> bool {
        let open = |tickets: &Tickets| tickets.next - tickets.head < tickets.window;
        !self.again.is_empty() || (self.fresh.len() > 0 && self.tickets.as_ref().is_none_or(open))
    }

    /// Whether there is more than what those who are coming will take.
    pub(super) fn has_work(&self) -> bool {
        if self.paused {
            return false;
        }
        if self.coming == 0 && matches!(self.source, Source::Open { .. }) {
            return true;
        }
        let items = self.fresh.len() + self.again.len();
        self.has_items() && items > self.coming.saturating_mul(self.grasp)
    }

    pub(super) fn has_calls(&self, capacity: usize, slack: usize) -> bool {
        (!self.workers.is_empty() && self.has_work())
            || (!self.feeders.is_empty() && self.room(capacity) > slack)
    }

    pub(super) fn worker_to_wake(&mut self) -> Option<Caller> {
        if self.workers.is_empty() || !self.has_work() {
            return None;
        }
        self.coming += 1;
        self.workers.next(Wake::Newest)
    }

    /// As many feeders as there is room for, once there is more of it than `slack`.
    pub(super) fn call_feeders(&mut self, capacity: usize, slack: usize, bell: &mut Bell<'_>) {
        if self.feeders.is_empty() {
            return;
        }
        let room = self.room(capacity);
        if room > slack {
            bell.extend((0..room).map_while(|_| self.feeders.next(Wake::Oldest)));
        }
    }
}
