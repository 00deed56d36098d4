use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cluster::graph::Mistake;
use crate::cluster::graph::error::Mistakes;

/// Why there is no configuration.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: Arc<io::Error>,
    },
    /// The file is no JSON or TOML.
    Syntax {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// Values are wrong: all of them, in order.
    Values(Vec<Mistake>),
}

impl ConfigError {
    pub(in crate::cluster) fn of(mistakes: Mistakes) -> Option<Self> {
        let mistakes = mistakes.into_list();
        (!mistakes.is_empty()).then_some(Self::Values(mistakes))
    }

    /// The values that are wrong, if it is that.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        match self {
            Self::Values(mistakes) => mistakes,
            Self::File { .. } | Self::Syntax { .. } => &[],
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, source } => {
                write!(f, "`{}` cannot be read: {source}", path.display())
            }
            Self::Syntax { path, reason } => {
                write!(f, "`{}` is no configuration: {reason}", path.display())
            }
            Self::Values(mistakes) => {
                for (index, mistake) in mistakes.iter().enumerate() {
                    let between = if index > 0 { "; " } else { "" };
                    write!(f, "{between}{mistake}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(&**source),
            Self::Syntax { .. } | Self::Values(_) => None,
        }
    }
}
