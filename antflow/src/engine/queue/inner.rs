use super::super::bell::{Bell, Caller};
use super::wait_list::Wake;
use super::{Arrival, Lanes, WaitList};
use crate::clock::Moment;

/// What the lock of a queue guards.
#[derive(Debug)]
pub(super) struct Inner<T> {
    pub(super) capacity: usize,
    pub(super) fresh: Lanes<T>,
    /// What came back with its ticket.
    pub(super) again: Lanes<(T, u64)>,
    /// Places set aside for items that are about to come.
    pub(super) reserved: usize,
    /// Places of items that workers took beyond the one they work on, and may give back, and of those that wait for
    /// their keys.
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
    /// How many items were taken in since a feeder waits and none was called.
    pub(super) overtaken: usize,
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

/// The places in the order in which items were taken, where that matters.
#[derive(Debug, Default)]
pub(crate) struct Tickets {
    pub(super) next: u64,
    /// The first ticket that has not left the stage; not kept where there is no window.
    pub(super) head: u64,
    /// How many may be between the two in an ordered stage, which bounds what waits behind a slow item.
    window: Option<u64>,
}

impl Tickets {
    /// Tickets of an ordered stage: so many items may have been taken that have not left.
    pub(crate) fn within(window: usize) -> Self {
        Self {
            window: Some(window as u64),
            ..Self::default()
        }
    }

    fn are_left(&self) -> bool {
        self.window
            .is_none_or(|window| self.next - self.head < window)
    }
}

impl<T> Inner<T> {
    /// Whether a worker may take from the source: what goes through the queue needs room there.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.source, Source::Open { .. }) && (self.tickets.is_none() || self.room() > 0)
    }

    pub(super) fn room(&self) -> usize {
        self.capacity
            .saturating_sub(self.fresh.len() + self.again.len() + self.reserved + self.lent)
    }

    /// Feeders sleep until there is more room than this: fewer wake-ups, more to do for each. But others may take the room
    /// again and again before it is so much, hence not longer than until so many have gone past them.
    pub(super) fn slack(&self) -> usize {
        let half = (self.capacity - 1) / 2;
        if self.overtaken > half { 0 } else { half }
    }

    /// Notes that an item was taken in from who found room.
    pub(super) fn note_taken_in(&mut self) {
        if !self.feeders.is_empty() {
            self.overtaken += 1;
        }
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

    /// Takes an item in that came back, whatever the capacity.
    pub(super) fn push_again(&mut self, priority: i32, item: T, ticket: u64, since: Moment) {
        // In an ordered stage it goes before all others, as they wait for it.
        let is_ordered = self
            .tickets
            .as_ref()
            .is_some_and(|tickets| tickets.window.is_some());
        let priority = if is_ordered { i32::MIN } else { priority };
        self.again.push_since(priority, (item, ticket), since);
    }

    /// Takes the next item, and its ticket if there are tickets. Of equals, one that came back goes first.
    pub(super) fn pop(&mut self) -> Option<(T, Option<u64>)> {
        let Some(tickets) = &mut self.tickets else {
            return self.fresh.pop().map(|item| (item, None));
        };
        let fresh = self.fresh.priority().filter(|_| tickets.are_left());
        if let Some(again) = self.again.priority()
            && fresh.is_none_or(|fresh| again <= fresh)
        {
            let (item, ticket) = self.again.pop()?;
            return Some((item, Some(ticket)));
        }
        fresh?;
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
        let are_left = self.tickets.as_ref().is_none_or(Tickets::are_left);
        self.again.len() > 0 || (self.fresh.len() > 0 && are_left)
    }

    /// Moves the arrivals of what was taken to the end of a list.
    pub(super) fn hand_over_arrivals(&mut self, arrivals: &mut Vec<Arrival>) {
        self.again.hand_over_arrivals(arrivals);
        self.fresh.hand_over_arrivals(arrivals);
    }

    /// Whether there is more than what those who are coming will take.
    pub(super) fn has_work(&self) -> bool {
        if self.paused {
            return false;
        }
        if self.coming == 0 && self.is_open() {
            return true;
        }
        let items = self.fresh.len() + self.again.len();
        self.has_items() && items > self.coming.saturating_mul(self.grasp)
    }

    /// Whether somebody waits who could go on.
    pub(super) fn has_calls(&self) -> bool {
        (!self.workers.is_empty() && self.has_work())
            || (!self.feeders.is_empty() && self.room() > self.slack())
    }

    pub(super) fn worker_to_wake(&mut self) -> Option<Caller> {
        if self.workers.is_empty() || !self.has_work() {
            return None;
        }
        self.coming += 1;
        self.workers.next(Wake::Newest)
    }

    /// As many feeders as there is room for, once there is more of it than `slack`.
    pub(super) fn call_feeders(&mut self, slack: usize, bell: &mut Bell<'_>) {
        if self.feeders.is_empty() {
            return;
        }
        let room = self.room();
        if room > slack {
            self.overtaken = 0;
            bell.extend((0..room).map_while(|_| self.feeders.next(Wake::Oldest)));
        }
    }
}
