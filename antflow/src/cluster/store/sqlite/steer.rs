use super::{SqliteStore, claim, reap, submit};
use crate::cluster::state::RunState;
use crate::cluster::store::stored::to_json;
use crate::cluster::store::{
    Appended, CancelRequest, Effects, Limits, NewArtifact, NewRun, Purged, Reaped, Retention,
    SteerStore, StoreFuture, Submitted, check,
};
use crate::cluster::{NodeId, RunKey};

impl SteerStore for SqliteStore {
    fn submit(&self, run: NewRun) -> StoreFuture<'_, Submitted> {
        self.write(move |tx| submit::submit(tx, run))
    }

    fn append_input(
        &self,
        run: RunKey,
        node: NodeId,
        artifacts: Vec<NewArtifact>,
    ) -> StoreFuture<'_, Appended> {
        let checked = check::artifacts(&artifacts, self.max_payload());
        self.write_checked(checked, move |tx| {
            submit::append_input(tx, &run, &node, &artifacts)
        })
    }

    fn close_input(&self, run: RunKey, node: NodeId) -> StoreFuture<'_, Effects> {
        self.write(move |tx| submit::close_input(tx, &run, &node))
    }

    fn cancel(&self, request: CancelRequest) -> StoreFuture<'_, (RunState, Effects)> {
        self.write(move |tx| submit::cancel(tx, request))
    }

    fn reap(&self, limit: u32) -> StoreFuture<'_, (Vec<Reaped>, Effects)> {
        self.write(move |tx| reap::reap(tx, limit))
    }

    fn set_limits(&self, limits: Limits) -> StoreFuture<'_, ()> {
        self.write(move |tx| {
            tx.write(
                "INSERT INTO settings (name, value) VALUES ('limits', ?1)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [to_json(&limits)?],
            )?;
            Ok(())
        })
    }

    fn limits(&self) -> StoreFuture<'_, Limits> {
        self.read(claim::limits)
    }

    fn purge(&self, retention: Retention, limit: u32) -> StoreFuture<'_, Purged> {
        self.write(move |tx| reap::purge(tx, retention, limit))
    }
}
