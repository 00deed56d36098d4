use rustix::time::{ClockId, clock_gettime};

/// The clock that all processes of a machine share, and that nobody sets: nanoseconds since its start.
pub(crate) fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    // It counts from the start of the machine.
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}
