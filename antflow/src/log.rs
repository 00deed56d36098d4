//! Where the library says what it could only swallow otherwise: to `tracing`, with the feature of that name.

#[cfg(feature = "tracing")]
pub(crate) use tracing::error;

/// Takes what `tracing::error!` takes, and does nothing with it.
#[cfg(not(feature = "tracing"))]
macro_rules! error {
    ($(%$value:ident,)* $message:literal) => {{
        $(let _ = &$value;)*
    }};
}

#[cfg(not(feature = "tracing"))]
pub(crate) use error;
