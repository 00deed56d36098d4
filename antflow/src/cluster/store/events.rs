//! What is said of what changed: the same envelopes from every engine.
//!
//! A store writes them into its outbox, in the transaction of the change, with the moment of its clock. Their
//! [`dedup_id`](Envelope::dedup_id)s come from what happened, so that an event which is said twice is known.

use crate::cluster::protocol::{Envelope, Failure, Message, Topic};
use crate::cluster::state::RunState;
use crate::cluster::{LeaseId, NodeId, Role, RunKey, Timestamp, WorkerKey};

use super::BatchCommit;

/// An event with the topic on which it is said.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Where.
    pub topic: Topic,
    /// What.
    pub envelope: Envelope,
}

/// The node that events are about, as it is after the change.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Its run.
    pub run: &'a RunKey,
    /// Its id.
    pub node: &'a NodeId,
    /// Its role.
    pub role: &'a Role,
    /// Its epoch.
    pub epoch: u64,
    /// The worker whose lease it was or is, if there is one.
    pub worker: Option<&'a WorkerKey>,
    /// When it changed, by the store's clock.
    pub at: Timestamp,
}

impl About<'_> {
    fn say(&self, message: Message, same_by: &[&str]) -> Event {
        let mut envelope = Envelope::new(message)
            .about(self.run.clone(), self.node.clone())
            .role(self.role.clone())
            .epoch(self.epoch)
            .at(self.at)
            .same_by(same_by.iter().copied());
        envelope.worker = self.worker.cloned();
        Event {
            topic: Topic::Status(self.role.clone()),
            envelope,
        }
    }

    /// It was claimed.
    #[must_use]
    pub fn accepted(&self, lease_id: &LeaseId) -> Event {
        let message = Message::TaskAccepted {
            lease_id: lease_id.clone(),
        };
        self.say(message, &[lease_id.as_str()])
    }

    /// Its worker started again.
    #[must_use]
    pub fn resumed(&self, lease_id: &LeaseId) -> Event {
        let message = Message::TaskResumed {
            lease_id: lease_id.clone(),
        };
        self.say(message, &[lease_id.as_str()])
    }

    /// A batch was committed.
    #[must_use]
    pub fn batch_ok(&self, batch: &BatchCommit) -> Event {
        let message = Message::BatchOk {
            batch_uid: batch.uid.clone(),
            metrics: batch.metrics.clone(),
            artifacts: batch.artifacts.len() as u64,
        };
        self.say(message, &[batch.uid.as_str()])
    }

    /// It finished; `metrics` are its totals.
    #[must_use]
    pub fn done(&self, metrics: &crate::cluster::protocol::Metrics) -> Event {
        let message = Message::TaskDone {
            metrics: metrics.clone(),
        };
        self.say(message, &[])
    }

    /// It failed, and will be tried again.
    #[must_use]
    pub fn deferred(&self, failure: Failure, retry_at: Timestamp) -> Event {
        self.say(Message::TaskDeferred { failure, retry_at }, &[])
    }

    /// It failed for good.
    #[must_use]
    pub fn failed(&self, failure: Failure) -> Event {
        self.say(Message::TaskFailed(failure), &[])
    }

    /// It was given back.
    #[must_use]
    pub fn released(&self, lease_id: &LeaseId, reason: String) -> Event {
        self.say(Message::TaskReleased { reason }, &[lease_id.as_str()])
    }

    /// Its lease was reaped.
    #[must_use]
    pub fn lease_expired(&self, lease_id: &LeaseId) -> Event {
        let message = Message::LeaseExpired {
            lease_id: lease_id.clone(),
        };
        self.say(message, &[lease_id.as_str()])
    }

    /// It was cancelled.
    #[must_use]
    pub fn cancelled(&self, reason: String) -> Event {
        self.say(Message::Cancelled { reason }, &[])
    }
}

/// A run was submitted.
#[must_use]
pub fn run_started(run: &RunKey, at: Timestamp) -> Event {
    of_run(Message::RunStarted, run, at)
}

/// A run has ended.
#[must_use]
pub fn run_ended(run: &RunKey, state: RunState, reason: Option<String>, at: Timestamp) -> Event {
    of_run(Message::RunEnded { state, reason }, run, at)
}

fn of_run(message: Message, run: &RunKey, at: Timestamp) -> Event {
    Event {
        topic: Topic::Runs,
        envelope: Envelope::new(message)
            .about_run(run.clone())
            .at(at)
            .same_by([]),
    }
}
