use super::super::sync::{AtomicU8, Ordering};

/// Whose turn it is to poll a worker: nobody's, the driver's, or somebody's who is at it.
#[derive(Debug)]
pub(crate) struct Turns(AtomicU8);

/// The worker waits, and nobody has woken it.
const WAITING: u8 = 0;
/// It was woken, and the driver is called.
const WOKEN: u8 = 1;
/// As `WOKEN`, and it was seen so before.
const OVERDUE: u8 = 2;
/// Somebody polls it.
const POLLED: u8 = 3;
/// It was woken while somebody polls it.
const MISSED: u8 = 4;
/// The driver has gone while somebody polls it.
const ABANDONED: u8 = 5;
/// There is no worker any more.
const EMPTY: u8 = 6;

/// What somebody gets who wants to poll a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The turn, until it [ends](Turns::end).
    Mine,
    /// Somebody else is at it, and it will be polled once more.
    Later,
    /// There is no worker any more.
    Over,
}

/// What is to be done when a turn has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    Nothing,
    CallDriver,
    /// Drop the worker.
    Clear,
}

/// Whether a worker's driver comes when it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lateness {
    NotCalled,
    Called,
    /// It was called when this was last asked, and has not come since.
    Late,
}

impl Turns {
    pub(crate) fn new() -> Self {
        Self(AtomicU8::new(WAITING))
    }

    pub(crate) fn claim(&self) -> Claim {
        let before = self.step(|state| match state {
            WAITING | WOKEN | OVERDUE => Some(POLLED),
            POLLED => Some(MISSED),
            _ => None,
        });
        match before {
            Ok(WAITING | WOKEN | OVERDUE) => Claim::Mine,
            Ok(_) | Err(MISSED) => Claim::Later,
            Err(_) => Claim::Over,
        }
    }

    /// Ends a turn; `pending` if the worker waits.
    pub(crate) fn end(&self, pending: bool) -> After {
        let before = self.step(|state| {
            Some(match state {
                POLLED if pending => WAITING,
                MISSED if pending => WOKEN,
                _ => EMPTY,
            })
        });
        match before {
            Ok(POLLED) if pending => After::Nothing,
            Ok(MISSED) if pending => After::CallDriver,
            _ => After::Clear,
        }
    }

    /// Wakes the worker. Returns whether its driver is to be called.
    pub(crate) fn wake(&self) -> bool {
        let before = self.step(|state| match state {
            WAITING => Some(WOKEN),
            POLLED => Some(MISSED),
            _ => None,
        });
        before == Ok(WAITING)
    }

    /// Says that there is no driver any more. Returns whether the worker is to be dropped, else who polls it does.
    pub(crate) fn vacate(&self) -> bool {
        let before = self.step(|state| match state {
            WAITING | WOKEN | OVERDUE => Some(EMPTY),
            POLLED | MISSED => Some(ABANDONED),
            _ => None,
        });
        matches!(before, Ok(WAITING | WOKEN | OVERDUE))
    }

    pub(crate) fn is_woken(&self) -> bool {
        matches!(self.0.load(Ordering::Acquire), WOKEN | OVERDUE | MISSED)
    }

    pub(crate) fn lateness(&self) -> Lateness {
        match self.step(|state| (state == WOKEN).then_some(OVERDUE)) {
            Ok(_) => Lateness::Called,
            Err(OVERDUE) => Lateness::Late,
            Err(_) => Lateness::NotCalled,
        }
    }

    fn step(&self, next: impl FnMut(u8) -> Option<u8>) -> Result<u8, u8> {
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, next)
    }
}
