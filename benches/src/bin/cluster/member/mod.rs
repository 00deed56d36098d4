//! The members of a cluster: who submits, who coordinates, who works, each with the defaults of its kind.

mod feed;
mod stream;
mod work;

use antflow::BoxError;
use antflow::cluster::Cluster;
use antflow::cluster::worker::WorkerConfig;

use crate::args::MemberArgs;
use crate::talk::{Mouth, Word, orders};
use feed::Feeder;
use stream::{MAKE, Makes, TAKE, Takes, TellsCommits};
use work::Performs;

/// Does what the arguments say until the process that has started this one is gone.
pub(crate) async fn serve(args: &MemberArgs) -> Result<(), BoxError> {
    let connect = Cluster::connect(&args.cluster);
    let cluster = match &args.bus {
        Some(bus) => connect.bus(bus).await?,
        None => connect.await?,
    };
    let mouth = Mouth::new();
    let coordinator = match args.coordinates {
        true => Some(cluster.coordinator().build()?.start()),
        false => None,
    };
    let mut settings = String::new();
    let mut worker = None;
    if !args.roles.is_empty() {
        let config = WorkerConfig {
            worker_id: Some(args.id.as_str().into()),
            // All nodes that are there at the same time.
            capacity: u32::try_from(args.roles.len())?,
            ..WorkerConfig::default()
        };
        settings = format!(
            "concurrency {} per node, claim_poll {:?}, pull_poll {:?}, defaults otherwise",
            args.concurrency, config.claim_poll, config.pull_poll
        );
        let mut builder = cluster.worker().config(config);
        for role in &args.roles {
            let mouth = mouth.clone();
            builder = match role.as_str() {
                MAKE => builder
                    .handler(role.as_str(), Makes::default)
                    .observe(TellsCommits::by(mouth)),
                TAKE => builder.handler(role.as_str(), move || Takes::by(mouth.clone())),
                _ => builder.handler(role.as_str(), move || Performs::by(mouth.clone())),
            };
        }
        worker = Some(builder.build()?.start().await?);
    }
    let mut orders = orders();
    mouth.say(&Word::Ready { settings });
    let mut feeder = Feeder::of(cluster, args.concurrency);
    while let Some(order) = orders.recv().await {
        mouth.say(&feeder.obey(order).await?);
    }
    if let Some(worker) = worker {
        worker.shutdown().await;
    }
    if let Some(coordinator) = coordinator {
        coordinator.shutdown().await;
    }
    Ok(())
}
