use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

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

/// Why metrics could not be pushed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// Nothing can be pushed to this URL.
    #[error("cannot push to {url}: {reason}")]
    Url {
        /// The URL of the gateway, as it was given.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The URL asks for TLS.
    #[error(
        "cannot push to {url}: https is not supported; push through a proxy that speaks plain http here and TLS there, or send what `render` gives with a client of your own"
    )]
    Https {
        /// The URL of the gateway, as it was given.
        url: String,
    },
    /// The job or a label cannot be part of the group.
    #[error("cannot push with {label}=\"{value}\": {reason}")]
    Group {
        /// The name of the label.
        label: String,
        /// Its value.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The gateway could not be reached, or the connection broke.
    #[error("could not push to {url}: is a gateway running there?")]
    Send {
        /// Where the metrics were sent.
        url: String,
        /// What happened.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The gateway did not answer in time. It may have taken the metrics.
    #[error("{url} did not answer within {timeout:?}")]
    TimedOut {
        /// Where the metrics were sent.
        url: String,
        /// How long it might have taken.
        timeout: Duration,
    },
    /// The gateway did not take the metrics.
    #[error("{url} refused the metrics with status {status}: {body}")]
    Refused {
        /// Where the metrics were sent.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What the gateway wrote, up to some thousand characters.
        body: String,
    },
}

/// Why metrics could not be written to a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextfileError {
    /// The textfile collector would not read a file of this name.
    #[error("{} does not end in `.prom`: node_exporter reads no other files", path.display())]
    Name {
        /// The path that was given.
        path: PathBuf,
    },
    /// The file could not be written. A file of this name is as it was.
    #[error("cannot write {}: its folder must exist and be writable", path.display())]
    Write {
        /// The path that was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
