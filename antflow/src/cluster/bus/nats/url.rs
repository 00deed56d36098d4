//! The parts of a URL: servers, who asks, options.

use percent_encoding::percent_decode_str;

use super::super::BusError;
use super::super::refuse::{check_prefix, refused};

/// The prefix of names in a broker, unless the URL says another one.
const PREFIX: &str = "antflow";

/// The URL of a bus, in its parts. It has no `Debug`, as it may hold a password.
pub(super) struct BusUrl {
    pub(super) scheme: String,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    /// Between commas.
    pub(super) hosts: Vec<String>,
    options: Vec<(String, String)>,
}

impl BusUrl {
    /// Takes a URL apart: `scheme://[user[:password]@]host[:port][,host[:port]][/][?option=value[&..]]`.
    pub(super) fn parse(url: &str) -> Result<Self, BusError> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(refused(
                "the URL of the bus has no scheme, such as `nats://`",
            ));
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (who, hosts) = match place.rsplit_once('@') {
            Some((who, hosts)) => (Some(who), hosts),
            None => (None, place),
        };
        let (user, password) = match who.map(|who| who.split_once(':').unwrap_or((who, ""))) {
            Some((user, "")) => (Some(decoded(user)?), None),
            Some((user, password)) => (Some(decoded(user)?), Some(decoded(password)?)),
            None => (None, None),
        };
        let hosts = hosts.trim_end_matches('/').split(',');
        let hosts: Vec<_> = hosts.filter(|host| !host.is_empty()).collect();
        if hosts.is_empty() {
            return Err(refused(format!(
                "the URL of the bus names no server: write `{scheme}://host:port`"
            )));
        }
        let mut options = Vec::new();
        for option in query.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let name = decoded(name)?;
            if options.iter().any(|(other, _)| *other == name) {
                return Err(refused(format!("the URL of the bus has `{name}` twice")));
            }
            options.push((name, decoded(value)?));
        }
        Ok(Self {
            scheme: scheme.to_ascii_lowercase(),
            user,
            password,
            hosts: hosts.into_iter().map(str::to_owned).collect(),
            options,
        })
    }

    /// The value of an option, which is understood by that.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let place = self.options.iter().position(|(other, _)| other == name)?;
        Some(self.options.swap_remove(place).1)
    }

    /// With what names in the broker begin: letters, digits, `-` and `_`.
    pub(super) fn take_prefix(&mut self) -> Result<String, BusError> {
        let prefix = self.take("prefix").unwrap_or_else(|| PREFIX.to_owned());
        check_prefix(&prefix)?;
        Ok(prefix)
    }

    /// Is there an option that nobody understood?
    pub(super) fn all_taken(&self, known: &[&str]) -> Result<(), BusError> {
        let Some((name, _)) = self.options.first() else {
            return Ok(());
        };
        let known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
        Err(refused(format!(
            "the URL of the bus has an option `{name}`, and `{}://` takes {}",
            self.scheme,
            known.join(", ")
        )))
    }
}

fn decoded(text: &str) -> Result<String, BusError> {
    let text = percent_decode_str(text).decode_utf8();
    let text = text.map_err(|_| refused("the URL of the bus is no UTF-8 once `%` is decoded"))?;
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_url_are_found() {
        let mut url = BusUrl::parse(
            "NATS://me%40home:p%3Aw:x@a:1,[::1]:2/?prefix=p_1&creds=%2Fetc%2Fa%20b&flag",
        )
        .unwrap();
        assert_eq!(url.scheme, "nats");
        assert_eq!(url.user.as_deref(), Some("me@home"));
        assert_eq!(url.password.as_deref(), Some("p:w:x"));
        assert_eq!(url.hosts, ["a:1", "[::1]:2"]);
        assert_eq!(url.take_prefix().unwrap(), "p_1");
        assert_eq!(url.take("creds").as_deref(), Some("/etc/a b"));
        assert_eq!(url.take("none"), None);
        let error = url.all_taken(&["prefix", "creds"]).unwrap_err().to_string();
        assert!(
            error.ends_with("an option `flag`, and `nats://` takes `prefix`, `creds`"),
            "{error}"
        );
        let mut url = BusUrl::parse("nats://token@a").unwrap();
        assert_eq!(
            (url.user.as_deref(), url.password.as_deref()),
            (Some("token"), None)
        );
        assert_eq!(url.take("prefix"), None);
        assert_eq!(
            BusUrl::parse("nats://a").unwrap().take_prefix().unwrap(),
            PREFIX
        );
    }

    #[test]
    fn what_is_wrong_is_said_without_secrets() {
        for (url, what) in [
            ("localhost:4222", "no scheme"),
            ("nats://", "names no server"),
            ("nats://me:secret@?prefix=a", "names no server"),
            ("nats://me:secret@a?x=secret&x=secret", "has `x` twice"),
            ("nats://secret%ff@a", "no UTF-8"),
        ] {
            let error = BusUrl::parse(url).map(drop).unwrap_err().to_string();
            assert!(error.contains(what) && !error.contains("secret"), "{error}");
        }
        for prefix in ["", "a.b", "a*", "ä", &"a".repeat(65)] {
            let mut url = BusUrl::parse(&format!("nats://a?prefix={prefix}")).unwrap();
            url.take_prefix().unwrap_err();
        }
    }
}
