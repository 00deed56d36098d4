use super::{
    Appended, CancelRequest, Effects, Limits, NewArtifact, NewRun, Purged, Reaped, Retention,
    StoreFuture, Submitted,
};
use crate::cluster::state::RunState;
use crate::cluster::{NodeId, RunKey};

/// What submitters, operators and coordinators do with a store. Any number may do any of it at once.
pub trait SteerStore: Send + Sync {
    /// Stores a run with its nodes in their [initial](crate::cluster::state::initial_state) states, and settles it.
    /// Event: `run_started`.
    ///
    /// A run of this id with the same graph and parameters: nothing is written, `is_new` is false. With others:
    /// [`Conflict`](super::StoreError::Conflict).
    fn submit(&self, run: NewRun) -> StoreFuture<'_, Submitted>;

    /// Appends artifacts to an input node, in chunks that fit into memory.
    ///
    /// One transaction; ids that are there already are left out, so a submitter that starts again appends again from
    /// where it likes. Numbered and settled as by [`commit`](super::WorkStore::commit), totals count each artifact as
    /// one batch. No events. A node that is not `open` is [`WrongState`](super::StoreError::WrongState), unless all
    /// artifacts are there already.
    fn append_input(
        &self,
        run: RunKey,
        node: NodeId,
        artifacts: Vec<NewArtifact>,
    ) -> StoreFuture<'_, Appended>;

    /// Says that an input node has all of its input: `finished`, and settles. Event: `task_done`. Nothing happens if
    /// it is finished already; a cancelled one is [`WrongState`](super::StoreError::WrongState).
    fn close_input(&self, run: RunKey, node: NodeId) -> StoreFuture<'_, Effects>;

    /// Begins to cancel a run.
    ///
    /// A `running` one becomes `cancelling` with this reason, and settles: nodes that wait are `cancelled` at once,
    /// nodes that are running become `cancelling` with this reason, to be ended until now + `grace`, which is the
    /// run's if none is given. One that is cancelling, failing or has ended stays as it is. Gives the state after it.
    /// Events: `cancelled` for each node, `run_ended`.
    fn cancel(&self, request: CancelRequest) -> StoreFuture<'_, (RunState, Effects)>;

    /// Ends leases that nobody extends, `limit` at most.
    ///
    /// Each in a transaction of its own or all in one; nodes that others hold locks on are passed over. By the
    /// store's clock:
    /// - `running` with a deadline before now: one interruption more, and
    ///   [`after_loss`](crate::cluster::state::after_loss) decides: `ready` from now on, without a pause, or `failed`
    ///   with the code `worker_lost`. Event: `lease_expired`, and `task_failed`;
    /// - `cancelling` with a deadline or a `cancel_deadline` before now: `cancelled`. Event: `cancelled`.
    ///
    /// Whoever had the lease is shut out from then on. The epoch grows with the next claim. Settles.
    fn reap(&self, limit: u32) -> StoreFuture<'_, (Vec<Reaped>, Effects)>;

    /// Sets how many nodes may have a lease at once, in place of what was set before. Leases that are held stay.
    fn set_limits(&self, limits: Limits) -> StoreFuture<'_, ()>;

    /// How many nodes may have a lease at once.
    fn limits(&self) -> StoreFuture<'_, Limits>;

    /// Removes what is older than it has to be kept, `limit` rows of each kind at most and at least 1, so that nobody
    /// waits for long. Runs are gone at once with their nodes; what else they have may go by later calls.
    ///
    /// Runs that have not ended, events that were not said and dead letters younger than their time are never removed.
    fn purge(&self, retention: Retention, limit: u32) -> StoreFuture<'_, Purged>;
}
