use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use super::super::bell::Bell;
use super::super::core::Core;
use super::super::envelope::Envelope;
use super::super::inlet::Inlet;
use super::super::queue::{Closed, PushError};
use super::super::runtime::StageRuntime;
use super::super::seat::Seat;
use super::{Between, Sink};
use crate::clock::Moment;
use crate::event::Pending;
use crate::stage::WorkerId;

/// Several stages, each of which gets a copy of every item.
pub(crate) struct TeeSink<T, Out> {
    between: Between<Out>,
    ways: Arc<[Arc<dyn Inlet<T>>]>,
    copy: fn(&T) -> T,
    /// How many divisions stand in front of it.
    depth: usize,
}

impl<T, Out> Clone for TeeSink<T, Out>
where
    Between<Out>: Clone,
{
    fn clone(&self) -> Self {
        Self {
            between: self.between.clone(),
            ways: Arc::clone(&self.ways),
            copy: self.copy,
            depth: self.depth,
        }
    }
}

/// An item on its way into a [`TeeSink`].
pub(crate) enum TeeEntry<T> {
    Whole(Envelope<T>),
    /// The parts that were not taken in yet, each with the number of its way.
    Parts(Vec<(usize, Envelope<T>)>),
}

impl<T: Send + 'static, Out: Send + 'static> TeeSink<T, Out> {
    pub(crate) fn new(
        between: Between<Out>,
        ways: Arc<[Arc<dyn Inlet<T>>]>,
        copy: fn(&T) -> T,
        depth: usize,
    ) -> Self {
        Self {
            between,
            ways,
            copy,
            depth,
        }
    }

    /// The parts of an item that were not taken in yet.
    fn parts(&self, entry: TeeEntry<T>) -> Vec<(usize, Envelope<T>)> {
        match entry {
            TeeEntry::Whole(envelope) => self.divide(envelope),
            TeeEntry::Parts(parts) => parts,
        }
    }

    /// Makes a part for each way. The last one is the item's own value.
    fn divide(&self, envelope: Envelope<T>) -> Vec<(usize, Envelope<T>)> {
        let Envelope { value, tag } = envelope;
        let joint = self.between.divide(self.depth, tag);
        let last = self.ways.len() - 1;
        let mut parts = Vec::with_capacity(self.ways.len());
        for way in 0..last {
            let tag = joint.part();
            let mut tag = Some(tag);
            let copy = self.between.call(
                || (self.copy)(&value),
                || tag.take().expect("it is asked for once"),
            );
            if let (Some(value), Some(tag)) = (copy, tag) {
                parts.push((way, Envelope { value, tag }));
            }
        }
        let tag = joint.part();
        parts.push((last, Envelope { value, tag }));
        joint.close();
        parts
    }
}

impl<T: Send + 'static, Out: Send + 'static> Sink<T> for TeeSink<T, Out> {
    type Final = Out;

    fn core(&self) -> &Arc<Core<Out>> {
        self.between.core()
    }

    fn try_reserve(&self, most: usize) -> usize {
        let mut least = most;
        for (place, way) in self.ways.iter().enumerate() {
            let reserved = way.try_reserve(least).unwrap_or(0);
            // No more than in any other.
            for earlier in &self.ways[..place] {
                if reserved < least {
                    earlier.unreserve(least - reserved);
                }
            }
            least = reserved;
            if least == 0 {
                break;
            }
        }
        least
    }

    type Entry = TeeEntry<T>;

    fn entry(&self, envelope: Envelope<T>) -> TeeEntry<T> {
        TeeEntry::Whole(envelope)
    }

    fn fill(
        &self,
        reserved: usize,
        entries: &mut VecDeque<TeeEntry<T>>,
        now: Moment,
        bell: &mut Bell<'_>,
    ) {
        let mut parts: Vec<_> = self.ways.iter().map(|_| VecDeque::new()).collect();
        for entry in entries.drain(..) {
            for (way, part) in self.parts(entry) {
                parts[way].push_back(part);
            }
        }
        for (way, parts) in self.ways.iter().zip(parts) {
            way.pass(reserved, parts, now, bell);
        }
    }

    fn try_send(
        &self,
        entry: TeeEntry<T>,
        now: Moment,
        bell: &mut Bell<'_>,
    ) -> Result<(), PushError<TeeEntry<T>>> {
        let parts = self.parts(entry);
        let mut refused = Vec::new();
        for (way, part) in parts {
            match self.ways[way].try_reserve(1) {
                Ok(0) => refused.push((way, part)),
                Ok(_) => self.ways[way].pass(1, VecDeque::from([part]), now, bell),
                Err(Closed) => self.between.turn_back(part),
            }
        }
        if refused.is_empty() {
            Ok(())
        } else {
            Err(PushError::Full(TeeEntry::Parts(refused)))
        }
    }

    fn turn_back(&self, entry: TeeEntry<T>, stage: &StageRuntime, worker: Option<&WorkerId>) {
        let core = self.between.core();
        match entry {
            TeeEntry::Whole(envelope) => core.turn_back(envelope, stage, worker),
            TeeEntry::Parts(parts) => {
                for (_, part) in parts {
                    core.turn_back(part, stage, worker);
                }
            }
        }
    }

    fn count(&self, _: usize, _: Moment) {}

    fn call(&self, bell: &mut Bell<'_>) {
        for way in &*self.ways {
            way.call(bell);
        }
    }

    fn room<'a>(
        &'a self,
        refused: Option<&'a TeeEntry<T>>,
        seat: &'a Arc<Seat>,
    ) -> impl Future<Output = ()> + Send + 'a {
        let parts = match refused {
            Some(TeeEntry::Parts(parts)) => parts.as_slice(),
            Some(TeeEntry::Whole(_)) | None => &[],
        };
        let ways = parts.iter().map(|(way, _)| &self.ways[*way]);
        let mut rooms: Vec<_> = ways.map(|way| way.room(Some(seat))).collect();
        // A branch that has room does not wait for one that has none.
        poll_fn(move |cx| {
            let is_room = |room: &mut Pending<'_>| room.as_mut().poll(cx).is_ready();
            if rooms.is_empty() || rooms.iter_mut().any(is_room) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
    }
}

impl<T, Out> fmt::Debug for TeeSink<T, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TeeSink")
            .field("ways", &self.ways.len())
            .finish_non_exhaustive()
    }
}
