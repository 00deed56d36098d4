//! One program for the parts of a service: `cluster_service worker` and `cluster_service coordinator`, any number of
//! each, with their metrics for Prometheus.
//!
//! ```sh
//! export ANTFLOW_CLUSTER=postgres://antflow@db/antflow ANTFLOW_BUS=nats://broker
//! cluster_service coordinator &
//! METRICS=0.0.0.0:9465 cluster_service worker
//! ```
//!
//! `antflow doctor` says what is wrong with its surroundings. It ends at Ctrl-C or SIGTERM.

use std::env;
use std::net::SocketAddr;

use antflow::cluster::coordinator::Coordinator;
use antflow::cluster::worker::Worker;
use antflow::{BoxError, stage};
use antflow_metrics::Exporter;

/// Makes a page of an address.
#[stage(workers = 4, retry = "per_task", attempts = 3)]
async fn fetch(address: String) -> Result<String, BoxError> {
    let name = address
        .strip_prefix("https://")
        .ok_or("this is no address")?;
    Ok(format!("the page of {name}"))
}

/// Counts the words of a page.
#[stage]
async fn count_words(page: String) -> usize {
    page.split_whitespace().count()
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let address: SocketAddr = match env::var("METRICS") {
        Ok(address) => address.parse()?,
        Err(_) => ([127, 0, 0, 1], 9464).into(),
    };
    let exporter = Exporter::builder().listen(address).start().await?;
    if let Some(address) = exporter.local_addr() {
        println!("metrics at http://{address}/metrics");
    }
    match env::args().nth(1).as_deref() {
        Some("worker") => {
            let worker = Worker::from_env()?.observe(exporter.cluster());
            worker.role::<fetch>().role::<count_words>().run().await?;
        }
        Some("coordinator") => {
            let coordinator = Coordinator::from_env()?.observe(exporter.cluster());
            coordinator.run().await?;
        }
        other => {
            return Err(format!("say `worker` or `coordinator`, not {other:?}").into());
        }
    }
    Ok(())
}
