use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};

use crossbeam_utils::sync::{ShardedLock, ShardedLockReadGuard, ShardedLockWriteGuard};

use crate::clock::Moment;

/// What a run's items went through: for each item when and where it was fed, and for each stage when it was begun and
/// completed there, and by whom. Two words for a stage, one more for the item.
///
/// The lock guards the list of chunks, and is taken once for many items; it is sharded, so that workers on different
/// cores do not wait for each other's cache lines. A word is written by the one who has the item
/// at that time, and before the item goes on, so that words need no lock. The words of one stage lie together, as a
/// worker writes those of many items at a time, and another core may write those of the next stage.
#[derive(Debug)]
pub(super) struct Slab {
    /// How many stages the pipeline has.
    stages: usize,
    /// How many items a chunk has.
    items: u64,
    /// Times are counted from here, so that they fit.
    origin: Moment,
    /// By the number of the chunk.
    chunks: ShardedLock<BTreeMap<u64, Arc<Chunk>>>,
}

/// What is known of consecutive items.
#[derive(Debug)]
struct Chunk {
    /// A word for each item.
    entrances: Box<[AtomicU64]>,
    /// For each stage that one of the items has come through, two words for each item.
    visits: Box<[OnceLock<Box<[AtomicU64]>>]>,
    /// How many of the items were forgotten.
    forgotten: AtomicU64,
}

/// An item's stay in a stage in which it was completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Visit {
    pub(super) worker: usize,
    pub(super) started: Moment,
    pub(super) ended: Moment,
}

/// How an item came into the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entrance {
    pub(super) stage: usize,
    pub(super) at: Moment,
}

/// So many items a chunk has where all are kept: enough for the words of a stage to be pages of their own, which cost
/// nothing before they are written, and then each worker pays for its own.
pub(super) const MANY: u64 = 8192;
/// So many items a chunk has where they are forgotten: few enough for that to be soon.
pub(super) const FEW: u64 = 256;
/// So many bits of a word name a worker or a stage. The others are a time.
const PLACE: u32 = 20;
/// A time is counted in so many ticks, about half a microsecond: 44 bits of them are months.
const UNIT: u32 = 10;

impl Slab {
    /// For a pipeline of so many stages; a chunk has so many items.
    pub(super) fn new(stages: usize, items: u64, origin: Moment) -> Self {
        Self {
            stages,
            items,
            origin,
            chunks: ShardedLock::default(),
        }
    }

    /// Enters items that were fed.
    pub(super) fn enter(&self, items: Range<u64>, stage: usize, at: Moment) {
        // Not zero, which is the word of an item that is not there.
        let word = self.pack(at, stage + 1);
        let mut first = items.start;
        while first < items.end {
            let number = first / self.items;
            let end = items.end.min((number + 1) * self.items);
            let chunk = self.chunk_for(number);
            for item in first..end {
                chunk.entrances[self.place(item)].store(word, Ordering::Release);
            }
            first = end;
        }
    }

    /// Notes visits to a stage.
    pub(super) fn visit(&self, stage: usize, visits: impl Iterator<Item = (u64, Visit)>) {
        let chunks = self.read();
        let mut here: Option<(u64, &[AtomicU64])> = None;
        for (item, visit) in visits {
            let number = item / self.items;
            if here.is_none_or(|(other, _)| other != number) {
                here = chunks.get(&number).map(|chunk| {
                    let words = chunk.visits[stage].get_or_init(|| self.zeros(2));
                    (number, &**words)
                });
            }
            if let Some((_, words)) = here {
                let place = 2 * self.place(item);
                words[place].store(self.pack(visit.started, visit.worker), Ordering::Relaxed);
                words[place + 1].store(self.pack(visit.ended, 1), Ordering::Release);
            }
        }
    }

    /// Forgets an item.
    pub(super) fn forget(&self, item: u64) {
        let number = item / self.items;
        let Some(chunk) = self.read().get(&number).cloned() else {
            return;
        };
        let before = chunk.entrances[self.place(item)].swap(0, Ordering::AcqRel);
        if before != 0 && chunk.forgotten.fetch_add(1, Ordering::AcqRel) + 1 == self.items {
            self.write().remove(&number);
        }
    }

    /// What is known of an item; none if it is not there.
    pub(super) fn get(&self, item: u64) -> Option<Trace<'_>> {
        let chunk = self.read().get(&(item / self.items)).cloned()?;
        self.trace(chunk, item)
    }

    /// All items that are there, in the order in which they were fed.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, Trace<'_>)> {
        let chunks: Vec<_> = self
            .read()
            .iter()
            .map(|(number, chunk)| (*number, Arc::clone(chunk)))
            .collect();
        chunks.into_iter().flat_map(move |(number, chunk)| {
            let items = number * self.items..(number + 1) * self.items;
            items.filter_map(move |item| Some((item, self.trace(Arc::clone(&chunk), item)?)))
        })
    }

    fn trace(&self, chunk: Arc<Chunk>, item: u64) -> Option<Trace<'_>> {
        let place = self.place(item);
        let (at, stage) = self.unpack(chunk.entrances[place].load(Ordering::Acquire));
        let stage = stage.checked_sub(1)?;
        Some(Trace {
            slab: self,
            chunk,
            place,
            entrance: Entrance { stage, at },
        })
    }

    fn chunk_for(&self, number: u64) -> Arc<Chunk> {
        if let Some(chunk) = self.read().get(&number) {
            return Arc::clone(chunk);
        }
        let mut chunks = self.write();
        let chunk = chunks.entry(number).or_insert_with(|| {
            Arc::new(Chunk {
                entrances: self.zeros(1),
                visits: (0..self.stages).map(|_| OnceLock::new()).collect(),
                forgotten: AtomicU64::new(0),
            })
        });
        Arc::clone(chunk)
    }

    /// Where an item is in its chunk.
    fn place(&self, item: u64) -> usize {
        (item % self.items) as usize
    }

    /// So many words for each item of a chunk.
    fn zeros(&self, words: usize) -> Box<[AtomicU64]> {
        bytemuck::zeroed_slice_box(words * self.items as usize)
    }

    fn pack(&self, at: Moment, place: usize) -> u64 {
        let time = at.ticks().saturating_sub(self.origin.ticks()) >> UNIT;
        let most = u64::MAX >> PLACE;
        let place = (place as u64).min((1 << PLACE) - 1);
        time.min(most) << PLACE | place
    }

    fn unpack(&self, word: u64) -> (Moment, usize) {
        let ticks = self.origin.ticks() + (word >> PLACE << UNIT);
        let place = word & ((1 << PLACE) - 1);
        (Moment::from_ticks(ticks), place as usize)
    }

    fn read(&self) -> ShardedLockReadGuard<'_, BTreeMap<u64, Arc<Chunk>>> {
        self.chunks.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> ShardedLockWriteGuard<'_, BTreeMap<u64, Arc<Chunk>>> {
        self.chunks.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is known of one item.
#[derive(Debug)]
pub(super) struct Trace<'a> {
    slab: &'a Slab,
    chunk: Arc<Chunk>,
    place: usize,
    pub(super) entrance: Entrance,
}

impl Trace<'_> {
    /// The item's stay in a stage, if it was completed there.
    pub(super) fn visit(&self, stage: usize) -> Option<Visit> {
        let words = &self.chunk.visits[stage].get()?[2 * self.place..];
        let (ended, is_there) = self.slab.unpack(words[1].load(Ordering::Acquire));
        let (started, worker) = self.slab.unpack(words[0].load(Ordering::Relaxed));
        (is_there == 1).then_some(Visit {
            worker,
            started,
            ended,
        })
    }

    /// The last stage in which the item was completed.
    pub(super) fn last_visited(&self) -> Option<usize> {
        (0..self.slab.stages)
            .rev()
            .find(|stage| self.visit(*stage).is_some())
    }
}

#[cfg(all(test, not(antflow_loom)))]
mod tests {
    use super::*;

    fn at(unit: u64) -> Moment {
        Moment::from_ticks(7 + (unit << UNIT))
    }

    #[test]
    fn what_is_noted_comes_back() {
        let slab = Slab::new(2, FEW, Moment::from_ticks(7));
        slab.enter(3..600, 1, at(5));
        let visit = Visit {
            worker: 12,
            started: at(6),
            ended: at(9),
        };
        slab.visit(1, [3, 599].map(|item| (item, visit)).into_iter());
        for item in [3, 599] {
            let trace = slab.get(item).unwrap();
            assert_eq!(
                trace.entrance,
                Entrance {
                    stage: 1,
                    at: at(5)
                }
            );
            assert_eq!((trace.visit(0), trace.visit(1)), (None, Some(visit)));
            assert_eq!(trace.last_visited(), Some(1));
        }
        assert_eq!(slab.get(4).unwrap().last_visited(), None);
        assert!(slab.get(2).is_none() && slab.get(600).is_none());
        assert!(slab.iter().map(|(item, _)| item).eq(3..600));
    }

    #[test]
    fn a_chunk_goes_with_its_last_item() {
        let slab = Slab::new(1, FEW, Moment::default());
        slab.enter(0..2 * FEW, 0, at(1));
        for item in 0..FEW {
            assert_eq!(slab.read().len(), 2);
            slab.forget(item);
            assert!(slab.get(item).is_none());
        }
        assert_eq!(slab.read().len(), 1);
        assert_eq!(slab.iter().count() as u64, FEW);
    }

    #[test]
    fn times_and_places_that_are_too_large_are_the_largest() {
        let slab = Slab::new(1, MANY, Moment::from_ticks(10));
        let (late, place) = slab.unpack(slab.pack(Moment::from_ticks(u64::MAX), usize::MAX));
        assert_eq!(place, (1 << PLACE) - 1);
        assert!(late > Moment::from_ticks(u64::MAX >> PLACE));
        let (early, _) = slab.unpack(slab.pack(Moment::default(), 0));
        assert_eq!(early, Moment::from_ticks(10));
    }
}
