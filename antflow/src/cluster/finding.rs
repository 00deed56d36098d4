use serde::{Deserialize, Serialize};

/// What an examination of a cluster found; see [`Cluster::diagnose`](super::Cluster::diagnose).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// What was looked at, such as `store: clock`.
    pub what: String,
    /// How it is.
    pub severity: Severity,
    /// What was seen.
    pub said: String,
    /// What to do, unless all is well.
    pub advice: Option<String>,
}

/// How bad a finding is; the worst one is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// All is well.
    Fine,
    /// The cluster works, but not as well as it could, or not for long.
    Warning,
    /// Something does not work.
    Problem,
}

impl Severity {
    /// As it is written: `fine`, `warning` or `problem`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

impl Finding {
    /// All is well.
    pub fn fine(what: impl Into<String>, said: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            severity: Severity::Fine,
            said: said.into(),
            advice: None,
        }
    }

    /// It works, but somebody should look at it.
    pub fn warning(
        what: impl Into<String>,
        said: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            advice: Some(advice.into()),
            ..Self::fine(what, said)
        }
    }

    /// It does not work.
    pub fn problem(
        what: impl Into<String>,
        said: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Problem,
            ..Self::warning(what, said, advice)
        }
    }
}
