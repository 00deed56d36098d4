//! Where the alerts fire, and where panels draw their dashed lines.

/// The part of the items that may fail.
pub(super) const FAILURE_RATIO: f64 = 0.05;

/// How many items have to end before the part that failed says something.
pub(super) const FAILURE_VOLUME: u32 = 20;

/// How full a queue may be.
pub(super) const QUEUE_FILL: f64 = 0.9;

/// The part of their time that the workers of a stage may work.
pub(super) const BUSY_RATIO: f64 = 0.9;

/// The part of the time that a lease holds which may pass without a heartbeat.
pub(super) const HEARTBEAT_AGE: f64 = 0.6;

/// How long events may wait to be said on the bus, in seconds.
pub(super) const OUTBOX_AGE: f64 = 60.0;

/// A value as a percentage, for texts.
pub(super) fn percent(ratio: f64) -> String {
    format!("{:.0} %", 100.0 * ratio)
}
