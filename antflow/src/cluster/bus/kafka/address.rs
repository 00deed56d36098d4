use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::percent_decode_str;

use super::super::BusError;
use super::error::refused;

/// What a URL says.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// The brokers, with commas between them.
    pub(super) servers: String,
    pub(super) prefix: String,
    pub(super) partitions: i32,
    pub(super) replication: i32,
    /// What is for librdkafka. Their values may be secret.
    pub(super) settings: BTreeMap<String, String>,
}

/// How a URL is written.
const WAY: &str = "write `kafka://host:9092,host:9092?key=value&key=value`";

/// What the bus relies on, and sets itself.
const OWN: [&str; 13] = [
    "acks",
    "auto.offset.reset",
    "bootstrap.servers",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.partition.eof",
    "group.id",
    "group.protocol",
    "log.queue",
    "metadata.broker.list",
    "offset.store.method",
    "request.required.acks",
    "transactional.id",
];

impl Address {
    /// Reads a URL.
    pub(super) fn of(url: &str) -> Result<Self, BusError> {
        let Some(("kafka", rest)) = url.split_once("://") else {
            return Err(refused(format!("this is no URL of Kafka: {WAY}")));
        };
        let (servers, options) = rest.split_once('?').unwrap_or((rest, ""));
        let servers = servers.strip_suffix('/').unwrap_or(servers);
        if servers.contains('@') {
            return Err(refused(
                "the URL has a user before its hosts: write `sasl.username=..&sasl.password=..` behind its `?`",
            ));
        }
        let is_host = |host: &str| !host.is_empty() && !host.contains(['/', '#', ' ']);
        if !servers.split(',').all(is_host) {
            return Err(refused(format!("the URL names no broker: {WAY}")));
        }
        let mut address = Self {
            servers: servers.to_owned(),
            prefix: "antflow".to_owned(),
            partitions: 8,
            replication: -1,
            settings: BTreeMap::new(),
        };
        for option in options.split('&').filter(|option| !option.is_empty()) {
            address.take(option)?;
        }
        Ok(address)
    }

    fn take(&mut self, option: &str) -> Result<(), BusError> {
        let Some((key, value)) = option.split_once('=') else {
            return Err(refused(format!(
                "an option of the URL has no value: {WAY}; `&` in a value is `%26`"
            )));
        };
        let decoded = percent_decode_str(value).decode_utf8();
        let value = decoded
            .map_err(|_| refused(format!("the value of `{key}` is no UTF-8")))?
            .into_owned();
        match key {
            "prefix" => self.prefix = prefix(value)?,
            "partitions" => self.partitions = number(key, &value)?,
            "replication" => self.replication = number(key, &value)?,
            _ if OWN.contains(&key) => {
                return Err(refused(format!(
                    "`{key}` cannot be set: the bus relies on its own value"
                )));
            }
            _ => {
                if self.settings.insert(key.to_owned(), value).is_some() {
                    return Err(refused(format!("`{key}` is in the URL twice")));
                }
            }
        }
        Ok(())
    }

    /// Is the broker told to be one that has no idempotent producers?
    pub(super) fn is_old(&self) -> bool {
        let setting = |key: &str| self.settings.get(key).map(String::as_str);
        if setting("api.version.request") != Some("false") {
            return false;
        }
        let version = setting("broker.version.fallback").unwrap_or("0.10.0");
        let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
        let mut number = || numbers.next().unwrap_or(0);
        (number(), number()) < (0, 11)
    }
}

fn prefix(prefix: String) -> Result<String, BusError> {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if prefix.len() <= 100 && prefix.bytes().all(is_fine) {
        return Ok(prefix);
    }
    Err(refused(
        "`prefix` has to have at most 100 letters, digits, `-` and `_`",
    ))
}

fn number(key: &str, value: &str) -> Result<i32, BusError> {
    let number = value
        .parse()
        .ok()
        .filter(|number| *number == -1 || *number > 0);
    number.ok_or_else(|| {
        refused(format!(
            "`{key}` has to be a number from 1 on, or -1 for the broker's default"
        ))
    })
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address")
            .field("servers", &self.servers)
            .field("prefix", &self.prefix)
            .field("settings", &self.settings.keys())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(url: &str) -> String {
        Address::of(url).unwrap_err().to_string()
    }

    #[test]
    fn a_url_has_brokers_and_options() {
        let address = Address::of(
            "kafka://one:9092,two?prefix=shop&partitions=3&replication=2&sasl.password=a%26b%3D+c&linger.ms=5",
        )
        .unwrap();
        assert_eq!(address.servers, "one:9092,two");
        assert_eq!(address.prefix, "shop");
        assert_eq!((address.partitions, address.replication), (3, 2));
        assert_eq!(address.settings["sasl.password"], "a&b=+c");
        assert_eq!(address.settings["linger.ms"], "5");
        let plain = Address::of("kafka://[::1]:9092/").unwrap();
        assert_eq!(plain.servers, "[::1]:9092");
        assert_eq!(plain.prefix, "antflow");
        assert_eq!((plain.partitions, plain.replication), (8, -1));
        assert_eq!(Address::of("kafka://one?prefix=").unwrap().prefix, "");
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secrets() {
        for (url, said) in [
            ("nats://secret@one", "this is no URL of Kafka"),
            ("secret", "this is no URL of Kafka"),
            ("kafka://", "names no broker"),
            ("kafka://one,,two", "names no broker"),
            ("kafka://one/secret", "names no broker"),
            (
                "kafka://me:secret@one",
                "`sasl.username=..&sasl.password=..`",
            ),
            ("kafka://one?secret", "has no value"),
            (
                "kafka://one?sasl.password=a&secret",
                "`&` in a value is `%26`",
            ),
            (
                "kafka://one?sasl.password=secret%ff",
                "the value of `sasl.password` is no UTF-8",
            ),
            ("kafka://one?prefix=a.secret", "`prefix` has to have"),
            (
                "kafka://one?partitions=0",
                "`partitions` has to be a number",
            ),
            (
                "kafka://one?replication=x",
                "`replication` has to be a number",
            ),
            ("kafka://one?group.id=x", "`group.id` cannot be set"),
            ("kafka://one?acks=1", "`acks` cannot be set"),
            (
                "kafka://one?client.id=a&client.id=b",
                "`client.id` is in the URL twice",
            ),
        ] {
            let error = error(url);
            assert!(error.contains(said), "{url}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
        let address = Address::of("kafka://one?sasl.password=secret").unwrap();
        assert!(!format!("{address:?}").contains("secret"));
    }

    #[test]
    fn brokers_that_are_told_to_be_old_are_known() {
        let is_old = |options: &str| {
            Address::of(&format!("kafka://one?{options}"))
                .unwrap()
                .is_old()
        };
        assert!(!is_old(""));
        assert!(!is_old("broker.version.fallback=0.9.0.1"));
        assert!(is_old("api.version.request=false"));
        assert!(is_old(
            "api.version.request=false&broker.version.fallback=0.9.0.1"
        ));
        assert!(!is_old(
            "api.version.request=false&broker.version.fallback=0.11.0"
        ));
        assert!(!is_old(
            "api.version.request=false&broker.version.fallback=2.4"
        ));
    }
}
