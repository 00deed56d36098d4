use std::time::Duration;

use super::tx::Mode;
use super::{PostgresStore, letters, outbox, transact, workers};
use crate::cluster::protocol::Announcement;
use crate::cluster::store::{
    DeadLetter, NewDeadLetter, OutboxRecord, OutboxRetry, StoreFuture, TellStore, WorkerRecord,
};
use crate::cluster::{RunKey, WorkerKey};

impl TellStore for PostgresStore {
    fn announce(&self, announcement: Announcement) -> StoreFuture<'_, ()> {
        transact!(self, Mode::Single, |tx| async {
            workers::announce(tx, &announcement)
        })
    }

    fn goodbye(&self, worker: WorkerKey) -> StoreFuture<'_, ()> {
        transact!(self, Mode::Single, |tx| async {
            workers::goodbye(tx, &worker);
            Ok(())
        })
    }

    fn mark_silent(&self, silence: Duration) -> StoreFuture<'_, Vec<WorkerKey>> {
        transact!(self, Mode::Single, |tx| workers::mark_silent(tx, silence))
    }

    fn workers(&self) -> StoreFuture<'_, Vec<WorkerRecord>> {
        transact!(self, Mode::Single, |tx| workers::list(tx))
    }

    fn outbox_take(&self, limit: u32, hold: Duration) -> StoreFuture<'_, Vec<OutboxRecord>> {
        transact!(self, Mode::Write, |tx| outbox::take(tx, limit, hold))
    }

    fn outbox_sent(&self, ids: Vec<i64>) -> StoreFuture<'_, ()> {
        transact!(self, Mode::Write, |tx| outbox::sent(tx, &ids))
    }

    fn outbox_failed(&self, id: i64, error: String, retry: OutboxRetry) -> StoreFuture<'_, ()> {
        transact!(self, Mode::Write, |tx| outbox::failed(
            tx, id, &error, retry
        ))
    }

    fn events(&self, run: RunKey, after: i64, limit: u32) -> StoreFuture<'_, Vec<OutboxRecord>> {
        transact!(self, Mode::Snapshot, |tx| outbox::events(
            tx, &run, after, limit
        ))
    }

    fn bury(&self, letter: NewDeadLetter) -> StoreFuture<'_, i64> {
        transact!(self, Mode::Single, |tx| letters::bury(tx, &letter))
    }

    fn dead_letters(&self, after: i64, limit: u32) -> StoreFuture<'_, Vec<DeadLetter>> {
        transact!(self, Mode::Single, |tx| letters::list(tx, after, limit))
    }

    fn retry_dead_letter(&self, id: i64) -> StoreFuture<'_, DeadLetter> {
        transact!(self, Mode::Write, |tx| letters::retry(tx, id))
    }
}
