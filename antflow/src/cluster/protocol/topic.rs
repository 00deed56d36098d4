use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cluster::Role;

/// Where a message is said. Written as the name that brokers know it by.
///
/// ```
/// use antflow::cluster::protocol::Topic;
///
/// let topic = Topic::Commands("parser".into());
/// assert_eq!(topic.to_string(), "cmd.parser.v1");
/// assert_eq!(Topic::from_name("cmd.parser.v1"), Some(topic));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[non_exhaustive]
pub enum Topic {
    /// `cmd.{role}.v1`: hints that there is work. Each is for one worker with the role.
    Commands(Role),
    /// `status.{role}.v1`: what becomes of the nodes with the role.
    Status(Role),
    /// `runs.v1`: what becomes of runs.
    Runs,
    /// `workers.announce.v1`: workers come and go.
    Announce,
    /// `signals.v1`: what workers have to do at once.
    Signals,
    /// `artifacts.v1`: hints that there is something to read. A bus may leave it out.
    Artifacts,
    /// `query.tasks.v1`: questions to workers, heard by all of them.
    Query,
    /// `reply.tasks.v1`: their answers.
    Reply,
    /// `warnings.v1`: what somebody should look at.
    Warnings,
}

impl Topic {
    /// The topic of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let role = |prefix: &str| {
            let role = name.strip_prefix(prefix)?.strip_suffix(".v1")?;
            (!role.is_empty()).then(|| Role::from(role))
        };
        Some(match name {
            "runs.v1" => Self::Runs,
            "workers.announce.v1" => Self::Announce,
            "signals.v1" => Self::Signals,
            "artifacts.v1" => Self::Artifacts,
            "query.tasks.v1" => Self::Query,
            "reply.tasks.v1" => Self::Reply,
            "warnings.v1" => Self::Warnings,
            _ => {
                return role("cmd.")
                    .map(Self::Commands)
                    .or_else(|| role("status.").map(Self::Status));
            }
        })
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commands(role) => write!(f, "cmd.{role}.v1"),
            Self::Status(role) => write!(f, "status.{role}.v1"),
            Self::Runs => f.write_str("runs.v1"),
            Self::Announce => f.write_str("workers.announce.v1"),
            Self::Signals => f.write_str("signals.v1"),
            Self::Artifacts => f.write_str("artifacts.v1"),
            Self::Query => f.write_str("query.tasks.v1"),
            Self::Reply => f.write_str("reply.tasks.v1"),
            Self::Warnings => f.write_str("warnings.v1"),
        }
    }
}

impl From<Topic> for String {
    fn from(topic: Topic) -> Self {
        topic.to_string()
    }
}

impl TryFrom<String> for Topic {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::from_name(&name).ok_or_else(|| format!("there is no topic `{name}`"))
    }
}
