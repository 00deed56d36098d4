use antflow::cluster::store::SqliteOptions;
use antflow_tests::servers::{Home, Kafka, Nats, Postgres};

use crate::contender::{Contender, EngineKind};

/// The servers that all who are measured share, each of which starts when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct Servers {
    has_files: bool,
    database: Option<Postgres>,
    nats: Option<Nats>,
    kafka: Option<Kafka>,
}

/// An empty place for one measurement.
#[derive(Debug)]
pub(crate) struct Place {
    url: String,
    bus: Option<String>,
    /// That of the file, if it is one.
    home: Option<Home>,
}

impl Servers {
    /// Makes a place where nothing is.
    pub(crate) fn place(&mut self, contender: Contender) -> Place {
        if contender == Contender::Engine(EngineKind::Embedded) {
            self.has_files = true;
            let home = Home::new();
            let url = home.path().join("cluster.db").display().to_string();
            return Place {
                url,
                bus: None,
                home: Some(home),
            };
        }
        let database = self.database.get_or_insert_with(|| Postgres::start(&[]));
        let url = database.database();
        let bus = match contender {
            Contender::Engine(EngineKind::Nats) => {
                Some(self.nats.get_or_insert_with(Nats::start).fresh())
            }
            Contender::Engine(EngineKind::Kafka) => {
                Some(self.kafka.get_or_insert_with(Kafka::start).fresh())
            }
            _ => None,
        };
        Place {
            url,
            bus,
            home: None,
        }
    }

    /// Removes a place, so that nothing is left to be done for it while the next one is measured.
    pub(crate) fn remove(&self, place: &Place) {
        if let (Some(database), None) = (&self.database, &place.home) {
            let name = place.url.rsplit('/').next().unwrap_or_default();
            let statement = format!("DROP DATABASE {name} WITH (FORCE)");
            database.psql(&database.url("postgres"), &statement);
            database.psql(&database.url("postgres"), "CHECKPOINT");
        }
    }

    /// How what is durable is kept, by each server that runs: as it says itself, or as it was started.
    pub(crate) fn settings(&self) -> Vec<String> {
        let mut said = Vec::new();
        if self.has_files {
            let synchronous = match SqliteOptions::default().is_synced {
                true => "FULL",
                false => "NORMAL",
            };
            said.push(format!(
                "SQLite: journal_mode=WAL, synchronous={synchronous}"
            ));
        }
        if let Some(database) = &self.database {
            let show = |name: &str| {
                let shown = database.psql(&database.url("postgres"), &format!("SHOW {name}"));
                format!("{name}={}", shown.trim())
            };
            let shown = SHOWN.map(show).join(", ");
            said.push(format!("PostgreSQL: {shown}"));
        }
        if self.nats.is_some() {
            said.push(
                "NATS: JetStream in files, one replica, sync_interval as by default (2 min): it carries hints alone"
                    .to_owned(),
            );
        }
        if self.kafka.is_some() {
            said.push(
                "Kafka: 0.9.0.1, one broker, one replica, 4 partitions, flush as by default (by the system): it \
                 carries hints alone"
                    .to_owned(),
            );
        }
        said
    }
}

/// What PostgreSQL is asked for.
const SHOWN: [&str; 7] = [
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "commit_delay",
    "shared_buffers",
];

impl Place {
    /// The URL of the store.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The URL of the bus, if it is another server.
    pub(crate) fn bus(&self) -> Option<&str> {
        self.bus.as_deref()
    }
}
