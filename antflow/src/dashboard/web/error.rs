use std::io;
use std::net::SocketAddr;

/// Why a dashboard is not served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebError {
    /// Nothing can listen at this address, mostly because something else does.
    #[error(
        "cannot listen on {addr}: end what listens there, or name another address; port 0 takes any that is free"
    )]
    Bind {
        /// The address that was asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The listener does not know its address.
    #[error("the listener has no address")]
    Listener(#[source] io::Error),
}
