//! What goes wrong inside, and what callers are told of it.

use std::time::Duration;

use deadpool_postgres::{PoolError, TimeoutType};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::WrongType;

use crate::cluster::postgres::explain;
use crate::cluster::store::StoreError;
use crate::cluster::store::stored::corrupt;

pub(super) type Done<T> = Result<T, Fault>;

/// So often an operation is tried that others get in the way of.
const TRIES: u32 = 5;

/// Why an operation ends: what it says itself, or what the driver or the server says.
#[derive(Debug)]
pub(super) enum Fault {
    Refused(StoreError),
    Sql(tokio_postgres::Error),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<PoolError> for Fault {
    fn from(error: PoolError) -> Self {
        Self::Refused(match error {
            // Whatever it is, it may be another thing for the next one: a password is changed at the server first.
            PoolError::Backend(error) => unavailable(explain(&error), error),
            PoolError::Timeout(TimeoutType::Create) => {
                unavailable_now("the server did not answer in time")
            }
            error => unavailable_now(format!("there is no connection: {error}")),
        })
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(error) => error,
            Fault::Sql(error) => of_sql(error),
        }
    }
}

impl Fault {
    /// Did others get in the way, so that the same may go well at once?
    fn is_conflict(&self) -> bool {
        let Self::Sql(error) = self else { return false };
        let code = error.code();
        code.is_some_and(|code| {
            *code == SqlState::T_R_DEADLOCK_DETECTED || *code == SqlState::T_R_SERIALIZATION_FAILURE
        })
    }
}

/// How often an operation was tried.
#[derive(Debug, Default)]
pub(super) struct Tries(u32);

impl Tries {
    /// Waits for the next try, or gives the error back if there is none.
    pub(super) async fn again(&mut self, fault: Fault) -> Result<(), StoreError> {
        self.0 += 1;
        if self.0 >= TRIES || !fault.is_conflict() {
            return Err(fault.into());
        }
        // Uneven, so that those who were in each other's way are not again.
        let most = 1 << (self.0 + 2);
        tokio::time::sleep(Duration::from_millis(fastrand::u64(1..=most))).await;
        Ok(())
    }
}

pub(super) fn unavailable_now(reason: impl Into<String>) -> StoreError {
    StoreError::Unavailable {
        reason: reason.into(),
        source: None,
    }
}

fn unavailable(reason: String, source: tokio_postgres::Error) -> StoreError {
    StoreError::Unavailable {
        reason,
        source: Some(Box::new(source)),
    }
}

/// What an error of the driver or the server is to callers.
fn of_sql(error: tokio_postgres::Error) -> StoreError {
    let said = explain(&error);
    let source = std::error::Error::source(&error);
    if source
        .and_then(|source| source.downcast_ref::<WrongType>())
        .is_some()
    {
        return corrupt("the database", &said);
    }
    let Some(code) = error.code() else {
        return unavailable(said, error);
    };
    let class = code.code().get(..2).unwrap_or_default();
    match *code {
        // A text with a zero in it, or an id that fits into no index.
        SqlState::CHARACTER_NOT_IN_REPERTOIRE
        | SqlState::UNTRANSLATABLE_CHARACTER
        | SqlState::PROGRAM_LIMIT_EXCEEDED => StoreError::Invalid(said),
        SqlState::INSUFFICIENT_PRIVILEGE
        | SqlState::UNDEFINED_TABLE
        | SqlState::UNDEFINED_FUNCTION
        | SqlState::UNDEFINED_COLUMN => StoreError::Refused {
            reason: said,
            source: Some(Box::new(error)),
        },
        // Rows that contradict each other, or are damaged.
        _ if ["22", "23", "XX"].contains(&class) => corrupt("the database", &said),
        _ => unavailable(said, error),
    }
}
