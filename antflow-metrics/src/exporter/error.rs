use std::io;
use std::net::SocketAddr;

/// Why an exporter could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExporterError {
    /// Nothing can listen at this address, mostly because something else does.
    #[error(
        "cannot listen on {addr}: end what listens there, or name another address with `listen`; port 0 takes any that is free"
    )]
    Bind {
        /// The address that was asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The process has a global recorder already, and cannot have two.
    #[error(
        "the crate `metrics` already has a global recorder: install one in a process, or leave `global` out and use `Exporter::recorder`"
    )]
    GlobalRecorder,
    /// The buckets that were set for a histogram are none.
    #[error("the buckets of `{name}` cannot be set: {reason}")]
    Buckets {
        /// The histogram.
        name: String,
        /// What is wrong with them.
        reason: &'static str,
    },
    /// The exporter has tasks, and there is no Tokio runtime here to run them.
    #[error(
        "no tokio runtime here: start the exporter within `#[tokio::main]` or `Runtime::block_on`"
    )]
    NoRuntime,
}
