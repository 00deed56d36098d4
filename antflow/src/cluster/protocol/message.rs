use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cluster::state::RunState;
use crate::cluster::{BatchUid, LeaseId, ReasonCode, Role, RunKey, Timestamp, WorkerKey};

/// Numbers that a handler reports, by name.
pub type Metrics = BTreeMap<String, f64>;

/// What a message says; the [module](super) has a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Message {
    /// A node may be claimed: whoever has a free slot looks into the store.
    TaskStart,
    /// A node has new artifacts.
    Artifacts {
        /// The sequence number of its last one.
        last_seq: u64,
    },
    /// A worker has to end a node.
    Cancel {
        /// Why.
        reason: String,
        /// How long it may take, in milliseconds.
        grace_ms: u64,
        /// Which holding of the lease is meant.
        lease_id: LeaseId,
    },
    /// A worker is there: said at its start and again and again.
    WorkerOnline(Announcement),
    /// A worker goes away.
    WorkerOffline(Announcement),
    /// A worker has claimed a node.
    TaskAccepted {
        /// Its holding of the lease.
        lease_id: LeaseId,
    },
    /// A worker that started again has taken up its node, in the same epoch.
    TaskResumed {
        /// Its new holding of the lease.
        lease_id: LeaseId,
    },
    /// A worker is at work on a node.
    TaskHeartbeat {
        /// Its holding of the lease.
        lease_id: LeaseId,
        /// Until when it holds, by the store's clock.
        #[serde(rename = "lease_deadline_ts_ms")]
        lease_deadline: Timestamp,
    },
    /// A batch is committed.
    BatchOk {
        /// Which one.
        batch_uid: BatchUid,
        /// What the handler reported of it.
        metrics: Metrics,
        /// How many artifacts it wrote.
        artifacts: u64,
    },
    /// An attempt failed, and there will be another one.
    TaskDeferred {
        /// What went wrong.
        #[serde(flatten)]
        failure: Failure,
        /// When the node may be claimed again, by the store's clock.
        #[serde(rename = "retry_at_ms")]
        retry_at: Timestamp,
    },
    /// A node has finished.
    TaskDone {
        /// The sums of its batches, and what was reported at the end.
        metrics: Metrics,
    },
    /// A node has failed.
    TaskFailed(Failure),
    /// A worker gave its node back.
    TaskReleased {
        /// Why.
        reason: String,
    },
    /// A lease was not extended in time.
    LeaseExpired {
        /// The holding that ended.
        lease_id: LeaseId,
    },
    /// A node was cancelled.
    Cancelled {
        /// Why.
        reason: String,
    },
    /// A run was submitted.
    RunStarted,
    /// A run has ended.
    RunEnded {
        /// How.
        state: RunState,
        /// Why it failed or was cancelled.
        reason: Option<String>,
    },
    /// Asks workers how they are: all, or the one it is addressed to.
    Query,
    /// Says how a worker is.
    Reply(Health),
    /// A coordinator found something that somebody should look at.
    Warning(Warning),
}

impl Message {
    /// The kinds of this version, as they are written.
    pub const KINDS: [&'static str; 20] = [
        "task_start",
        "artifacts",
        "cancel",
        "worker_online",
        "worker_offline",
        "task_accepted",
        "task_resumed",
        "task_heartbeat",
        "batch_ok",
        "task_deferred",
        "task_done",
        "task_failed",
        "task_released",
        "lease_expired",
        "cancelled",
        "run_started",
        "run_ended",
        "query",
        "reply",
        "warning",
    ];

    /// The kind, as it is written.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::TaskStart => "task_start",
            Self::Artifacts { .. } => "artifacts",
            Self::Cancel { .. } => "cancel",
            Self::WorkerOnline(_) => "worker_online",
            Self::WorkerOffline(_) => "worker_offline",
            Self::TaskAccepted { .. } => "task_accepted",
            Self::TaskResumed { .. } => "task_resumed",
            Self::TaskHeartbeat { .. } => "task_heartbeat",
            Self::BatchOk { .. } => "batch_ok",
            Self::TaskDeferred { .. } => "task_deferred",
            Self::TaskDone { .. } => "task_done",
            Self::TaskFailed(_) => "task_failed",
            Self::TaskReleased { .. } => "task_released",
            Self::LeaseExpired { .. } => "lease_expired",
            Self::Cancelled { .. } => "cancelled",
            Self::RunStarted => "run_started",
            Self::RunEnded { .. } => "run_ended",
            Self::Query => "query",
            Self::Reply(_) => "reply",
            Self::Warning(_) => "warning",
        }
    }
}

/// What went wrong in an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// `reason_code`: what went wrong, as a word for machines.
    #[serde(rename = "reason_code")]
    pub code: ReasonCode,
    /// Is there no point in trying again?
    pub permanent: bool,
    /// What went wrong, as text for people.
    pub error: Option<String>,
    /// In which batch, if it was in one.
    pub batch_uid: Option<BatchUid>,
}

impl Failure {
    /// A failure after which another attempt may do better.
    #[must_use]
    pub fn transient(code: impl Into<ReasonCode>, error: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            permanent: false,
            error: Some(error.into()),
            batch_uid: None,
        }
    }

    /// A failure after which no attempt can do better.
    #[must_use]
    pub fn permanent(code: impl Into<ReasonCode>, error: impl Into<String>) -> Self {
        Self {
            permanent: true,
            ..Self::transient(code, error)
        }
    }

    /// Says in which batch it was.
    #[must_use]
    pub fn in_batch(mut self, batch: BatchUid) -> Self {
        self.batch_uid = Some(batch);
        self
    }
}

/// Something that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What it is, as a word for machines: `no_worker`, `worker_silent`, `event_unsaid`.
    pub code: ReasonCode,
    /// What it is and what to do, as text for people.
    pub text: String,
}

/// What a worker says of itself: the fields of the guide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// Its id.
    #[serde(rename = "worker_id")]
    pub worker: WorkerKey,
    /// Its roles, with commas between them.
    #[serde(rename = "type")]
    pub roles_text: String,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Its version.
    pub version: String,
    /// How much it can do at once.
    pub capacity: Capacity,
    /// `online`, `draining` or `offline`.
    pub status: String,
}

/// What a worker can do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Its roles.
    pub roles: Vec<Role>,
    /// The fingerprints of its roles' types, where they have one.
    #[serde(default)]
    pub fingerprints: BTreeMap<Role, String>,
}

/// How much a worker can do at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// How many nodes.
    pub tasks: u32,
}

/// How a worker is: the fields of the guide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Its id.
    #[serde(rename = "worker_id")]
    pub worker: WorkerKey,
    /// Its roles.
    pub roles: Vec<Role>,
    /// Has it no free slot?
    pub busy: bool,
    /// The first run it works for, if any.
    pub active_task: Option<RunKey>,
    /// When the store last extended its leases, by the store's clock.
    pub last_heartbeat: Option<Timestamp>,
}
