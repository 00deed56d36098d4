use antflow::BoxError;
use antflow::cluster::Cluster;
use antflow_tests::servers::{Home, Kafka, Nats, Postgres};

/// What a cluster is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum EngineKind {
    /// A file of SQLite; each process has a bus of its own, and finds its work in the store.
    Embedded,
    /// PostgreSQL, with LISTEN and NOTIFY.
    Postgres,
    /// PostgreSQL, with NATS beside it.
    Nats,
    /// PostgreSQL, with Kafka beside it.
    Kafka,
}

/// Where a cluster is, for the processes that connect to it.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Place {
    #[arg(long)]
    cluster: String,
    #[arg(long)]
    bus: Option<String>,
}

/// An empty place for a cluster with servers of its own, all of which are gone when this is dropped.
pub(crate) struct Ground {
    place: Place,
    /// That of the file, if it is one.
    _home: Option<Home>,
    database: Option<Postgres>,
    broker: Option<Broker>,
}

/// A broker beside the database.
enum Broker {
    Nats(Nats),
    Kafka(Kafka),
}

/// A server that can be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    Database,
    Broker,
}

impl Ground {
    /// Makes a place where nothing is.
    pub(crate) fn new(kind: EngineKind) -> Self {
        if kind == EngineKind::Embedded {
            let home = Home::new();
            let cluster = home.path().join("cluster.db").display().to_string();
            return Self {
                place: Place { cluster, bus: None },
                _home: Some(home),
                database: None,
                broker: None,
            };
        }
        let database = Postgres::start(&[]);
        let cluster = database.database();
        let broker = match kind {
            EngineKind::Nats => Some(Broker::Nats(Nats::start())),
            EngineKind::Kafka => Some(Broker::Kafka(Kafka::start())),
            EngineKind::Embedded | EngineKind::Postgres => None,
        };
        let bus = broker.as_ref().map(|broker| match broker {
            Broker::Nats(nats) => nats.fresh(),
            Broker::Kafka(kafka) => kafka.fresh(),
        });
        Self {
            place: Place { cluster, bus },
            _home: None,
            database: Some(database),
            broker,
        }
    }

    /// What other processes connect by.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The servers that it has.
    pub(crate) fn servers(&self) -> Vec<Server> {
        let database = self.database.as_ref().map(|_| Server::Database);
        let broker = self.broker.as_ref().map(|_| Server::Broker);
        database.into_iter().chain(broker).collect()
    }

    /// Kills a server, as `kill -9` does.
    pub(crate) fn kill(&mut self, server: Server) {
        match (server, &mut self.database, &mut self.broker) {
            (Server::Database, Some(database), _) => database.kill(),
            (Server::Broker, _, Some(Broker::Nats(nats))) => nats.kill(),
            (Server::Broker, _, Some(Broker::Kafka(kafka))) => kafka.kill(),
            _ => {}
        }
    }

    /// Starts a server again that was killed.
    pub(crate) fn restart(&mut self, server: Server) {
        match (server, &mut self.database, &mut self.broker) {
            (Server::Database, Some(database), _) => database.restart(),
            (Server::Broker, _, Some(Broker::Nats(nats))) => nats.restart(),
            (Server::Broker, _, Some(Broker::Kafka(kafka))) => kafka.restart(),
            _ => {}
        }
    }
}

impl Place {
    /// Connects to the cluster.
    pub(crate) async fn connect(&self) -> Result<Cluster, BoxError> {
        let connect = Cluster::connect(&self.cluster);
        Ok(match &self.bus {
            Some(bus) => connect.bus(bus).await?,
            None => connect.await?,
        })
    }

    /// What a process is told of it.
    pub(crate) fn arguments(&self) -> Vec<&str> {
        let mut arguments = vec!["--cluster", &self.cluster];
        if let Some(bus) = &self.bus {
            arguments.extend(["--bus", bus]);
        }
        arguments
    }
}
