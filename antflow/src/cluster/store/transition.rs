use std::time::Duration;

use super::{CancelNotice, ClaimRequest, HeldLease, Lease, NodeRecord, Payload, StoreError};
use crate::cluster::graph::{Node, RetryPolicy};
use crate::cluster::protocol::Failure;
use crate::cluster::state::{
    AfterFailure, AfterLoss, NodeState, after_failure, after_loss, initial_state,
};
use crate::cluster::{LeaseId, RunKey, Timestamp};

/// What a lease is to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is held.
    Held,
    /// It is the one by which its worker ended or gave back the node: what ends a lease is repeated, and has nothing to
    /// do; anything else is fenced.
    Ended,
}

/// How nodes change: the same in every store, which loads a record under its lock, changes it and writes it.
///
/// None of these reads a clock or decides on what follows for others: that is
/// [`settle`](crate::cluster::state::settle).
impl NodeRecord {
    /// The node of a new run, at its place in the graph.
    #[must_use]
    pub fn new(run: RunKey, place: usize, node: &Node) -> Self {
        Self {
            run,
            id: node.id.clone(),
            place,
            role: node.role.clone(),
            state: initial_state(node),
            epoch: 0,
            lease: None,
            ended_lease: None,
            failures: 0,
            interruptions: 0,
            retry_at: None,
            last_failure: None,
            cancel_reason: None,
            cancel_deadline: None,
            totals: super::Totals::default(),
            result: None,
            ready_at: None,
            started_at: None,
            claimed_at: None,
            ended_at: None,
        }
    }

    /// What this lease is to the node.
    ///
    /// # Errors
    /// [`Fenced`](StoreError::Fenced): nothing, any more.
    pub fn standing(&self, lease: &Lease) -> Result<Standing, StoreError> {
        let held = self.lease.as_ref().is_some_and(|held| {
            held.id == lease.id && held.worker == lease.worker && self.epoch == lease.epoch
        });
        if held {
            Ok(Standing::Held)
        } else if self.epoch == lease.epoch && self.ended_lease.as_ref() == Some(&lease.id) {
            Ok(Standing::Ended)
        } else {
            Err(self.fenced(lease))
        }
    }

    /// Checks that this lease is held: what everything asks for that does not end a lease.
    ///
    /// # Errors
    /// [`Fenced`](StoreError::Fenced): it is held no more, or was ended by its worker.
    pub fn check_held(&self, lease: &Lease) -> Result<(), StoreError> {
        match self.standing(lease)? {
            Standing::Held => Ok(()),
            Standing::Ended => Err(self.fenced(lease)),
        }
    }

    fn fenced(&self, lease: &Lease) -> StoreError {
        StoreError::Fenced {
            lease: Box::new(lease.clone()),
            state: self.state,
            epoch: self.epoch,
        }
    }

    /// The lease by which the node is held.
    #[must_use]
    pub fn held_lease(&self) -> Option<Lease> {
        self.lease.as_ref().map(|held| Lease {
            run: self.run.clone(),
            node: self.id.clone(),
            worker: held.worker.clone(),
            epoch: self.epoch,
            id: held.id.clone(),
        })
    }

    /// May the node be claimed now, as far as it is up to the node?
    #[must_use]
    pub fn is_claimable(&self, now: Timestamp) -> bool {
        match self.state {
            NodeState::Ready => true,
            NodeState::Deferred => self.retry_at.is_none_or(|at| at <= now),
            NodeState::Open
            | NodeState::Queued
            | NodeState::Running
            | NodeState::Cancelling
            | NodeState::Finished
            | NodeState::Failed
            | NodeState::Cancelled => false,
        }
    }

    /// Gives a claimable node to a worker: a new epoch, a new lease.
    pub fn claim(&mut self, request: &ClaimRequest, now: Timestamp) {
        self.enter(NodeState::Running, now);
        self.epoch += 1;
        self.lease = Some(HeldLease {
            worker: request.worker.clone(),
            id: LeaseId::random(),
            deadline: now.after(request.ttl),
        });
        self.started_at.get_or_insert(now);
        self.claimed_at = Some(now);
    }

    /// Gives a node that a worker had to the same worker again: the same epoch, a new lease. A running one that was
    /// interrupted too often fails instead.
    pub fn resume(&mut self, ttl: Duration, policy: &RetryPolicy, now: Timestamp) -> AfterLoss {
        let after = self.count_interruption(policy, now);
        if after == AfterLoss::GoOn
            && let Some(held) = &mut self.lease
        {
            held.id = LeaseId::random();
            held.deadline = held.deadline.max(now.after(ttl));
        }
        after
    }

    /// Holds the lease for so much longer; its deadline never goes back.
    pub fn extend(&mut self, ttl: Duration, now: Timestamp) {
        if let Some(held) = &mut self.lease {
            held.deadline = held.deadline.max(now.after(ttl));
        }
    }

    /// May the lease be reaped?
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        let lease = self.lease.as_ref().is_some_and(|held| held.deadline < now);
        let grace = self.cancel_deadline.is_some_and(|deadline| deadline < now);
        self.state.is_leased() && (lease || grace)
    }

    /// Takes the node from a worker that is not heard of: ready again, failed if that happened too often, or cancelled.
    pub fn reap(&mut self, policy: &RetryPolicy, now: Timestamp) {
        if self.state == NodeState::Cancelling {
            self.enter(NodeState::Cancelled, now);
        } else if self.count_interruption(policy, now) == AfterLoss::GoOn {
            self.enter(NodeState::Ready, now);
        }
    }

    fn count_interruption(&mut self, policy: &RetryPolicy, now: Timestamp) -> AfterLoss {
        if self.state != NodeState::Running {
            return AfterLoss::GoOn;
        }
        self.interruptions = self.interruptions.saturating_add(1);
        let after = after_loss(policy, self.interruptions);
        if after == AfterLoss::GiveUp {
            let times = self.interruptions;
            let error = format!("its worker was lost {times} times in a row without any progress");
            self.last_failure = Some(Failure::permanent("worker_lost", error));
            self.enter(NodeState::Failed, now);
        }
        after
    }

    /// Ends an attempt that failed: deferred, failed, or cancelled if it had to end and could have been retried.
    pub fn fail(&mut self, failure: Failure, policy: &RetryPolicy, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        let after = after_failure(policy, self.failures, &failure.code, failure.permanent);
        self.last_failure = Some(failure);
        match after {
            AfterFailure::Retry(_) if self.state == NodeState::Cancelling => {
                self.end(NodeState::Cancelled, now);
            }
            AfterFailure::Retry(wait) => {
                self.end(NodeState::Deferred, now);
                self.retry_at = Some(now.after(wait));
            }
            AfterFailure::Permanent | AfterFailure::Exhausted => self.end(NodeState::Failed, now),
        }
    }

    /// Gives the node back: ready, or cancelled if it had to end.
    pub fn release(&mut self, now: Timestamp) {
        let next = if self.state == NodeState::Cancelling {
            NodeState::Cancelled
        } else {
            NodeState::Ready
        };
        self.end(next, now);
    }

    /// Ends the node well.
    pub fn finish(&mut self, result: Option<Payload>, now: Timestamp) {
        self.end(NodeState::Finished, now);
        self.result = result;
    }

    /// Does what settling says: becomes ready, cancelled or cancelling, in the latter two cases for this reason, and
    /// until now + `grace`.
    pub fn settle(
        &mut self,
        next: NodeState,
        reason: Option<&str>,
        grace: Duration,
        now: Timestamp,
    ) {
        self.enter(next, now);
        if matches!(next, NodeState::Cancelling | NodeState::Cancelled) {
            self.cancel_reason = reason.map(ToOwned::to_owned);
        }
        if next == NodeState::Cancelling {
            self.cancel_deadline = Some(now.after(grace));
        }
    }

    /// A batch was committed or a checkpoint saved: what went wrong before counts no more.
    pub fn made_progress(&mut self) {
        self.failures = 0;
        self.interruptions = 0;
    }

    /// What its worker has to be told, if the node has to end.
    #[must_use]
    pub fn cancel_notice(&self, now: Timestamp) -> Option<CancelNotice> {
        let deadline = self.cancel_deadline?;
        Some(CancelNotice {
            lease: self.held_lease()?,
            reason: self
                .cancel_reason
                .clone()
                .unwrap_or_else(|| "unknown".to_owned()),
            grace: deadline.since(now),
        })
    }

    /// Its worker says that it had to end and has ended.
    ///
    /// # Errors
    /// [`WrongState`](StoreError::WrongState): nobody cancels it.
    pub fn cancelled(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if self.state != NodeState::Cancelling {
            return Err(StoreError::WrongState {
                what: "node",
                id: self.id.to_string(),
                state: self.state.as_str(),
                need: "only what is being cancelled can end as cancelled: let it fail or give it back",
            });
        }
        self.end(NodeState::Cancelled, now);
        Ok(())
    }

    /// Closes an input node.
    ///
    /// # Errors
    /// [`WrongState`](StoreError::WrongState): it is not open.
    pub fn close(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if self.state != NodeState::Open {
            return Err(StoreError::WrongState {
                what: "node",
                id: self.id.to_string(),
                state: self.state.as_str(),
                need: "only an open input node can be closed",
            });
        }
        self.enter(NodeState::Finished, now);
        Ok(())
    }

    /// Ends the lease by its worker's own word.
    fn end(&mut self, next: NodeState, now: Timestamp) {
        let lease = self.lease.as_ref().map(|held| held.id.clone());
        self.enter(next, now);
        self.ended_lease = lease;
    }

    /// Changes the state, and all that goes with it.
    fn enter(&mut self, next: NodeState, now: Timestamp) {
        debug_assert!(self.state.may_become(next), "{:?} -> {next:?}", self.state);
        self.state = next;
        self.retry_at = None;
        if !next.is_leased() {
            self.lease = None;
        }
        if next != NodeState::Cancelling {
            self.cancel_deadline = None;
        }
        if next == NodeState::Ready {
            self.ready_at = Some(now);
        }
        if next.is_terminal() {
            self.ended_at = Some(now);
        }
    }
}
