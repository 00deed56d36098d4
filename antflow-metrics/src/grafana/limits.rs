//! Where the alerts fire, and where panels draw their dashed lines.

/// The part of the items that may fail.
pub(super) const FAILURE_RATIO: f64 = 0.05;

/// How many items have to end before the part that failed says something.
pub(super) const FAILURE_VOLUME: u32 = 20;

/// How full a queue may be.
pub(super) const QUEUE_FILL: f64 = 0.9;

/// The part of their time that the workers of a stage may work.
pub(super) const BUSY_RATIO: f64 = 0.9;

/// A value as a percentage, for texts.
pub(super) fn percent(ratio: f64) -> String {
    format!("{:.0} %", 100.0 * ratio)
}
