//! What is wrong with a server of NATS, and what to do.

use std::error::Error;
use std::time::Duration;

use async_nats::jetstream::{self, ErrorCode};

use super::super::BusError;
use super::super::refuse::refused;

/// Something that did not work, and may later.
pub(super) fn unavailable(
    what: impl Into<String>,
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> BusError {
    BusError::Unavailable {
        reason: what.into(),
        source: Some(source.into()),
    }
}

/// The server did not answer in time.
pub(super) fn silent(what: &str, patience: Duration) -> BusError {
    BusError::Unavailable {
        reason: format!("{what} was not answered within {patience:?}"),
        source: None,
    }
}

/// What a server of NATS with JetStream switched off does not do.
pub(super) fn no_jetstream() -> BusError {
    refused(
        "JetStream is switched off for this bus: start `nats-server` with `-js`, or write `jetstream {}` in its \
         configuration, and into the account if there are accounts",
    )
}

/// What JetStream says.
pub(super) fn jetstream(what: &str, error: jetstream::Error) -> BusError {
    match error.error_code() {
        ErrorCode::JETSTREAM_NOT_ENABLED | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT => {
            no_jetstream()
        }
        _ if (400..500).contains(&error.code()) => refused(format!("{what}: {error}")),
        _ => unavailable(what, error),
    }
}

/// What a server says to who connects. Its error may repeat nothing of the URL but the host.
pub(super) fn connecting(error: async_nats::ConnectError) -> BusError {
    use async_nats::ConnectErrorKind as Kind;
    match error.kind() {
        Kind::AuthorizationViolation | Kind::Authentication => refused(
            "the server of NATS does not know who asks: look at `user:password@` or `token@` in the URL, or at `creds`",
        ),
        Kind::Tls => unavailable(
            "no TLS with the server of NATS: look at `ca`, `cert` and `key` in the URL",
            error,
        ),
        _ => unavailable("no connection to the server of NATS", error),
    }
}
