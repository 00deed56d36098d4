use super::{
    ArtifactPage, Assignment, CancelNotice, ClaimRequest, CommitRequest, Committed, Effects,
    ExtendRequest, Extended, Failed, Finish, Lease, Payload, ReadRequest, ResumeRequest,
    StoreFuture,
};
use crate::cluster::protocol::Failure;
use crate::cluster::{BatchUid, NodeId, RunKey, WorkerKey};

/// What workers do with a store. Coordinators do it too, for coordinator functions.
pub trait WorkStore: Send + Sync {
    /// Gives a worker nodes to work on, `slots` at most.
    ///
    /// Of the nodes whose run is `running`, which are `ready`, or `deferred` with `retry_at` not after now, and which
    /// an offer [fits](super::Offer::fits), of the run that is asked for if one is, those with the lowest priority of the run come first, then the smallest
    /// `ready_at`, then run id and place. A node is passed over while as many nodes are running or cancelling as
    /// [`Limits`](super::Limits) allow for its role or for all; no sequence of concurrent claims goes beyond a limit.
    /// Each node given becomes `running`, with `epoch + 1`, a new lease of this worker until now + `ttl`,
    /// `claimed_at` and, the first time, `started_at` now; `retry_at` goes. Event: `task_accepted`.
    ///
    /// One transaction. Concurrent claims never give the same node twice, and do not wait for each other's nodes.
    ///
    /// Asked again after [`Unavailable`](super::StoreError::Unavailable), it may give others: those of the first time
    /// are with the worker all the same, and come back by [`resume`](Self::resume) or by reaping.
    fn claim(&self, request: ClaimRequest) -> StoreFuture<'_, Vec<Assignment>>;

    /// Gives a worker that starts again the nodes it had, in their epochs.
    ///
    /// All nodes running or cancelling by a lease of this worker id, also past their deadlines. Each running one
    /// counts one interruption more, by [`after_loss`](crate::cluster::state::after_loss): one that is given up fails
    /// with the code `worker_lost`, and one that no offer fits becomes `ready`, as by [`release`](Self::release). The
    /// others get a new lease id in the same epoch, until now + `ttl`, which shuts out whoever had the old one.
    /// Event: `task_resumed`.
    ///
    /// Called once at the start of a worker, before it claims.
    fn resume(&self, request: ResumeRequest) -> StoreFuture<'_, (Vec<Assignment>, Effects)>;

    /// Extends leases, and says which are lost and which have to be ended: the heartbeat of a worker, one call for all.
    ///
    /// Deadlines of those that are held become the later of what they are and now + `ttl`, also for nodes that are
    /// cancelling. Sets the worker's `last_seen`, if it is registered. One statement, however many leases. No event.
    fn extend(&self, request: ExtendRequest) -> StoreFuture<'_, Extended>;

    /// Which nodes a worker has to end: what [`extend`](Self::extend) says, without extending anything.
    fn cancel_notices(&self, worker: WorkerKey) -> StoreFuture<'_, Vec<CancelNotice>>;

    /// Reads artifacts of a node, by sequence number.
    ///
    /// Everything it says is of one snapshot: `is_end` is true only if the source's state is terminal and there is no
    /// artifact of the share behind `next_after`. So nothing that a source wrote before its end can be missed. With a
    /// partition, `next_after` also moves over artifacts of other shares, up to the last one looked at; without
    /// anything to give it is at least `after_seq`. An index on run, node and sequence number is read from
    /// `after_seq` on, and nothing before.
    ///
    /// Needs no lease: it is for readers of results too.
    fn read_artifacts(&self, request: ReadRequest) -> StoreFuture<'_, ArtifactPage>;

    /// Which of these batches of a node are committed, in the order in which they were asked for.
    ///
    /// For handlers that make their batches themselves, and for batches done out of order: a worker that goes on asks
    /// for many at once, and skips what is committed.
    fn committed(
        &self,
        run: RunKey,
        node: NodeId,
        uids: Vec<BatchUid>,
    ) -> StoreFuture<'_, Vec<BatchUid>>;

    /// Makes the effects of batches true: once each, whatever is repeated, restarted or reaped.
    ///
    /// One transaction, in this order:
    /// 1. The lease is held, or [`Fenced`](super::StoreError::Fenced). The node may be cancelling: what is done is
    ///    done.
    /// 2. Batches whose id is committed, in whatever epoch or earlier in this request, are left out and named in
    ///    `duplicates`.
    /// 3. Artifacts of the others get the next sequence numbers of the node, in their order, and are stored. An id that
    ///    another batch has written is a [`Conflict`](super::StoreError::Conflict).
    /// 4. Batches are recorded with their metrics; totals grow. If one was new, `failures` and `interruptions` become
    ///    0.
    /// 5. Each cursor becomes the later of what it is and what is given, by (`seq`, `offset`). A cursor on a node that
    ///    is neither a source nor a parent of this one is [`Invalid`](super::StoreError::Invalid).
    /// 6. The checkpoint is stored, if there is one, which is progress as a new batch is.
    /// 7. If these were the node's first artifacts: [`settle`](crate::cluster::state::settle).
    /// 8. Events: one `batch_ok` for each new batch.
    ///
    /// Sequence numbers become visible in their order and without gaps: whoever sees one sees all before it. (Whoever
    /// commits holds the row of the node until the transaction ends; the lease sees to it that this is one worker.)
    ///
    /// All or nothing: an error leaves everything as it was. Repeating it is harmless.
    fn commit(&self, request: CommitRequest) -> StoreFuture<'_, Committed>;

    /// Stores what a handler wants to go on from, at once, in place of what it stored before.
    ///
    /// Fenced. Outlives epochs; removed when the node becomes terminal. Resets `failures` and `interruptions`. No
    /// event.
    fn save_checkpoint(&self, lease: Lease, data: Payload) -> StoreFuture<'_, ()>;

    /// Ends a node well: `finished`, also if it was cancelling.
    ///
    /// Fenced, one transaction: artifacts of the end behind all others, metrics onto the totals, changes of variables
    /// by [`apply`](crate::cluster::vars::apply), the result, and then [`settle`](crate::cluster::state::settle). A
    /// change of variables that cannot be made is [`Invalid`](super::StoreError::Invalid), and nothing is written.
    /// Event: `task_done`; `run_ended` if it was the last.
    ///
    /// Repeated with the lease that ended the node, it gives no effects and no error. So do the other four that end a
    /// lease.
    fn finish(&self, lease: Lease, finish: Finish) -> StoreFuture<'_, Effects>;

    /// Ends an attempt that failed.
    ///
    /// Fenced, one transaction. `failures` grows by one and [`after_failure`](crate::cluster::state::after_failure)
    /// decides:
    /// - a retry: `deferred`, `retry_at` = now + the wait; `cancelled` if the node was cancelling. Event:
    ///   `task_deferred` or `cancelled`. Batches, cursors and checkpoint stay: the next attempt goes on behind them;
    /// - no retry: `failed`, and [`settle`](crate::cluster::state::settle) cancels the rest of the run, whose reason
    ///   is then `node {id}: {code}`. Nodes that others run get `cancel_deadline` = now + the run's `cancel_grace`.
    ///   Event: `task_failed`.
    ///
    /// Both set `last_failure`.
    fn fail(&self, lease: Lease, failure: Failure) -> StoreFuture<'_, Failed>;

    /// Says that a node was ended because it had to be: `cancelled`, and [`settle`](crate::cluster::state::settle).
    /// Event: `cancelled`.
    ///
    /// Fenced. A node that is running and that nobody cancels is [`WrongState`](super::StoreError::WrongState).
    fn cancelled(&self, lease: Lease) -> StoreFuture<'_, Effects>;

    /// Gives a node back, because the worker ends: `ready` at once, `cancelled` if it was cancelling.
    ///
    /// Fenced. No failure and no interruption is counted. Event: `task_released` or `cancelled`.
    fn release(&self, lease: Lease, reason: String) -> StoreFuture<'_, Effects>;

    /// How many bytes a payload, meta or checkpoint may have: more is
    /// [`TooLarge`](super::StoreError::TooLarge). So it is known before it is written.
    fn max_payload(&self) -> usize;
}
