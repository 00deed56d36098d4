//! `apalis` with its storage in PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use ::apalis::layers::WorkerBuilderExt as _;
use apalis_core::backend::TaskSink as _;
use apalis_core::backend::ext::BackendExt as _;

use apalis_core::error::BoxDynError;
use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::ext::parallelize::ParallelizeExt as _;
use apalis_postgres::{Config, PgPool, PostgresStorage};

use crate::talk::{Mouth, Word, Work};
use crate::{BoxError, Feed};

const QUEUE: &str = "bench";
/// How many jobs a worker fetches at once.
const BATCH: usize = 100;
/// How often it looks without having been notified.
const POLL: Duration = Duration::from_millis(50);

pub(crate) struct Feeder {
    storage: PostgresStorage<Work>,
    pool: PgPool,
}

/// Jobs are not locked again before they are run: fetching them has done that already.
fn storage(pool: &PgPool) -> PostgresStorage<Work> {
    let config = Config::default().queue(QUEUE);
    PostgresStorage::new(pool).with_config(config.batch_size(BATCH).lock_tasks(false))
}

/// Makes the tables.
pub(crate) async fn feeder(pool: &PgPool) -> Result<Feeder, BoxError> {
    PostgresStorage::setup(pool).await?;
    Ok(Feeder {
        storage: storage(pool),
        pool: pool.clone(),
    })
}

impl Feed for Feeder {
    async fn push(&mut self, mut jobs: Vec<Work>) -> Result<(), BoxError> {
        match (jobs.len(), jobs.pop()) {
            (1, Some(job)) => self.storage.push(job).await?,
            (_, last) => {
                jobs.extend(last);
                self.storage.push_bulk(jobs).await?;
            }
        }
        Ok(())
    }

    async fn left(&self) -> Result<i64, BoxError> {
        let left = "SELECT count(*) FROM apalis.jobs WHERE status <> 'Done'";
        Ok(sqlx::query_scalar(left).fetch_one(&self.pool).await?)
    }
}

/// Works until it is dropped.
pub(crate) async fn work(
    id: &str,
    concurrency: u32,
    pool: &PgPool,
    mouth: Arc<Mouth>,
) -> Result<(), BoxError> {
    let backend = storage(pool).with_pubsub().poll_with_interval(POLL);
    let performing = Arc::clone(&mouth);
    let worker = WorkerBuilder::new(id)
        .backend(backend)
        .concurrency(usize::try_from(concurrency)?)
        .parallelize(tokio::spawn)
        .build(move |work: Work| {
            let mouth = Arc::clone(&performing);
            async move {
                work.perform(&mouth).await;
                Ok::<_, BoxDynError>(())
            }
        });
    mouth.say(&Word::Ready {
        settings: format!(
            "concurrency {concurrency}, batch_size {BATCH}, with_pubsub, poll_with_interval {POLL:?}, \
             lock_tasks(false), parallelize(tokio::spawn), push_bulk of 1000"
        ),
    });
    Ok(worker.run().await?)
}
