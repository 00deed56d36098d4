use super::tx::Mode;
use super::{PostgresStore, claim, purge, submit, transact};
use crate::cluster::state::RunState;
use crate::cluster::store::{
    Appended, CancelRequest, Effects, Limits, NewArtifact, NewRun, Purged, Reaped, Retention,
    SteerStore, StoreFuture, Submitted, check,
};
use crate::cluster::{NodeId, RunKey};

impl SteerStore for PostgresStore {
    fn submit(&self, run: NewRun) -> StoreFuture<'_, Submitted> {
        transact!(self, Mode::Write, |tx| submit::submit(tx, &run))
    }

    fn append_input(
        &self,
        run: RunKey,
        node: NodeId,
        artifacts: Vec<NewArtifact>,
    ) -> StoreFuture<'_, Appended> {
        if let Err(error) = check::artifacts(&artifacts, self.shared.max_payload) {
            return Box::pin(std::future::ready(Err(error)));
        }
        transact!(self, Mode::Write, |tx| submit::append_input(
            tx, &run, &node, &artifacts
        ))
    }

    fn close_input(&self, run: RunKey, node: NodeId) -> StoreFuture<'_, Effects> {
        transact!(self, Mode::Write, |tx| submit::close_input(tx, &run, &node))
    }

    fn cancel(&self, request: CancelRequest) -> StoreFuture<'_, (RunState, Effects)> {
        transact!(self, Mode::Write, |tx| submit::cancel(tx, &request))
    }

    fn reap(&self, limit: u32) -> StoreFuture<'_, (Vec<Reaped>, Effects)> {
        Box::pin(self.reap_some(limit))
    }

    fn set_limits(&self, limits: Limits) -> StoreFuture<'_, ()> {
        transact!(self, Mode::Write, |tx| async {
            claim::set_limits(tx, &limits)
        })
    }

    fn limits(&self) -> StoreFuture<'_, Limits> {
        transact!(self, Mode::Single, |tx| claim::limits(tx))
    }

    fn purge(&self, retention: Retention, limit: u32) -> StoreFuture<'_, Purged> {
        transact!(self, Mode::Write, |tx| purge::purge(tx, retention, limit))
    }
}
