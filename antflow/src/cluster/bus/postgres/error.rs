//! What is wrong with a server of PostgreSQL.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::super::BusError;
use super::super::refuse::refused;
use crate::cluster::postgres::explain;

/// What the driver or the server says, while this was done.
pub(super) fn failed(what: &str, error: Error) -> BusError {
    let reason = format!("{what}: {}", explain(&error));
    let code = error.code();
    let is_for_good = code.is_some_and(|code| {
        // Who asks, what may be done, and what is there.
        ["28", "42", "3D", "3F"].contains(&code.code().get(..2).unwrap_or_default())
            || *code == SqlState::PROGRAM_LIMIT_EXCEEDED
    });
    if is_for_good {
        return refused(reason);
    }
    BusError::Unavailable {
        reason,
        source: Some(Box::new(error)),
    }
}

/// Something that takes too long.
pub(super) fn late(what: &str) -> BusError {
    BusError::Unavailable {
        reason: format!("{what}: the server of PostgreSQL does not answer"),
        source: None,
    }
}

/// There is no connection, and there may be one later.
pub(super) fn away() -> BusError {
    BusError::Unavailable {
        reason: "the connection to the server of PostgreSQL broke, and is being made again"
            .to_owned(),
        source: None,
    }
}
