use std::time::Duration;

use super::{SqliteStore, letters, outbox, workers};
use crate::cluster::protocol::Announcement;
use crate::cluster::store::{
    DeadLetter, NewDeadLetter, OutboxRecord, OutboxRetry, StoreFuture, TellStore, WorkerRecord,
};
use crate::cluster::{RunKey, WorkerKey};

impl TellStore for SqliteStore {
    fn announce(&self, announcement: Announcement) -> StoreFuture<'_, ()> {
        self.write(move |tx| workers::announce(tx, &announcement))
    }

    fn goodbye(&self, worker: WorkerKey) -> StoreFuture<'_, ()> {
        self.write(move |tx| workers::goodbye(tx, &worker))
    }

    fn mark_silent(&self, silence: Duration) -> StoreFuture<'_, Vec<WorkerKey>> {
        self.write(move |tx| workers::mark_silent(tx, silence))
    }

    fn workers(&self) -> StoreFuture<'_, Vec<WorkerRecord>> {
        self.read(workers::list)
    }

    fn outbox_take(&self, limit: u32, hold: Duration) -> StoreFuture<'_, Vec<OutboxRecord>> {
        self.write(move |tx| outbox::take(tx, limit, hold))
    }

    fn outbox_sent(&self, ids: Vec<i64>) -> StoreFuture<'_, ()> {
        self.write(move |tx| outbox::sent(tx, &ids))
    }

    fn outbox_failed(&self, id: i64, error: String, retry: OutboxRetry) -> StoreFuture<'_, ()> {
        self.write(move |tx| outbox::failed(tx, id, &error, retry))
    }

    fn events(&self, run: RunKey, after: i64, limit: u32) -> StoreFuture<'_, Vec<OutboxRecord>> {
        self.read(move |tx| outbox::events(tx, &run, after, limit))
    }

    fn bury(&self, letter: NewDeadLetter) -> StoreFuture<'_, i64> {
        self.write(move |tx| letters::bury(tx, &letter))
    }

    fn dead_letters(&self, after: i64, limit: u32) -> StoreFuture<'_, Vec<DeadLetter>> {
        self.read(move |tx| letters::list(tx, after, limit))
    }

    fn retry_dead_letter(&self, id: i64) -> StoreFuture<'_, DeadLetter> {
        self.write(move |tx| letters::retry(tx, id))
    }
}
