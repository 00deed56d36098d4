//! What the URL of a bus over NATS says.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use async_nats::ServerAddr;

use super::super::BusError;
use super::super::refuse::refused;
use super::url::BusUrl;

/// What may be written behind the question mark.
const KNOWN: [&str; 9] = [
    "prefix",
    "replicas",
    "events_age",
    "events_bytes",
    "creds",
    "tls",
    "ca",
    "cert",
    "key",
];

/// How long events are kept.
const EVENTS_AGE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Where the server is, who asks, and what streams are like that are not there yet. Shows no secrets.
pub(super) struct NatsOptions {
    pub(super) servers: Vec<ServerAddr>,
    pub(super) prefix: String,
    /// The name of a user with a password, or a token.
    user: Option<String>,
    password: Option<String>,
    creds: Option<PathBuf>,
    tls: Tls,
    ca: Option<PathBuf>,
    client: Option<(PathBuf, PathBuf)>,
    pub(super) replicas: usize,
    pub(super) events_age: Duration,
    /// `None`: as many as there is room for.
    pub(super) events_bytes: Option<i64>,
}

/// What the client insists on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tls {
    /// As the server wishes.
    Offered,
    Required,
    /// Before the server says anything.
    First,
}

impl NatsOptions {
    pub(super) fn parse(url: &str) -> Result<Self, BusError> {
        let mut url = BusUrl::parse(url)?;
        let tls = url.take("tls");
        let tls = match (url.scheme.as_str(), tls.as_deref()) {
            ("nats", None | Some("offered")) => Tls::Offered,
            ("nats" | "tls", Some("required")) | ("tls", None) => Tls::Required,
            ("nats" | "tls", Some("first")) => Tls::First,
            ("nats" | "tls", Some(_)) => {
                return Err(refused(
                    "`tls` in the URL of the bus has to be `offered`, which is no choice with `tls://`, \
                     `required`, or `first`",
                ));
            }
            (scheme, _) => {
                return Err(refused(format!(
                    "`{scheme}://` is no bus of NATS: write `nats://` or `tls://`"
                )));
            }
        };
        let servers = url.hosts.iter().map(|host| server(host));
        let servers = servers.collect::<Result<_, _>>()?;
        let client = match (url.take("cert"), url.take("key")) {
            (Some(cert), Some(key)) => Some((cert.into(), key.into())),
            (None, None) => None,
            _ => {
                return Err(refused(
                    "`cert` and `key` in the URL of the bus belong together: give both or none",
                ));
            }
        };
        let read = Self {
            servers,
            prefix: url.take_prefix()?,
            user: url.user.take(),
            password: url.password.take(),
            creds: url.take("creds").map(Into::into),
            tls,
            ca: url.take("ca").map(Into::into),
            client,
            replicas: replicas(url.take("replicas"))?,
            events_age: age(url.take("events_age"))?,
            events_bytes: url
                .take("events_bytes")
                .map(|text| bytes(&text))
                .transpose()?,
        };
        url.all_taken(&KNOWN)?;
        Ok(read)
    }

    /// What the client has to know of this.
    pub(super) async fn client(&self) -> Result<async_nats::ConnectOptions, BusError> {
        let mut options = async_nats::ConnectOptions::new()
            .require_tls(self.tls != Tls::Offered)
            .name(format!("antflow {}", self.prefix));
        if self.tls == Tls::First {
            options = options.tls_first();
        }
        options = match (&self.user, &self.password) {
            (Some(user), Some(password)) => {
                options.user_and_password(user.clone(), password.clone())
            }
            (Some(token), None) => options.token(token.clone()),
            _ => options,
        };
        if let Some(ca) = &self.ca {
            options = options.add_root_certificates(ca.clone());
        }
        if let Some((cert, key)) = &self.client {
            options = options.add_client_certificate(cert.clone(), key.clone());
        }
        if let Some(creds) = &self.creds {
            let read = options.credentials_file(creds).await;
            options = read.map_err(|error| {
                let place = creds.display();
                refused(format!("the credentials `{place}` cannot be read: {error}"))
            })?;
        }
        Ok(options)
    }
}

impl fmt::Debug for NatsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsOptions")
            .field("servers", &self.servers)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// Who asks is said apart: there is no `@` in a host.
fn server(host: &str) -> Result<ServerAddr, BusError> {
    let address = format!("nats://{host}").parse();
    address.map_err(|_| {
        refused(format!(
            "`{host}` in the URL of the bus is no server: write `host:port`"
        ))
    })
}

fn replicas(text: Option<String>) -> Result<usize, BusError> {
    let replicas = text.map_or(Ok(1), |text| text.parse());
    let valid = replicas.ok().filter(|replicas| (1..=5).contains(replicas));
    valid.ok_or_else(|| refused("`replicas` in the URL of the bus has to be a number from 1 to 5"))
}

fn age(text: Option<String>) -> Result<Duration, BusError> {
    let age = text.map_or(Ok(EVENTS_AGE), |text| humantime::parse_duration(&text));
    let valid = age.ok().filter(|age| *age >= Duration::from_secs(1));
    valid.ok_or_else(|| {
        refused(
            "`events_age` in the URL of the bus has to be a duration of 1 s at least, such as `7d`",
        )
    })
}

fn bytes(text: &str) -> Result<i64, BusError> {
    let valid = text.parse().ok().filter(|bytes| *bytes > 0);
    valid.ok_or_else(|| refused("`events_bytes` in the URL of the bus has to be a number of bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_may_be_said_is_understood() {
        let options = NatsOptions::parse(
            "nats://me:secret@a:4222,b?prefix=p&replicas=3&events_age=2h&events_bytes=1024&tls=required&ca=c.pem",
        )
        .unwrap();
        assert_eq!(options.servers.len(), 2);
        assert_eq!((options.replicas, &*options.prefix), (3, "p"));
        assert_eq!(options.events_age, Duration::from_secs(7200));
        assert_eq!(options.events_bytes, Some(1024));
        assert_eq!(options.tls, Tls::Required);
        assert!(!format!("{options:?}").contains("secret"));
        assert_eq!(NatsOptions::parse("tls://a").unwrap().tls, Tls::Required);
        assert_eq!(NatsOptions::parse("nats://a").unwrap().tls, Tls::Offered);
    }

    #[test]
    fn what_is_wrong_is_said_with_what_is_right() {
        for (url, what) in [
            ("kafka://a", "is no bus of NATS"),
            ("nats://me:secret@a b", "is no server"),
            ("nats://me:secret@a?replica=3", "takes `prefix`, `replicas`"),
            ("nats://a?replicas=0", "from 1 to 5"),
            ("nats://a?replicas=x", "from 1 to 5"),
            ("nats://a?events_age=0s", "such as `7d`"),
            ("nats://a?events_bytes=-1", "number of bytes"),
            ("nats://a?tls=no", "`offered`"),
            ("tls://a?tls=offered", "`offered`"),
            ("nats://a?cert=c", "belong together"),
        ] {
            let error = NatsOptions::parse(url).unwrap_err().to_string();
            assert!(error.contains(what) && !error.contains("secret"), "{error}");
        }
    }
}
