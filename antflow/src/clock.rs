//! A clock that costs a few nanoseconds, for what is measured again and again.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

/// A moment of this process. Moments never run backwards, also where the system's clock is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment(u64);

struct Clock {
    source: quanta::Clock,
    /// One moment by both clocks.
    base: u64,
    system: SystemTime,
}

static CLOCK: LazyLock<Clock> = LazyLock::new(|| {
    let source = quanta::Clock::new();
    Clock {
        base: source.raw(),
        system: SystemTime::now(),
        source,
    }
});

impl Moment {
    #[inline]
    pub(crate) fn now() -> Self {
        Self(CLOCK.source.raw())
    }

    /// The moment of this number of ticks.
    #[inline]
    pub(crate) fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// What the clock has counted, in units of its own; see [`duration`].
    #[inline]
    pub(crate) fn ticks(self) -> u64 {
        self.0
    }

    /// How many ticks after `earlier` it is.
    #[inline]
    pub(crate) fn ticks_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// How long after `earlier` it is.
    #[inline]
    pub(crate) fn since(self, earlier: Self) -> Duration {
        duration(self.ticks_since(earlier))
    }

    /// The moment at which the system's clock said this, if it was not set since.
    #[cfg(feature = "cluster")]
    pub(crate) fn of_system_time(time: SystemTime) -> Self {
        match time.duration_since(CLOCK.system) {
            Ok(after) => Self(CLOCK.base.saturating_add(ticks(after))),
            Err(before) => Self(CLOCK.base.saturating_sub(ticks(before.duration()))),
        }
    }

    /// The moment by the system's clock as it was when the first moment was asked for.
    pub(crate) fn system_time(self) -> SystemTime {
        let base = Self(CLOCK.base);
        if self >= base {
            CLOCK.system + self.since(base)
        } else {
            CLOCK.system - base.since(self)
        }
    }
}

/// How long so many ticks are.
#[inline]
pub(crate) fn duration(ticks: u64) -> Duration {
    Duration::from_nanos(CLOCK.source.delta_as_nanos(0, ticks))
}

/// How many ticks a duration has, to a few parts in a thousand million.
#[cfg(feature = "cluster")]
pub(crate) fn ticks(duration: Duration) -> u64 {
    const MANY: u64 = 1 << 32;
    // Which way the clock's ticks become nanoseconds is all that it tells.
    let nanos = CLOCK.source.delta_as_nanos(0, MANY).max(1);
    let ticks = duration.as_nanos() * u128::from(MANY) / u128::from(nanos);
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

#[cfg(all(test, not(antflow_loom)))]
mod tests {
    use super::*;

    #[test]
    fn moments_are_as_far_apart_as_the_time_between_them() {
        let (first, start) = (Moment::now(), std::time::Instant::now());
        while start.elapsed() < Duration::from_millis(20) {
            std::hint::spin_loop();
        }
        let between = Moment::now().since(first);
        assert!(between >= Duration::from_millis(19), "{between:?}");
        assert_eq!(first.since(Moment::now()), Duration::ZERO);
    }

    #[test]
    fn a_moment_is_told_by_the_clock_of_the_system() {
        let (before, now, after) = (SystemTime::now(), Moment::now(), SystemTime::now());
        // The two clocks may be some microseconds apart.
        let slack = Duration::from_millis(1);
        assert!(now.system_time() + slack >= before);
        assert!(now.system_time() <= after + slack);
    }

    #[cfg(feature = "cluster")]
    #[test]
    fn a_time_of_the_system_is_a_moment() {
        let slack = Duration::from_millis(1);
        for ago in [0, 10, 5000].map(Duration::from_millis) {
            let time = Moment::now().system_time() - ago;
            let read = Moment::of_system_time(time).system_time();
            assert!(read + slack >= time && read <= time + slack);
        }
        let second = duration(ticks(Duration::from_secs(1)));
        assert!(second.abs_diff(Duration::from_secs(1)) < Duration::from_micros(1));
    }
}
