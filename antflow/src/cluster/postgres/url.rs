use std::path::PathBuf;

use tokio_postgres::Config;

use super::tls::Mode;

/// Options of a URL that belong to whoever reads it, decoded: names and values.
pub(in crate::cluster) type Options = Vec<(String, String)>;

/// Reads a URL: what the driver knows, what TLS needs, and options with one of the `own` names.
pub(super) fn read(url: &str, own: &[&str]) -> Result<(Config, Mode, Options), String> {
    let (scheme, _) = url.split_once("://").ok_or_else(no_url)?;
    if !["postgres", "postgresql"].contains(&scheme) {
        return Err(no_url());
    }
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let mut options = Options::new();
    let mut left = Vec::new();
    let mut mode = None;
    let mut roots = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "sslmode" => mode = Some(decode(value)?),
            "sslrootcert" => roots = Some(PathBuf::from(decode(value)?)),
            _ if own.contains(&name) => options.push((name.to_owned(), decode(value)?)),
            _ => left.push(pair),
        }
    }
    let mode = Mode::of(mode.as_deref(), roots)?;
    let rest = if left.is_empty() {
        place.to_owned()
    } else {
        format!("{place}?{}", left.join("&"))
    };
    let config: Config = rest.parse().map_err(|error: tokio_postgres::Error| {
        // It names the part that is wrong, and never repeats it.
        let source = std::error::Error::source(&error).map(ToString::to_string);
        format!(
            "the URL of PostgreSQL is not understood ({}): write `postgres://user:password@host:5432/database`, with \
             `%` and two digits for what is special in names and passwords",
            source.unwrap_or_else(|| error.to_string())
        )
    })?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err("the URL of PostgreSQL names no host: write `postgres://host/database`".into());
    }
    Ok((config, mode, options))
}

fn no_url() -> String {
    "this is no URL of PostgreSQL: write `postgres://user:password@host:5432/database`".into()
}

fn decode(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err("in the options of the URL a `%` has no two digits behind it".into());
        };
        // Two digits of 16 fit.
        bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    String::from_utf8(bytes).map_err(|_| "an option of the URL is no text in UTF-8".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_options_are_taken_out_and_the_rest_is_for_the_driver() {
        let url =
            "postgres://me:secret@db.example:5433/work?schema=a%5fb&application_name=x&prefix=p";
        let (config, _, options) = read(url, &["schema", "prefix"]).unwrap();
        assert_eq!(config.get_dbname(), Some("work"));
        assert_eq!(config.get_ports(), [5433]);
        assert_eq!(config.get_application_name(), Some("x"));
        let taken = [("schema", "a_b"), ("prefix", "p")].map(|(a, b)| (a.into(), b.into()));
        assert_eq!(options, taken);
    }

    #[test]
    fn what_is_wrong_is_said_without_secrets() {
        for url in [
            "mysql://me:secret@db/x",
            "host=db password=secret",
            "postgres://me:secret@db:port/x",
            "postgres://me:secret@db/x?colour=secret",
            "postgres://me:secret@db/x?sslmode=secret",
            "postgres://me:secret@db/x?schema=%zz",
            "postgres:///x?password=secret",
        ] {
            let said = read(url, &["schema"]).err().unwrap();
            assert!(said.contains("URL") || said.contains("sslmode"), "{said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }
}
