//! How servers of PostgreSQL are reached: URLs, TLS, and what to do when it does not work. Store and bus share it.
//!
//! A URL is that of `libpq`: `postgres://user:password@host:5432/database?sslmode=verify-full`. What belongs to
//! antflow is taken out of it, and `sslmode` and `sslrootcert` mean this:
//!
//! | `sslmode` | |
//! |---|---|
//! | `disable` | no TLS |
//! | `prefer` (default) | TLS if the server has it, and nobody is checked: no protection from who sits in between |
//! | `require` | TLS or nothing; nobody is checked, unless `sslrootcert` says by what |
//! | `verify-full` | TLS, with a certificate for this host by an authority that is trusted |
//!
//! Trusted are the authorities of `sslrootcert`, a file in PEM, or without it those of the machine.

mod explain;
mod tls;
mod url;

use std::fmt;
use std::time::Duration;

use tokio_postgres::{Client, Config, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

pub(in crate::cluster) use explain::explain;
pub(in crate::cluster) use url::Options;

type TlsStream = <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<Socket>>::Stream;

/// A server, a database, and as whom it is used.
#[derive(Clone)]
pub(in crate::cluster) struct Target {
    config: Config,
    tls: MakeRustlsConnect,
}

impl Target {
    /// Reads a URL; options with one of the `own` names are for the caller, and come back in their order.
    ///
    /// # Errors
    /// What is wrong with it, without its secrets.
    pub(in crate::cluster) fn of(url: &str, own: &[&str]) -> Result<(Self, Options), String> {
        let (mut config, mode, options) = url::read(url, own)?;
        config
            .ssl_mode(mode.ssl_mode())
            .keepalives_idle(Duration::from_secs(30))
            .keepalives_interval(Duration::from_secs(10))
            .keepalives_retries(3)
            .tcp_user_timeout(Duration::from_secs(30));
        if config.get_application_name().is_none() {
            config.application_name("antflow");
        }
        let tls = MakeRustlsConnect::new(mode.client_config()?);
        Ok((Self { config, tls }, options))
    }

    /// Connects. Somebody has to poll the connection.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses.
    pub(in crate::cluster) async fn connect(
        &self,
    ) -> Result<(Client, Connection<Socket, TlsStream>), tokio_postgres::Error> {
        self.config.connect(self.tls.clone()).await
    }

    /// What it connects to, as far as everybody may see.
    pub(in crate::cluster) fn config(&self) -> &Config {
        &self.config
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("hosts", &self.config.get_hosts())
            .field("ports", &self.config.get_ports())
            .field("database", &self.config.get_dbname())
            .field("user", &self.config.get_user())
            .finish_non_exhaustive()
    }
}
