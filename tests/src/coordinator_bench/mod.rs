//! What tests of coordinators share: coordinators and clusters over a bench of workers.

use std::sync::Arc;

use antflow::cluster::bus::{Audience, Bus, Inbox};
use antflow::cluster::coordinator::{CoordinatorBuilder, CoordinatorConfig, CoordinatorHandle};
use antflow::cluster::protocol::{Envelope, Message, Topic};
use antflow::cluster::store::Store;
use antflow::cluster::testing::FaultyBus;
use antflow::cluster::{Cluster, Role};
use futures::FutureExt;

use crate::worker_bench::WorkerBench;

/// The cluster of a bench.
#[must_use]
pub fn cluster(bench: &WorkerBench) -> Cluster {
    cluster_on(bench, Arc::new(bench.bus.clone()))
}

/// A bus that fails when it should, in front of that of a bench.
#[must_use]
pub fn faulty_bus(bench: &WorkerBench) -> FaultyBus {
    FaultyBus::over(Arc::new(bench.bus.clone()), 0)
}

/// A cluster of the store of a bench and another bus.
#[must_use]
pub fn cluster_on(bench: &WorkerBench, bus: Arc<dyn Bus>) -> Cluster {
    Cluster::of(Arc::clone(&bench.store) as Arc<dyn Store>, bus)
}

/// A coordinator to be configured, with this id and the defaults.
pub fn builder(cluster: &Cluster, id: &str) -> CoordinatorBuilder {
    cluster.coordinator().config(CoordinatorConfig {
        coordinator_id: Some(id.into()),
        ..CoordinatorConfig::default()
    })
}

/// Starts a coordinator.
///
/// # Panics
/// If it is not complete.
pub fn start(builder: CoordinatorBuilder) -> CoordinatorHandle {
    builder
        .build()
        .expect("the coordinator is complete")
        .start()
}

/// Starts a coordinator with this id and the defaults.
pub fn coordinator(bench: &WorkerBench, id: &str) -> CoordinatorHandle {
    start(builder(&cluster(bench), id))
}

/// Listens to a topic, as everybody does.
///
/// # Panics
/// If the bus is closed.
pub async fn listen(bus: &dyn Bus, topics: Vec<Topic>) -> Box<dyn Inbox> {
    let inbox = bus.subscribe(topics, Audience::Each).await;
    inbox.expect("the bus is open")
}

/// What has arrived and was not read.
///
/// # Panics
/// If it is no message.
pub fn arrived(inbox: &mut dyn Inbox) -> Vec<Envelope> {
    let mut all = Vec::new();
    while let Some(Some(Ok(post))) = inbox.next().now_or_never() {
        all.push(Envelope::decode(&post.bytes).expect("it is a message"));
    }
    all
}

/// The kinds of what has arrived.
pub fn kinds(inbox: &mut dyn Inbox) -> Vec<&'static str> {
    let arrived = arrived(inbox);
    arrived.iter().map(|said| said.message.kind()).collect()
}

/// The codes and texts of the warnings that have arrived.
pub fn warnings(inbox: &mut dyn Inbox) -> Vec<(String, String)> {
    let warning = |said: Envelope| match said.message {
        Message::Warning(warning) => Some((warning.code.to_string(), warning.text)),
        _ => None,
    };
    arrived(inbox).into_iter().filter_map(warning).collect()
}

/// The topic on which is said what becomes of nodes with this role.
#[must_use]
pub fn status(role: &str) -> Topic {
    Topic::Status(Role::from(role))
}
