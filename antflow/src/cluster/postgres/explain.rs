use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// What an error of the driver says, down to its cause, and what to do about it. No secret is in it.
pub(in crate::cluster) fn explain(error: &Error) -> String {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let text = next.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        cause = next.source();
    }
    match error.code().and_then(remedy) {
        Some(remedy) => format!("{said}; {remedy}"),
        None => said,
    }
}

fn remedy(code: &SqlState) -> Option<&'static str> {
    Some(match *code {
        SqlState::INVALID_PASSWORD => "look at user and password of the URL",
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            "look at the user of the URL, and at who may log in by `pg_hba.conf` of the server"
        }
        SqlState::INVALID_CATALOG_NAME => "make it by `createdb`, or name another one in the URL",
        SqlState::INSUFFICIENT_PRIVILEGE => {
            "`GRANT` the user of the URL what the documentation of `PostgresOptions::migrate` says"
        }
        SqlState::UNDEFINED_TABLE
        | SqlState::UNDEFINED_FUNCTION
        | SqlState::INVALID_SCHEMA_NAME => {
            "let the owner of the schema make its tables, by connecting once with migrations"
        }
        SqlState::TOO_MANY_CONNECTIONS => {
            "raise `max_connections` of the server, or let each process have fewer"
        }
        SqlState::READ_ONLY_SQL_TRANSACTION => {
            "connect to the primary: with `target_session_attrs=read-write` several hosts may be named"
        }
        SqlState::DISK_FULL => "make room on the disk of the server",
        SqlState::QUERY_CANCELED => "it took longer than it may: look at what the server is doing",
        _ => return None,
    })
}
