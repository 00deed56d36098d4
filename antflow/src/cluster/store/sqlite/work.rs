use super::SqliteStore;
use super::{batches, claim, end, lease, read};
use crate::cluster::protocol::Failure;
use crate::cluster::store::{
    ArtifactPage, Assignment, CancelNotice, ClaimRequest, CommitRequest, Committed, Effects,
    ExtendRequest, Extended, Failed, Finish, Lease, Payload, ReadRequest, ResumeRequest,
    StoreFuture, WorkStore, check,
};
use crate::cluster::{BatchUid, NodeId, RunKey, WorkerKey};

impl WorkStore for SqliteStore {
    fn claim(&self, request: ClaimRequest) -> StoreFuture<'_, Vec<Assignment>> {
        self.write(move |tx| claim::claim(tx, &request))
    }

    fn resume(&self, request: ResumeRequest) -> StoreFuture<'_, (Vec<Assignment>, Effects)> {
        self.write(move |tx| claim::resume(tx, &request))
    }

    fn extend(&self, request: ExtendRequest) -> StoreFuture<'_, Extended> {
        self.write(move |tx| lease::extend(tx, &request))
    }

    fn cancel_notices(&self, worker: WorkerKey) -> StoreFuture<'_, Vec<CancelNotice>> {
        self.read(move |tx| lease::cancel_notices(tx, &worker))
    }

    fn read_artifacts(&self, request: ReadRequest) -> StoreFuture<'_, ArtifactPage> {
        self.read(move |tx| read::read_artifacts(tx, &request))
    }

    fn committed(
        &self,
        run: RunKey,
        node: NodeId,
        uids: Vec<BatchUid>,
    ) -> StoreFuture<'_, Vec<BatchUid>> {
        self.read(move |tx| batches::committed(tx, &run, &node, uids))
    }

    fn commit(&self, request: CommitRequest) -> StoreFuture<'_, Committed> {
        let checked = check::commit(&request, self.max_payload());
        self.write_checked(checked, move |tx| batches::commit(tx, &request))
    }

    fn save_checkpoint(&self, lease: Lease, data: Payload) -> StoreFuture<'_, ()> {
        let checked = check::checkpoint(&data, self.max_payload());
        self.write_checked(checked, move |tx| {
            batches::save_checkpoint(tx, &lease, &data)
        })
    }

    fn finish(&self, lease: Lease, finish: Finish) -> StoreFuture<'_, Effects> {
        let checked = check::finish(&finish, self.max_payload());
        self.write_checked(checked, move |tx| end::finish(tx, &lease, finish))
    }

    fn fail(&self, lease: Lease, failure: Failure) -> StoreFuture<'_, Failed> {
        self.write(move |tx| end::fail(tx, &lease, failure))
    }

    fn cancelled(&self, lease: Lease) -> StoreFuture<'_, Effects> {
        self.write(move |tx| end::cancelled(tx, &lease))
    }

    fn release(&self, lease: Lease, reason: String) -> StoreFuture<'_, Effects> {
        self.write(move |tx| end::release(tx, &lease, reason))
    }

    fn max_payload(&self) -> usize {
        Self::max_payload(self)
    }
}
