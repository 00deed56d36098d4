//! What engines do by themselves, and nobody is told of otherwise.

use std::fmt;

/// Says in the log what went wrong.
pub(super) fn log(doing: &str, what: &dyn fmt::Display) {
    #[cfg(feature = "tracing")]
    tracing::warn!(%what, "{doing}");
    #[cfg(not(feature = "tracing"))]
    let _ = (doing, what);
}
