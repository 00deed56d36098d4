//! What goes wrong inside, and what callers are told of it.

use rusqlite::ErrorCode;

use crate::cluster::store::StoreError;

pub(super) type Done<T> = Result<T, Fault>;

/// Why an operation ends: what it says itself, or what SQLite says.
#[derive(Debug)]
pub(super) enum Fault {
    Refused(StoreError),
    Sql(rusqlite::Error),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(error) => error,
            Fault::Sql(error) => {
                let mut told = of_sqlite(&error);
                if let StoreError::Unavailable { source, .. } = &mut told {
                    *source = Some(Box::new(error));
                }
                told
            }
        }
    }
}

/// Whoever should have answered is gone.
pub(super) fn gone() -> StoreError {
    StoreError::Unavailable {
        reason: "the thread of the store ended before it answered".into(),
        source: None,
    }
}

/// What an error of SQLite is to callers.
pub(super) fn of_sqlite(error: &rusqlite::Error) -> StoreError {
    let unavailable = |reason: &str| StoreError::Unavailable {
        reason: format!("{reason}: {error}"),
        source: None,
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            unavailable("others keep the file locked")
        }
        Some(ErrorCode::DiskFull) => unavailable("the disk is full"),
        Some(ErrorCode::CannotOpen) => {
            unavailable("the file cannot be opened, see to it that its directory is there")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            unavailable("the file cannot be written, give this user the right to")
        }
        Some(
            ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::OperationAborted
            | ErrorCode::OperationInterrupted
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::SchemaChanged
            | ErrorCode::NoLargeFileSupport
            | ErrorCode::AuthorizationForStatementDenied,
        ) => unavailable("SQLite failed"),
        _ => StoreError::Corrupt {
            what: "the file".into(),
            reason: error.to_string(),
        },
    }
}
