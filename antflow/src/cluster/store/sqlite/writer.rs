//! The one connection that writes, and what waits for it.
//!
//! Operations that come while others are being written are carried out together, in one transaction: whoever waits
//! for the disk waits for all of them. Each is undone alone if it fails, by a savepoint.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::blocking;
use super::fault::{Fault, of_sqlite};
use super::job::{Answer, Job, job};
use super::shared::Shared;
use super::tx::Tx;

/// So many operations share a transaction at most.
const GROUP: usize = 256;

pub(super) struct Writer {
    queue: Mutex<Queue>,
    connection: Mutex<Connection>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Box<dyn Job>>,
    /// Is somebody carrying them out?
    is_served: bool,
}

impl Writer {
    pub(super) fn new(connection: Connection, shared: Arc<Shared>) -> Self {
        Self {
            queue: Mutex::default(),
            connection: Mutex::new(connection),
            shared,
        }
    }

    /// Lets an operation wait for its turn, on a thread that may block.
    pub(super) fn enqueue<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Tx<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Answer<T> {
        let (job, answer) = job(work);
        let is_first = {
            let mut queue = self.queue();
            queue.jobs.push_back(job);
            !std::mem::replace(&mut queue.is_served, true)
        };
        if is_first {
            let service = Service {
                writer: self.clone(),
                has_ended: false,
            };
            blocking::run(move || service.serve());
        }
        answer
    }

    /// Carries out an operation at once, on this thread: for what never waits for a disk.
    pub(super) fn at_once<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Answer<T> {
        let (job, answer) = job(work);
        self.carry_out(vec![job]);
        answer
    }

    fn carry_out(&self, mut jobs: Vec<Box<dyn Job>>) {
        // A panic of an operation leaves a transaction at most, which the next one undoes.
        let connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let ended = self.transact(&connection, &mut jobs);
        drop(connection);
        for job in jobs {
            job.answer(match &ended {
                Ok(()) => Ok(()),
                Err(error) => Err(of_sqlite(error)),
            });
        }
    }

    fn transact(
        &self,
        connection: &Connection,
        jobs: &mut [Box<dyn Job>],
    ) -> Result<(), rusqlite::Error> {
        roll_back(connection)?;
        let ended = self.try_transact(connection, jobs);
        if ended.is_err() {
            self.shared.forget_plans();
            roll_back(connection)?;
        }
        ended
    }

    fn try_transact(
        &self,
        connection: &Connection,
        jobs: &mut [Box<dyn Job>],
    ) -> Result<(), rusqlite::Error> {
        let say = |sql: &str| connection.prepare_cached(sql)?.execute([]).map(|_| ());
        say("BEGIN IMMEDIATE")?;
        let is_alone = jobs.len() == 1;
        for job in jobs {
            let tx = Tx::new(connection, &self.shared);
            if is_alone {
                if !job.run(&tx) {
                    return roll_back(connection);
                }
                continue;
            }
            say("SAVEPOINT job")?;
            if !job.run(&tx) {
                // Where SQLite has ended the transaction itself, this fails, and so do all of the group.
                say("ROLLBACK TO job")?;
            }
            say("RELEASE job")?;
        }
        say("COMMIT")
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while the queue is locked.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn roll_back(connection: &Connection) -> Result<(), rusqlite::Error> {
    if connection.is_autocommit() {
        Ok(())
    } else {
        connection.execute_batch("ROLLBACK")
    }
}

/// Whoever carries out what waits, until nothing does.
struct Service {
    writer: Arc<Writer>,
    has_ended: bool,
}

impl Service {
    fn serve(mut self) {
        while let Some(jobs) = self.next() {
            let (abandoned, wanted): (Vec<_>, _) =
                jobs.into_iter().partition(|job| job.is_abandoned());
            drop(abandoned);
            if wanted.is_empty() {
                continue;
            }
            let writer = &self.writer;
            // Those who came since then are served all the same; those of the group hear that it has no answer.
            if catch_unwind(AssertUnwindSafe(|| writer.carry_out(wanted))).is_err() {
                writer.shared.forget_plans();
                crate::log::error!("an operation of the store panicked");
            }
        }
    }

    fn next(&mut self) -> Option<Vec<Box<dyn Job>>> {
        let mut queue = self.writer.queue();
        let most = queue.jobs.len().min(GROUP);
        if most == 0 {
            queue.is_served = false;
            self.has_ended = true;
            return None;
        }
        Some(queue.jobs.drain(..most).collect())
    }
}

impl Drop for Service {
    /// Where it was not even started: those who wait are told, and whoever comes next starts another one.
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let left = {
            let mut queue = self.writer.queue();
            queue.is_served = false;
            std::mem::take(&mut queue.jobs)
        };
        drop(left);
    }
}
