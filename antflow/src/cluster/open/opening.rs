//! How engines are opened.

use std::path::Path;
use std::sync::Arc;

use super::ClusterError;
use super::engine::{BusEngine, StoreEngine};
#[cfg(feature = "kafka")]
use crate::cluster::bus::KafkaBus;
#[cfg(feature = "nats")]
use crate::cluster::bus::NatsBus;
#[cfg(feature = "postgres")]
use crate::cluster::bus::PostgresBus;
use crate::cluster::bus::{Bus, InProcessBus};
#[cfg(feature = "postgres")]
use crate::cluster::store::{PostgresOptions, PostgresStore};
use crate::cluster::store::{SqliteOptions, SqliteStore, Store};

impl StoreEngine {
    /// Opens the store, or makes it unless it has to be there.
    pub(super) async fn open(&self, is_existing: bool) -> Result<Arc<dyn Store>, ClusterError> {
        match self {
            Self::Memory if is_existing => Err(ClusterError::Absent {
                place: "memory:".to_owned(),
                hint: "what is in the memory of another process cannot be reached",
            }),
            Self::Memory => Ok(Arc::new(SqliteStore::in_memory(SqliteOptions::default())?)),
            Self::Sqlite(path) if is_existing && !is_there(path) => Err(ClusterError::Absent {
                place: path.display().to_string(),
                hint: "look at the path; a coordinator, a worker or the first run makes the file",
            }),
            Self::Sqlite(path) => Ok(Arc::new(file(path).await?)),
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => {
                let options = PostgresOptions::default().migrate(!is_existing);
                Ok(Arc::new(PostgresStore::connect(url, options).await?))
            }
        }
    }
}

impl BusEngine {
    /// Connects to the bus.
    pub(super) async fn open(&self) -> Result<Arc<dyn Bus>, ClusterError> {
        match *self {
            #[cfg(feature = "postgres")]
            Self::Postgres(ref url) => Ok(Arc::new(PostgresBus::connect(url).await?)),
            #[cfg(feature = "nats")]
            Self::Nats(ref url) => Ok(Arc::new(NatsBus::connect(url).await?)),
            #[cfg(feature = "kafka")]
            Self::Kafka(ref url) => Ok(Arc::new(KafkaBus::connect(url).await?)),
        }
    }
}

/// Connects to a bus; without one, makes one inside this process.
pub(super) async fn bus(engine: Option<BusEngine>) -> Result<Arc<dyn Bus>, ClusterError> {
    match engine {
        Some(engine) => engine.open().await,
        None => Ok(Arc::new(InProcessBus::new())),
    }
}

/// Opens a file of SQLite, and makes it and its directory if they are not there.
pub(super) async fn file(path: &Path) -> Result<SqliteStore, ClusterError> {
    let directory = path.parent().filter(|path| !path.as_os_str().is_empty());
    if let Some(directory) = directory {
        std::fs::create_dir_all(directory).map_err(|source| ClusterError::Directory {
            path: directory.to_owned(),
            source,
        })?;
    }
    Ok(SqliteStore::open(path, SqliteOptions::default()).await?)
}

/// Is something there, readable or not? What is there and cannot be read is for the engine to say.
fn is_there(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}
