//! Which engines there are, and how their URLs are read.

use std::path::PathBuf;

/// An engine of a store, with where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Engine {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// SQLite in the memory of this process.
    Memory,
}

/// What is wrong with the URL of a cluster.
///
/// It does not repeat the URL, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// There is no engine for its scheme.
    #[error("there is no engine for `{scheme}:`: write {WAYS}")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// It names nothing.
    #[error("the URL names no {what}: write {WAYS}")]
    Empty {
        /// What is missing.
        what: &'static str,
    },
    /// It has options, and its engine has none.
    #[error("`{options}`: `sqlite://` takes no options; write a path alone if `?` belongs to it")]
    Options {
        /// The options, with their question mark.
        options: String,
    },
}

/// What may be written.
const WAYS: &str = "`sqlite:///path/to/file.db`, `sqlite://relative.db`, a path, or `memory:`";

impl Engine {
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
            _ => Err(UrlError::Scheme {
                scheme: scheme.to_owned(),
            }),
        }
    }
}

fn file(path: &str) -> Result<Engine, UrlError> {
    if path.is_empty() {
        return Err(UrlError::Empty { what: "file" });
    }
    Ok(Engine::Sqlite(path.into()))
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
            assert_eq!(Engine::of(url), Ok(Engine::Sqlite(path.into())), "{url}");
        }
        assert_eq!(Engine::of("memory:"), Ok(Engine::Memory));
    }

    #[test]
    fn what_is_not_understood_is_said_without_the_secrets_in_it() {
        let said = |url| Engine::of(url).unwrap_err().to_string();
        assert_eq!(
            said("postgres://me:secret@db/antflow"),
            "there is no engine for `postgres:`: write `sqlite:///path/to/file.db`, `sqlite://relative.db`, a path, \
             or `memory:`"
        );
        assert!(said("").starts_with("the URL names no file"));
        assert!(said("sqlite://").starts_with("the URL names no file"));
        assert!(said("memory://here").starts_with("there is no engine for `memory:`"));
        assert!(
            said("sqlite://a.db?mode=ro").starts_with("`?mode=ro`: `sqlite://` takes no options")
        );
    }
}
