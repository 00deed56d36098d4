//! Where scenarios take place: an engine, and those who connect to it as processes of their own do.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use antflow::cluster::Cluster;
use antflow::cluster::bus::{Audience, Bus, Inbox, Post};
use antflow::cluster::coordinator::{CoordinatorConfig, CoordinatorHandle};
use antflow::cluster::handler::Handler;
use antflow::cluster::protocol::{Envelope, Topic};
use antflow::cluster::store::{OutboxRetry, Store};
use antflow::cluster::testing::{FaultyBus, FaultyStore};
use antflow::cluster::worker::{WorkerConfig, WorkerHandle};

use crate::worker_bench::{ROLE, start};
use crate::{View, millis, seconds};

/// What an engine is doing.
pub type Doing<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where the stores of a case are: what is stored there is this case's alone.
pub trait Stores: fmt::Debug + Send + Sync {
    /// Opens a store, as another process does.
    fn open(&self) -> Doing<'_, Arc<dyn Store>>;

    /// Kills the server and starts it again.
    fn restart(&self) {
        panic!("{self:?} has no server to be restarted")
    }
}

/// Where the buses of a case are: what is said there is heard in this case alone.
pub trait Buses: fmt::Debug + Send + Sync {
    /// Opens a bus, as another process does.
    fn open(&self) -> Doing<'_, Arc<dyn Bus>>;

    /// Kills the server and starts it again.
    fn restart(&self) {
        panic!("{self:?} has no server to be restarted")
    }
}

/// The ground of one case: nothing is there yet.
#[derive(Debug, Clone)]
pub struct Ground {
    stores: Arc<dyn Stores>,
    buses: Arc<dyn Buses>,
    own: Cluster,
}

/// A connection whose store and bus fail when they should.
#[derive(Debug, Clone)]
pub struct Faulty {
    /// The cluster, by way of both.
    pub cluster: Cluster,
    /// The store.
    pub store: Arc<FaultyStore>,
    /// The bus.
    pub bus: FaultyBus,
}

impl Ground {
    /// The ground that an engine of stores and one of buses give.
    pub async fn of(stores: impl Stores + 'static, buses: impl Buses + 'static) -> Self {
        let own = Cluster::of(stores.open().await, buses.open().await);
        Self {
            stores: Arc::new(stores),
            buses: Arc::new(buses),
            own,
        }
    }

    /// Connects, as another process does.
    pub async fn cluster(&self) -> Cluster {
        Cluster::of(self.stores.open().await, self.buses.open().await)
    }

    /// Connects, by way of a store and a bus that fail when they should.
    pub async fn faulty(&self) -> Faulty {
        let cluster = self.cluster().await;
        let store = Arc::new(FaultyStore::over(Arc::clone(cluster.store()), 7));
        let bus = FaultyBus::over(Arc::clone(cluster.bus()), 7);
        let through = Arc::clone(&store) as Arc<dyn Store>;
        Faulty {
            cluster: Cluster::of(through, Arc::new(bus.clone())),
            store,
            bus,
        }
    }

    /// The connection of who looks on: the case itself.
    #[must_use]
    pub fn own(&self) -> &Cluster {
        &self.own
    }

    /// Its store.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &**self.own.store()
    }

    /// What the case does with the store: submit, look, wait.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View(self.store())
    }

    /// Kills the server of the store and starts it again.
    pub async fn restart_database(&self) {
        let stores = Arc::clone(&self.stores);
        let restarted = tokio::task::spawn_blocking(move || stores.restart());
        restarted.await.expect("it starts again");
    }

    /// Kills the server of the bus and starts it again.
    pub async fn restart_broker(&self) {
        let buses = Arc::clone(&self.buses);
        let restarted = tokio::task::spawn_blocking(move || buses.restart());
        restarted.await.expect("it starts again");
    }

    /// Starts a worker of [`ROLE`] with a connection of its own and leases that hold for long.
    pub async fn worker<H: Handler + Clone>(&self, id: &str, handler: &H) -> WorkerHandle {
        worker(&self.cluster().await, patient(id), handler).await
    }

    /// Starts a coordinator with a connection of its own.
    pub async fn coordinator(&self, id: &str) -> CoordinatorHandle {
        coordinator(&self.cluster().await, quick(id))
    }

    /// Listens to topics, as everybody does.
    ///
    /// # Panics
    /// If the bus does not allow it.
    pub async fn listen(&self, topics: Vec<Topic>) -> Box<dyn Inbox> {
        let inbox = self.own.bus().subscribe(topics, Audience::Each).await;
        inbox.expect("the bus is open")
    }

    /// Says something on the bus.
    ///
    /// # Panics
    /// If the bus does not take it.
    pub async fn say(&self, topic: Topic, envelope: &Envelope) {
        let said = self.own.bus().publish(Post::new(topic, envelope)).await;
        said.expect("the bus is open");
    }
}

/// A worker with this id, room for two nodes, short waits, and leases that no slow machine lets expire.
#[must_use]
pub fn patient(id: &str) -> WorkerConfig {
    WorkerConfig {
        worker_id: Some(id.into()),
        capacity: 2,
        lease_ttl: seconds(20),
        hb_interval: millis(200),
        announce_interval: millis(200),
        pull_poll: millis(20),
        pull_backoff_max: millis(100),
        cancel_poll: millis(50),
        claim_poll: millis(100),
        cancel_grace: seconds(5),
        ..WorkerConfig::default()
    }
}

/// As [`patient`], with leases that hold for so long.
#[must_use]
pub fn leasing(id: &str, lease: Duration) -> WorkerConfig {
    WorkerConfig {
        lease_ttl: lease,
        hb_interval: lease / 5,
        ..patient(id)
    }
}

/// A coordinator with this id that looks often.
#[must_use]
pub fn quick(id: &str) -> CoordinatorConfig {
    CoordinatorConfig {
        coordinator_id: Some(id.into()),
        lease_ttl: seconds(20),
        scheduler_tick: millis(50),
        monitor_tick: millis(100),
        outbox_tick: millis(50),
        outbox_retry: OutboxRetry {
            backoff_min: millis(20),
            backoff_max: millis(200),
            ..OutboxRetry::default()
        },
        ..CoordinatorConfig::default()
    }
}

/// Starts a worker of [`ROLE`].
pub async fn worker<H: Handler + Clone>(
    cluster: &Cluster,
    config: WorkerConfig,
    handler: &H,
) -> WorkerHandle {
    let handler = handler.clone();
    let builder = cluster.worker().config(config);
    start(builder.handler(ROLE, move || handler.clone())).await
}

/// Starts a coordinator.
pub fn coordinator(cluster: &Cluster, config: CoordinatorConfig) -> CoordinatorHandle {
    crate::coordinator_bench::start(cluster.coordinator().config(config))
}
