use std::time::Duration;

/// How many items a worker takes at once: as many as it does in a short time, and one where items suspend.
#[derive(Debug)]
pub(super) struct Pace {
    limit: usize,
    most: usize,
    /// Whether the last batch suspended, so that the next one probably does too.
    suspends: bool,
    /// Whether the last item that was alone took long.
    slow: bool,
}

/// A batch that takes less is followed by a larger one.
const SHORT: Duration = Duration::from_micros(20);
/// An item that takes more keeps a thread from what others are to do there.
const LONG: Duration = Duration::from_micros(200);
/// No lock is taken rarely enough to make more worthwhile.
const MOST: usize = 128;

impl Pace {
    /// `capacity` is that of the worker's queue, of which two workers must find something.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            limit: 1,
            most: (capacity / 2).clamp(1, MOST),
            suspends: false,
            slow: false,
        }
    }

    /// One item at a time, whatever comes.
    pub(super) fn single() -> Self {
        Self::new(1)
    }

    #[inline]
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// How many items others may lay down for the worker; 0 if one takes it long.
    #[inline]
    pub(super) fn reach(&self) -> usize {
        if self.slow { 0 } else { self.limit }
    }

    #[inline]
    pub(super) fn suspends(&self) -> bool {
        self.suspends
    }

    /// A batch of so many items has ended after this time, without being suspended.
    pub(super) fn done(&mut self, items: usize, taken: Duration) {
        self.suspends = false;
        self.slow = items == 1 && taken > LONG;
        if taken > SHORT {
            self.limit = (self.limit / 2).max(1);
        } else if items == self.limit {
            self.limit = (self.limit * 2).min(self.most);
        }
    }

    /// An item of the batch suspended.
    pub(super) fn suspended(&mut self) {
        self.suspends = true;
        self.limit = 1;
    }
}
