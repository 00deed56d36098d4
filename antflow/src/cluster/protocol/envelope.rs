use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{DecodeError, DecodeErrorKind, Message, dedup_id};
use crate::cluster::{Clock, DedupId, NodeId, Role, RunKey, SystemClock, Timestamp, WorkerKey};

/// The version of the protocol that is written.
pub const VERSION: u64 = 1;

/// A message with whom and what it is about; see the [module](super).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Envelope {
    /// The version of the protocol.
    pub v: u64,
    /// What it says.
    #[serde(flatten)]
    pub message: Message,
    /// By which a receiver knows that it has seen it.
    pub dedup_id: DedupId,
    /// When it was said, by the clock of who says it: of the store, if it comes from the outbox.
    #[serde(rename = "ts_ms")]
    pub at: Timestamp,
    /// The run that it is about.
    #[serde(rename = "run_id", default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunKey>,
    /// The node that it is about.
    #[serde(rename = "node_id", default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// The role of that node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The epoch of that node. Events of an older epoch than one has seen are of no interest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// The worker that did what it says.
    #[serde(rename = "worker_id", default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerKey>,
    /// The worker that is meant, if one is.
    #[serde(
        rename = "target_worker_id",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub target: Option<WorkerKey>,
    /// The `dedup_id` of the query that this replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corr_id: Option<DedupId>,
}

impl Envelope {
    /// Puts a message into an envelope, with the time of this machine and an id that nothing else has.
    #[must_use]
    pub fn new(message: Message) -> Self {
        let unique = uuid::Uuid::now_v7().simple().to_string();
        Self {
            v: VERSION,
            dedup_id: dedup_id([message.kind(), &unique]),
            message,
            at: SystemClock.now(),
            run: None,
            node: None,
            role: None,
            epoch: None,
            worker: None,
            target: None,
            corr_id: None,
        }
    }

    /// Says which node it is about.
    #[must_use]
    pub fn about(mut self, run: impl Into<RunKey>, node: impl Into<NodeId>) -> Self {
        self.run = Some(run.into());
        self.node = Some(node.into());
        self
    }

    /// Says which run it is about.
    #[must_use]
    pub fn about_run(mut self, run: impl Into<RunKey>) -> Self {
        self.run = Some(run.into());
        self
    }

    /// Says the role of the node.
    #[must_use]
    pub fn role(mut self, role: impl Into<Role>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// Says the epoch of the node.
    #[must_use]
    pub fn epoch(mut self, epoch: u64) -> Self {
        self.epoch = Some(epoch);
        self
    }

    /// Says which worker did it.
    #[must_use]
    pub fn worker(mut self, worker: WorkerKey) -> Self {
        self.worker = Some(worker);
        self
    }

    /// Addresses it to one worker.
    #[must_use]
    pub fn target(mut self, worker: WorkerKey) -> Self {
        self.target = Some(worker);
        self
    }

    /// Says which query it replies to.
    #[must_use]
    pub fn reply_to(mut self, query: &Self) -> Self {
        self.corr_id = Some(query.dedup_id.clone());
        self
    }

    /// Sets when it was said.
    #[must_use]
    pub fn at(mut self, at: Timestamp) -> Self {
        self.at = at;
        self
    }

    /// Gives it an id of these parts, beside its kind, run, node and epoch: the same whenever it is said again.
    #[must_use]
    pub fn same_by<'a>(mut self, parts: impl IntoIterator<Item = &'a str>) -> Self {
        let epoch = self.epoch.unwrap_or_default().to_string();
        let own = [
            self.message.kind(),
            self.run.as_ref().map_or("*", RunKey::as_str),
            self.node.as_ref().map_or("*", NodeId::as_str),
            &epoch,
        ];
        let parts: Vec<_> = parts.into_iter().collect();
        self.dedup_id = dedup_id(own.into_iter().chain(parts.iter().copied()));
        self
    }

    /// The envelope as JSON.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "every envelope has a JSON: its keys are texts, and no field fails to be written"
    )]
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("its keys are texts, and no field fails to be written")
    }

    /// Reads an envelope.
    ///
    /// # Errors
    /// The bytes and what is wrong with them.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        read(bytes).map_err(|kind| DecodeError::new(kind, bytes))
    }
}

fn read(bytes: &[u8]) -> Result<Envelope, DecodeErrorKind> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| DecodeErrorKind::NotJson(error.to_string()))?;
    let Value::Object(object) = &value else {
        return Err(DecodeErrorKind::NotJson("it is another value".into()));
    };
    let version = object.get("v").and_then(Value::as_u64);
    match version.ok_or(DecodeErrorKind::NoVersion)? {
        VERSION => {}
        found => return Err(DecodeErrorKind::UnknownVersion { found }),
    }
    if let Some(kind) = object.get("kind").and_then(Value::as_str)
        && !Message::KINDS.contains(&kind)
    {
        return Err(DecodeErrorKind::UnknownKind { kind: kind.into() });
    }
    serde_json::from_value(value).map_err(|error| DecodeErrorKind::Malformed(error.to_string()))
}
