use super::tx::Mode;
use super::{PostgresStore, batches, claim, end, lease, read, resume, transact};
use crate::cluster::protocol::Failure;
use crate::cluster::store::{
    ArtifactPage, Assignment, CancelNotice, ClaimRequest, CommitRequest, Committed, Effects,
    ExtendRequest, Extended, Failed, Finish, Lease, Payload, ReadRequest, ResumeRequest,
    StoreError, StoreFuture, WorkStore, check,
};
use crate::cluster::{BatchUid, NodeId, RunKey, WorkerKey};

/// What was refused before it began.
fn refused<'a, T: Send + 'a>(error: StoreError) -> StoreFuture<'a, T> {
    Box::pin(std::future::ready(Err(error)))
}

impl WorkStore for PostgresStore {
    fn claim(&self, request: ClaimRequest) -> StoreFuture<'_, Vec<Assignment>> {
        transact!(self, Mode::Write, |tx| claim::claim(tx, &request))
    }

    fn resume(&self, request: ResumeRequest) -> StoreFuture<'_, (Vec<Assignment>, Effects)> {
        transact!(self, Mode::Write, |tx| resume::resume(tx, &request))
    }

    fn extend(&self, request: ExtendRequest) -> StoreFuture<'_, Extended> {
        transact!(self, Mode::Single, |tx| lease::extend(tx, &request))
    }

    fn cancel_notices(&self, worker: WorkerKey) -> StoreFuture<'_, Vec<CancelNotice>> {
        transact!(self, Mode::Snapshot, |tx| lease::cancel_notices(
            tx, &worker
        ))
    }

    fn read_artifacts(&self, request: ReadRequest) -> StoreFuture<'_, ArtifactPage> {
        transact!(self, Mode::Single, |tx| read::read_artifacts(tx, &request))
    }

    fn committed(
        &self,
        run: RunKey,
        node: NodeId,
        uids: Vec<BatchUid>,
    ) -> StoreFuture<'_, Vec<BatchUid>> {
        transact!(self, Mode::Snapshot, |tx| batches::committed(
            tx, &run, &node, &uids
        ))
    }

    fn commit(&self, request: CommitRequest) -> StoreFuture<'_, Committed> {
        if let Err(error) = check::commit(&request, self.shared.max_payload) {
            return refused(error);
        }
        transact!(self, Mode::Write, |tx| batches::commit(tx, &request))
    }

    fn save_checkpoint(&self, lease: Lease, data: Payload) -> StoreFuture<'_, ()> {
        if let Err(error) = check::checkpoint(&data, self.shared.max_payload) {
            return refused(error);
        }
        transact!(self, Mode::Write, |tx| batches::save_checkpoint(
            tx, &lease, &data
        ))
    }

    fn finish(&self, lease: Lease, finish: Finish) -> StoreFuture<'_, Effects> {
        if let Err(error) = check::finish(&finish, self.shared.max_payload) {
            return refused(error);
        }
        transact!(self, Mode::Write, |tx| end::finish(tx, &lease, &finish))
    }

    fn fail(&self, lease: Lease, failure: Failure) -> StoreFuture<'_, Failed> {
        transact!(self, Mode::Write, |tx| end::fail(tx, &lease, &failure))
    }

    fn cancelled(&self, lease: Lease) -> StoreFuture<'_, Effects> {
        transact!(self, Mode::Write, |tx| end::cancelled(tx, &lease))
    }

    fn release(&self, lease: Lease, reason: String) -> StoreFuture<'_, Effects> {
        transact!(self, Mode::Write, |tx| end::release(tx, &lease, &reason))
    }

    fn max_payload(&self) -> usize {
        self.shared.max_payload
    }
}
