//! Why a command fails, and with which exit code.

use std::io::{self, Write};
use std::process::ExitCode;

use antflow::cluster::ClusterError;
use antflow::cluster::store::StoreError;

/// The exit code of what could not begin.
pub(crate) const USAGE: u8 = 2;
/// The exit code of what failed.
const FAILED: u8 = 1;

/// Why a command ends without having done all.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It could not begin: an argument or a graph is wrong.
    Usage(String),
    /// It failed.
    Failed(String),
    /// It failed, and has said so already.
    Said,
    /// It could not begin, and has said so already.
    SaidUsage,
    /// Whoever read the output has gone away, and wants no more of it.
    Closed,
}

impl Failure {
    /// Says it, and gives the exit code.
    pub(crate) fn end(self) -> ExitCode {
        let code = match &self {
            Self::Usage(_) | Self::SaidUsage => USAGE,
            Self::Failed(_) | Self::Said => FAILED,
            Self::Closed => return ExitCode::SUCCESS,
        };
        if let Self::Usage(text) | Self::Failed(text) = self {
            // There is nobody else to tell.
            drop(writeln!(io::stderr(), "error: {text}"));
        }
        ExitCode::from(code)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Failed(format!("the output cannot be written: {error}")),
        }
    }
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        match error {
            ClusterError::Url(error) => Self::Usage(error.to_string()),
            ClusterError::Store(StoreError::NotFound { what: "run", id }) => Self::Failed(format!(
                "there is no run `{id}`: `antflow status` lists the runs"
            )),
            other => Self::Failed(other.to_string()),
        }
    }
}
