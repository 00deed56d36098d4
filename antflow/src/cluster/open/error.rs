use std::io;
use std::path::PathBuf;

use super::UrlError;
use crate::cluster::bus::BusError;
use crate::cluster::store::StoreError;

/// Why a cluster did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// The URL is not understood.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// There is no cluster where one was expected.
    #[error("there is no cluster at `{place}`: {hint}")]
    Absent {
        /// Where one was expected.
        place: String,
        /// What to do.
        hint: &'static str,
    },
    /// The directory of the embedded store cannot be made.
    #[error("the directory `{}` cannot be made: {source}", path.display())]
    Directory {
        /// Which directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bus did not do it.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// A dead letter cannot be said again.
    #[error("dead letter {id} cannot be said again: {reason}")]
    DeadLetter {
        /// Its number.
        id: i64,
        /// Why.
        reason: &'static str,
    },
}

impl ClusterError {
    /// May asking again help?
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Url(_)
            | Self::Absent { .. }
            | Self::Directory { .. }
            | Self::Bus(_)
            | Self::DeadLetter { .. } => false,
        }
    }
}
