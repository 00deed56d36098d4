//! Which engines there are, and how their URLs are read.

use std::path::PathBuf;

/// An engine of a store, with where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StoreEngine {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// SQLite in the memory of this process.
    Memory,
    /// A server of PostgreSQL, by its URL.
    #[cfg(feature = "postgres")]
    Postgres(String),
}

/// An engine of a bus, with its URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BusEngine {
    /// LISTEN and NOTIFY of PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(String),
    /// NATS with JetStream.
    #[cfg(feature = "nats")]
    Nats(String),
    /// Kafka.
    #[cfg(feature = "kafka")]
    Kafka(String),
}

/// What is wrong with the URL of a cluster or of its bus.
///
/// It does not repeat the URL, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// There is no engine for its scheme.
    #[error("there is no engine for `{scheme}:`: write {ways}")]
    Scheme {
        /// The scheme.
        scheme: String,
        /// What may be written.
        ways: &'static str,
    },
    /// This program was built without its engine.
    #[error(
        "this program was built without the engine for `{scheme}:`: turn on the feature `{feature}` of antflow, \
         such as by `cargo add antflow --features {feature}`"
    )]
    Feature {
        /// The scheme.
        scheme: String,
        /// The feature that has the engine.
        feature: &'static str,
    },
    /// It is the URL of a bus, which keeps nothing, where that of a store belongs.
    #[error(
        "`{scheme}:` is a bus, and a cluster needs a store first: connect to a store, such as `postgres://..`, and \
         name the bus beside it, by `bus(..)` or `ANTFLOW_BUS`"
    )]
    NoStore {
        /// The scheme.
        scheme: String,
    },
    /// It is the URL of a store that is no bus.
    #[error("`{scheme}:` is a store and no bus: write {ways}, or no bus at all")]
    NoBus {
        /// The scheme.
        scheme: String,
        /// What may be written.
        ways: &'static str,
    },
    /// It names nothing.
    #[error("the URL names no {what}: write {ways}")]
    Empty {
        /// What is missing.
        what: &'static str,
        /// What may be written.
        ways: &'static str,
    },
    /// It has options, and its engine has none.
    #[error("`{options}`: `sqlite://` takes no options; write a path alone if `?` belongs to it")]
    Options {
        /// The options, with their question mark.
        options: String,
    },
}

/// What may be written for a cluster.
const STORES: &str = "`sqlite:///path/to/file.db`, `sqlite://relative.db`, a path, `memory:`, or \
                      `postgres://user@host/database`";
/// What may be written for its bus.
const BUSES: &str = "`nats://host`, `kafka://host` or `postgres://user@host/database`";

impl StoreEngine {
    /// Reads a URL, or a path.
    pub(super) fn of(url: &str) -> Result<Self, UrlError> {
        let Some((scheme, rest)) = scheme(url) else {
            return file(url);
        };
        match (scheme.to_ascii_lowercase().as_str(), rest) {
            ("memory", "" | "//") => Ok(Self::Memory),
            ("sqlite", rest) => match rest.strip_prefix("//") {
                Some(path) => match path.split_once('?') {
                    Some((_, options)) => Err(UrlError::Options {
                        options: format!("?{options}"),
                    }),
                    None => file(path),
                },
                None => file(rest),
            },
            #[cfg(feature = "postgres")]
            ("postgres" | "postgresql", _) => Ok(Self::Postgres(url.to_owned())),
            #[cfg(not(feature = "postgres"))]
            ("postgres" | "postgresql", _) => Err(missing(scheme, "postgres")),
            ("nats" | "tls" | "kafka", _) => Err(UrlError::NoStore {
                scheme: scheme.to_owned(),
            }),
            _ => Err(UrlError::Scheme {
                scheme: scheme.to_owned(),
                ways: STORES,
            }),
        }
    }

    /// The bus that it brings along, unless another one is named; `None`: one inside this process.
    pub(super) fn bus(&self) -> Option<BusEngine> {
        match self {
            Self::Sqlite(_) | Self::Memory => None,
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => Some(BusEngine::Postgres(url.clone())),
        }
    }
}

impl BusEngine {
    /// Reads a URL.
    pub(super) fn of(url: &str) -> Result<Self, UrlError> {
        let empty = UrlError::Empty {
            what: "bus",
            ways: BUSES,
        };
        let (scheme, _) = scheme(url).ok_or(empty)?;
        match scheme.to_ascii_lowercase().as_str() {
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => Ok(Self::Postgres(url.to_owned())),
            #[cfg(not(feature = "postgres"))]
            "postgres" | "postgresql" => Err(missing(scheme, "postgres")),
            #[cfg(feature = "nats")]
            "nats" | "tls" => Ok(Self::Nats(url.to_owned())),
            #[cfg(not(feature = "nats"))]
            "nats" | "tls" => Err(missing(scheme, "nats")),
            #[cfg(feature = "kafka")]
            "kafka" => Ok(Self::Kafka(url.to_owned())),
            #[cfg(not(feature = "kafka"))]
            "kafka" => Err(missing(scheme, "kafka")),
            "sqlite" | "memory" => Err(UrlError::NoBus {
                scheme: scheme.to_owned(),
                ways: BUSES,
            }),
            _ => Err(UrlError::Scheme {
                scheme: scheme.to_owned(),
                ways: BUSES,
            }),
        }
    }
}

#[cfg(not(all(feature = "postgres", feature = "nats", feature = "kafka")))]
fn missing(scheme: &str, feature: &'static str) -> UrlError {
    UrlError::Feature {
        scheme: scheme.to_owned(),
        feature,
    }
}

fn file(path: &str) -> Result<StoreEngine, UrlError> {
    if path.is_empty() {
        return Err(UrlError::Empty {
            what: "file",
            ways: STORES,
        });
    }
    Ok(StoreEngine::Sqlite(path.into()))
}

/// What stands before the colon and what behind it, if the text is no path. A single letter is a drive.
fn scheme(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    let mut letters = scheme.chars();
    let is_scheme = scheme.len() > 1
        && letters.next()?.is_ascii_alphabetic()
        && letters.all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    is_scheme.then_some((scheme, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_memory_are_understood() {
        for (url, path) in [
            ("sqlite:///var/lib/a.db", "/var/lib/a.db"),
            ("sqlite://a.db", "a.db"),
            ("sqlite://sub/a b.db", "sub/a b.db"),
            ("SQLite:///a.db", "/a.db"),
            ("sqlite:a.db", "a.db"),
            ("/var/lib/a.db", "/var/lib/a.db"),
            ("./what?.db", "./what?.db"),
            ("./a:b.db", "./a:b.db"),
            (r"C:\data\a.db", r"C:\data\a.db"),
        ] {
            assert_eq!(
                StoreEngine::of(url),
                Ok(StoreEngine::Sqlite(path.into())),
                "{url}"
            );
        }
        assert_eq!(StoreEngine::of("memory:"), Ok(StoreEngine::Memory));
        assert_eq!(StoreEngine::Memory.bus(), None);
    }

    #[test]
    fn engines_are_there_or_it_is_said_which_feature_has_them() {
        type Read = fn(&str) -> Result<(), UrlError>;
        let store: Read = |url| StoreEngine::of(url).map(drop);
        let bus: Read = |url| BusEngine::of(url).map(drop);
        for (read, url, feature, is_there) in [
            (
                store,
                "postgres://db/a",
                "postgres",
                cfg!(feature = "postgres"),
            ),
            (
                bus,
                "postgresql://db/a",
                "postgres",
                cfg!(feature = "postgres"),
            ),
            (bus, "nats://host", "nats", cfg!(feature = "nats")),
            (bus, "tls://host", "nats", cfg!(feature = "nats")),
            (bus, "Kafka://host", "kafka", cfg!(feature = "kafka")),
        ] {
            match read(url) {
                Ok(()) => assert!(is_there, "{url}"),
                Err(UrlError::Feature { feature: named, .. }) => {
                    assert!(!is_there && named == feature, "{url}");
                }
                Err(other) => panic!("{url}: {other}"),
            }
        }
    }

    #[test]
    fn what_is_not_understood_is_said_without_the_secrets_in_it() {
        let said = |url| StoreEngine::of(url).unwrap_err().to_string();
        assert_eq!(
            said("mysql://me:secret@db/antflow"),
            "there is no engine for `mysql:`: write `sqlite:///path/to/file.db`, `sqlite://relative.db`, a path, \
             `memory:`, or `postgres://user@host/database`"
        );
        assert_eq!(
            said("kafka://me:secret@host"),
            "`kafka:` is a bus, and a cluster needs a store first: connect to a store, such as `postgres://..`, and \
             name the bus beside it, by `bus(..)` or `ANTFLOW_BUS`"
        );
        assert!(said("").starts_with("the URL names no file"));
        assert!(said("sqlite://").starts_with("the URL names no file"));
        assert!(said("memory://here").starts_with("there is no engine for `memory:`"));
        assert!(
            said("sqlite://a.db?mode=ro").starts_with("`?mode=ro`: `sqlite://` takes no options")
        );
        let said = |url| BusEngine::of(url).unwrap_err().to_string();
        assert!(said("sqlite://a.db").starts_with("`sqlite:` is a store and no bus: write"));
        assert!(said("amqp://me:secret@host").starts_with("there is no engine for `amqp:`"));
        assert!(said("localhost").starts_with("the URL names no bus"));
    }
}
