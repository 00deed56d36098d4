use std::io::Read as _;
use std::time::Duration;

use antflow::BoxError;
use antflow::cluster::Cluster;
use antflow::cluster::coordinator::CoordinatorConfig;
use antflow::cluster::worker::WorkerConfig;
use tokio::sync::oneshot;

use crate::args::{MemberArgs, Part};
use crate::engine;
use crate::work::{Passes, ROLES};

/// Serves until it is killed, or until the process that has started it is gone.
pub(crate) async fn serve(args: &MemberArgs) -> Result<(), BoxError> {
    let cluster = engine::open(args.engine, &args.place).await?;
    let alone = alone();
    match args.part {
        Part::Worker => work(&cluster, &args.id, alone).await,
        Part::Coordinator => coordinate(&cluster, &args.id, alone).await,
    }
}

/// Leases are short, so that who is replaced by another id is missed for a second or two.
async fn work(cluster: &Cluster, id: &str, alone: oneshot::Receiver<()>) -> Result<(), BoxError> {
    let config = WorkerConfig {
        worker_id: Some(id.into()),
        lease_ttl: Duration::from_millis(800),
        hb_interval: Duration::from_millis(200),
        claim_poll: Duration::from_millis(100),
        ..WorkerConfig::default()
    };
    let builder = cluster.worker().config(config);
    let builder = ROLES.into_iter().fold(builder, |builder, role| {
        builder.handler(role, Passes::default)
    });
    builder.build()?.run_until(alone).await?;
    Ok(())
}

/// What it takes to say, it holds for a short time, so that others say it soon once it was killed.
async fn coordinate(
    cluster: &Cluster,
    id: &str,
    alone: oneshot::Receiver<()>,
) -> Result<(), BoxError> {
    let config = CoordinatorConfig {
        coordinator_id: Some(id.into()),
        outbox_hold: Duration::from_secs(1),
        ..CoordinatorConfig::default()
    };
    let coordinator = cluster.coordinator().config(config).build()?;
    coordinator.run_until(alone).await;
    Ok(())
}

/// Hears when the process that has started this one is gone, and its end of the standard input with it.
fn alone() -> oneshot::Receiver<()> {
    let (gone, alone) = oneshot::channel();
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        let ended = std::io::stdin().read_to_end(&mut rest);
        // Whatever it says, nobody holds the other end; and who does not wait any more need not be told.
        drop((ended, gone));
    });
    alone
}
