use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;

use super::feed::Feeder;
use super::follow::Follower;
use super::job::{Feeding, Helpers, Job};
use super::persist::persist;
use super::{Options, SubmitError, plan};
use crate::cluster::RunKey;
use crate::cluster::handler::pauses;
use crate::cluster::open::Cluster;
use crate::cluster::staged::{Durable, roles};
use crate::cluster::store::NewRun;
use crate::cluster::worker::{StartError as WorkerStartError, WorkerConfig};
use crate::engine::outlet::Outlet;
use crate::item::IntoItem;
use crate::pipeline::{Pipeline, StartError};

/// Submits a pipeline, and begins to feed it and to work on it.
pub(super) async fn start<C, St, I>(
    cluster: Cluster,
    pipeline: Pipeline<C, St>,
    items: I,
    options: Options,
) -> Result<Job<C::Output>, SubmitError>
where
    C: Durable<St>,
    St: Send + Sync + 'static,
    I: Stream<Item: IntoItem<C::Input>> + Send + 'static,
{
    pipeline.validate().map_err(StartError::from)?;
    let stages = roles(&pipeline);
    let names: Vec<Arc<str>> = stages
        .iter()
        .map(|stage| stage.config.name.as_ref().into())
        .collect();
    let graph = plan::graph(&stages)?;
    let outlet = if options.streams {
        Outlet::completing()
    } else {
        Outlet::collecting(pipeline.collects())
    };
    let id = options.id.unwrap_or_else(RunKey::random);
    let run = NewRun {
        id: id.clone(),
        priority: options.priority.unwrap_or(NewRun::PRIORITY),
        ..NewRun::new(graph)
    };
    persist(|| cluster.submit_run(run.clone())).await?;
    let helpers = if options.is_remote {
        None
    } else {
        Some(help(&cluster, &pipeline, &id, options.worker, names.len()).await?)
    };
    let replay = options
        .watching
        .start_replay(pipeline, outlet, items.size_hint())?;
    let replay = Arc::new(replay);
    let stop = options.cancel_on.child_token();
    let feeder = Feeder {
        cluster: cluster.clone(),
        run: id.clone(),
        replay: Arc::clone(&replay),
        first: names.first().cloned().unwrap_or_default(),
        stop: stop.clone(),
    };
    let feeding = tokio::spawn(feeder.feed(items));
    Ok(Job {
        follower: Follower::new(
            cluster.clone(),
            id.clone(),
            Arc::clone(&replay),
            names.into_iter(),
        ),
        cluster,
        run: id,
        replay,
        feeding: Feeding::new(feeding),
        helpers,
        cancel_on: options.cancel_on,
        stop,
        is_cancelled: false,
    })
}

/// Lets this process work on the run.
async fn help<C, St>(
    cluster: &Cluster,
    pipeline: &Pipeline<C, St>,
    run: &RunKey,
    config: Option<WorkerConfig>,
    stages: usize,
) -> Result<Helpers, SubmitError>
where
    C: Durable<St>,
    St: Send + Sync + 'static,
{
    let mut config = config.unwrap_or_else(|| WorkerConfig {
        capacity: u32::try_from(stages).unwrap_or(u32::MAX).max(1),
        pull_poll: Duration::from_millis(50),
        pull_backoff_max: Duration::from_secs(1),
        claim_poll: Duration::from_millis(200),
        ..WorkerConfig::default()
    });
    config
        .worker_id
        .get_or_insert_with(|| format!("{run}.worker").into());
    let coordinator = cluster.coordinator().build()?;
    let mut pauses = pauses();
    let worker = loop {
        // Others under these roles may have another state, or a source that does not end.
        let worker = cluster.worker().config(config.clone()).of_run(run.clone());
        let worker = worker.stages(pipeline).build()?;
        match (worker.start().await, pauses.next()) {
            (Err(WorkerStartError::Store(error)), Some(pause)) if error.is_transient() => {
                tokio::time::sleep(pause).await;
            }
            (started, _) => break started?,
        }
    };
    Ok(Helpers {
        coordinator: coordinator.start(),
        worker,
    })
}
