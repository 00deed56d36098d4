//! `graphile_worker`, with its local queue and completions in batches.

use std::sync::Arc;
use std::time::Duration;

use graphile_worker::{
    IntoTaskHandlerResult, JobSpec, LocalQueueConfig, TaskHandler, WorkerContext, WorkerOptions,
    WorkerUtils,
};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use crate::talk::{Mouth, Word, Work};
use crate::{BoxError, Feed};

const SCHEMA: &str = "graphile_worker";
/// How many jobs a worker fetches at once.
const LOCAL: usize = 100;
/// How long done jobs wait for others to be done.
const DELAY: Duration = Duration::from_millis(5);
/// How often it looks without having been notified.
const POLL: Duration = Duration::from_millis(500);

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
struct Job(Work);

/// What the worker gives to its handlers.
#[derive(Debug, Clone)]
struct Speaks(Arc<Mouth>);

impl TaskHandler for Job {
    const IDENTIFIER: &'static str = "bench";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        match context.get_ext::<Speaks>() {
            Some(speaks) => {
                self.0.perform(&speaks.0).await;
                Ok(())
            }
            None => Err("the worker was built without its extension".to_owned()),
        }
    }
}

pub(crate) struct Feeder {
    utils: WorkerUtils,
    pool: PgPool,
}

/// Makes the tables.
pub(crate) async fn feeder(pool: &PgPool) -> Result<Feeder, BoxError> {
    let utils = WorkerUtils::new(pool.clone(), SCHEMA);
    utils.migrate().await?;
    Ok(Feeder {
        utils,
        pool: pool.clone(),
    })
}

impl Feed for Feeder {
    async fn push(&mut self, mut jobs: Vec<Work>) -> Result<(), BoxError> {
        let spec = JobSpec::default();
        match (jobs.len(), jobs.pop()) {
            (1, Some(job)) => {
                self.utils.add_job(Job(job), spec).await?;
            }
            (_, last) => {
                jobs.extend(last);
                let jobs: Vec<_> = jobs.into_iter().map(|job| (Job(job), &spec)).collect();
                self.utils.add_jobs(&jobs).await?;
            }
        }
        Ok(())
    }

    /// Those that are done are deleted.
    async fn left(&self) -> Result<i64, BoxError> {
        let left = "SELECT count(*) FROM graphile_worker._private_jobs";
        Ok(sqlx::query_scalar(left).fetch_one(&self.pool).await?)
    }
}

/// Works until it is dropped.
pub(crate) async fn work(
    concurrency: u32,
    pool: PgPool,
    mouth: Arc<Mouth>,
) -> Result<(), BoxError> {
    let local = LocalQueueConfig::default().with_size(LOCAL);
    let worker = WorkerOptions::default()
        .schema(SCHEMA)
        .concurrency(usize::try_from(concurrency)?)
        .poll_interval(POLL)
        .complete_job_batch_delay(DELAY)
        .fail_job_batch_delay(DELAY)
        .local_queue(local.with_ttl(Duration::from_secs(60)))
        .add_extension(Speaks(Arc::clone(&mouth)))
        .define_job::<Job>()
        .pg_pool(pool)
        .init()
        .await?;
    mouth.say(&Word::Ready {
        settings: format!(
            "concurrency {concurrency}, local_queue of {LOCAL}, complete_job_batch_delay {DELAY:?}, poll_interval \
             {POLL:?} beside LISTEN, add_jobs of 1000"
        ),
    });
    Ok(worker.run().await?)
}
