use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cluster::protocol::{Announcement, Envelope, Topic};
use crate::cluster::state::{NodeState, RunState};
use crate::cluster::{NodeId, Role, RunKey, Timestamp, WorkerKey};

/// A worker as it is stored.
///
/// `online` or `draining`, as it announces, until it says goodbye or is not heard of for too long: then `offline`. An
/// announcement makes it online again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerRecord {
    /// What it said of itself last; with the status `offline` if it is.
    pub announcement: Announcement,
    /// When it was first heard of.
    pub first_seen: Timestamp,
    /// When it last announced itself or extended its leases.
    pub last_seen: Timestamp,
}

/// An event that waits to be said, or was: a row of the outbox, which is also the history of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutboxRecord {
    /// Its number. Later events of a node have higher ones; across nodes the order means nothing.
    pub id: i64,
    /// Where it is said.
    pub topic: Topic,
    /// What is said.
    pub envelope: Envelope,
    /// How often saying it failed.
    pub attempts: u32,
    /// When it was said.
    pub sent_at: Option<Timestamp>,
}

/// How events are tried again that could not be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxRetry {
    /// After so many failed tries an event goes to the dead letters. Default 12.
    pub max: u32,
    /// The first pause; each one is twice the one before. Default 250 ms.
    pub backoff_min: Duration,
    /// The longest pause. Default 60 s.
    pub backoff_max: Duration,
}

impl Default for OutboxRetry {
    fn default() -> Self {
        Self {
            max: 12,
            backoff_min: Duration::from_millis(250),
            backoff_max: Duration::from_secs(60),
        }
    }
}

/// Something that could not be understood or said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeadLetter {
    /// Where it came from.
    pub source: DeadLetterSource,
    /// Why it is here, as a word for machines.
    pub code: String,
    /// Why it is here, as text for people.
    pub reason: String,
    /// The bytes, as they came. Cut to the store's limit, if they are longer.
    pub raw: Vec<u8>,
}

/// Where a dead letter came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeadLetterSource {
    /// A message on a topic, by the name of the topic.
    Bus(String),
    /// An event of the outbox, by its number.
    Outbox(i64),
}

/// A dead letter as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its number.
    pub id: i64,
    /// Where it came from.
    pub source: DeadLetterSource,
    /// Why it is here, as a word for machines.
    pub code: String,
    /// Why it is here, as text for people.
    pub reason: String,
    /// The bytes.
    pub raw: Vec<u8>,
    /// Was `raw` cut?
    pub is_cut: bool,
    /// When it came here.
    pub at: Timestamp,
    /// When it was tried again.
    pub retried_at: Option<Timestamp>,
}

/// How many nodes may have a lease at once, over all runs. What is not given has no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Over all roles, coordinator functions apart.
    pub global: Option<u32>,
    /// By role.
    pub roles: BTreeMap<Role, u32>,
}

/// Ready nodes that no live worker can take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Starving {
    /// The role that is asked for.
    pub role: Role,
    /// The fingerprint that is asked for, if one is.
    pub fingerprint: Option<String>,
    /// How many nodes wait for it.
    pub nodes: u64,
    /// Since when the oldest one waits.
    pub since: Timestamp,
    /// Fingerprints that live workers have the role with: not empty if only the versions differ.
    pub offered: Vec<String>,
}

/// Which runs are listed: the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Those in one of these states; empty: in any.
    pub states: Vec<RunState>,
    /// Those behind this run in the list: where the page before ended.
    pub after: Option<RunKey>,
    /// So many at most; 0 counts as 100.
    pub limit: u32,
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Its id.
    pub id: RunKey,
    /// Its state.
    pub state: RunState,
    /// When it was submitted.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it failed or was cancelled.
    pub reason: Option<String>,
    /// How many of its nodes are in which state.
    pub nodes: BTreeMap<String, u64>,
}

/// How much of what there is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreCounts {
    /// Runs by state.
    pub runs: BTreeMap<String, u64>,
    /// Nodes by role and state, of runs that have not ended.
    pub nodes: BTreeMap<Role, BTreeMap<String, u64>>,
    /// Events that wait to be said.
    pub outbox: u64,
    /// When the oldest of them happened.
    pub outbox_since: Option<Timestamp>,
    /// Dead letters that were not tried again.
    pub dead_letters: u64,
    /// Workers that are not offline.
    pub workers: u64,
}

/// What a worker is at work on: the guide's active run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActiveRun {
    /// The run.
    #[serde(rename = "task_id")]
    pub run: RunKey,
    /// The node.
    #[serde(rename = "node_id")]
    pub node: NodeId,
    /// The role of the node.
    #[serde(rename = "step_type")]
    pub role: Role,
    /// Who has it.
    #[serde(rename = "worker_id")]
    pub worker: WorkerKey,
    /// In which epoch.
    #[serde(rename = "attempt_epoch")]
    pub epoch: u64,
    /// When it was claimed.
    #[serde(rename = "started_at_ms")]
    pub started_at: Timestamp,
    /// Until when the lease holds.
    #[serde(rename = "lease_deadline_ts_ms")]
    pub deadline: Timestamp,
    /// Running or cancelling.
    pub state: NodeState,
    /// What the handler saved last.
    pub checkpoint: Option<super::Checkpoint>,
}

/// What is kept, and for how long after it has ended. `None`: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Runs that have ended, with their nodes, artifacts, batches and events. Default: for ever.
    pub runs: Option<Duration>,
    /// Events that were said. Default 14 days.
    pub events: Option<Duration>,
    /// Dead letters. Default 30 days.
    pub dead_letters: Option<Duration>,
    /// Workers that are offline. Default 7 days.
    pub workers: Option<Duration>,
}

impl Default for Retention {
    fn default() -> Self {
        const DAY: u64 = 24 * 60 * 60;
        let days = |days| Some(Duration::from_secs(days * DAY));
        Self {
            runs: None,
            events: days(14),
            dead_letters: days(30),
            workers: days(7),
        }
    }
}

/// How much was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// Runs, with all that belongs to them.
    pub runs: u64,
    /// Events.
    pub events: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// Workers.
    pub workers: u64,
    /// There is more: call again.
    pub is_more: bool,
}
