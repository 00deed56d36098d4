use std::fmt;

/// Why bytes are no message. It keeps them, for the dead letters.
#[derive(Clone, PartialEq, Eq)]
pub struct DecodeError {
    kind: DecodeErrorKind,
    raw: Box<[u8]>,
}

/// What is wrong with bytes that should be a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// They are no JSON, or no object.
    #[error("this is no JSON object: {0}")]
    NotJson(String),
    /// `v` is missing or no number.
    #[error("`v`, the version of the protocol, is missing or no whole number")]
    NoVersion,
    /// Another version of antflow wrote it.
    #[error(
        "this is version {found} of the protocol, and versions up to {known} are understood",
        known = super::VERSION
    )]
    UnknownVersion {
        /// The version that was found.
        found: u64,
    },
    /// There is no such kind of message in this version.
    #[error("the kind `{kind}` is unknown")]
    UnknownKind {
        /// The kind that was found.
        kind: String,
    },
    /// A field is missing or has the wrong type.
    #[error("the message is malformed: {0}")]
    Malformed(String),
}

impl DecodeErrorKind {
    /// The kind as a word for machines, such as `unknown_version`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotJson(_) => "not_json",
            Self::NoVersion => "no_version",
            Self::UnknownVersion { .. } => "unknown_version",
            Self::UnknownKind { .. } => "unknown_kind",
            Self::Malformed(_) => "malformed",
        }
    }
}

impl DecodeError {
    pub(super) fn new(kind: DecodeErrorKind, raw: &[u8]) -> Self {
        Self {
            kind,
            raw: raw.into(),
        }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.kind
    }

    /// The bytes, as they came.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The bytes, as they came.
    #[must_use]
    pub fn into_raw(self) -> Box<[u8]> {
        self.raw
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("kind", &self.kind)
            .field("raw", &String::from_utf8_lossy(&self.raw))
            .finish()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for DecodeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.kind)
    }
}
