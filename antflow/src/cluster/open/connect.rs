use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;

use super::engine::{BusEngine, StoreEngine};
use super::{Cluster, ClusterError, UrlError, opening};

/// A connection to a cluster that is to be made: `.await` makes it.
///
/// ```
/// use antflow::cluster::Cluster;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cluster = Cluster::connect("memory:").await?;
/// assert!(cluster.workers().await?.is_empty());
///
/// let error = Cluster::connect("sqlite:///none/cluster.db").existing().await.unwrap_err();
/// assert!(error.to_string().starts_with("there is no cluster at `/none/cluster.db`"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing is connected before it is awaited"]
pub struct Connect {
    url: String,
    bus: Option<String>,
    is_existing: bool,
}

impl Cluster {
    /// Connects to the cluster of a URL. `.await` what it gives.
    ///
    /// | URL | store | bus | feature |
    /// |---|---|---|---|
    /// | `postgres://user@host/database` | PostgreSQL | LISTEN and NOTIFY of the same server | `postgres` |
    /// | `sqlite:///path/to/file.db` | a file of SQLite, as by [`embedded`](Self::embedded) | in this process | |
    /// | `sqlite://relative.db` | the same, from the current directory | in this process | |
    /// | a path | the same | in this process | |
    /// | `memory:` | gone with this process, as by [`in_memory`](Self::in_memory) | in this process | |
    ///
    /// [`bus`](Connect::bus) puts another bus beside the store. Paths are taken as they are: nothing in them is
    /// decoded. What else a URL of a server may have is said where its engine is.
    ///
    /// # Errors
    /// What it gives fails with [`ClusterError::Url`] if there is no engine for the URL, and otherwise as the engine.
    pub fn connect(url: impl Into<String>) -> Connect {
        Connect {
            url: url.into(),
            bus: None,
            is_existing: false,
        }
    }
}

impl Connect {
    /// Puts a bus beside the store, in place of the one that it brings along.
    ///
    /// | URL | bus | feature |
    /// |---|---|---|
    /// | `nats://host:4222`, `tls://host:4222` | NATS with JetStream | `nats` |
    /// | `kafka://host:9092` | Kafka | `kafka` |
    /// | `postgres://user@host/database` | LISTEN and NOTIFY of PostgreSQL | `postgres` |
    ///
    /// All members of a cluster need the same one: who speaks on another bus is not heard, and their work is found by
    /// looking into the store alone.
    ///
    /// ```
    /// use antflow::cluster::{Cluster, ClusterError};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let error = Cluster::connect("memory:").bus("sqlite://cluster.db").await.unwrap_err();
    /// assert!(matches!(error, ClusterError::Url(_)));
    /// # }
    /// ```
    pub fn bus(mut self, url: impl Into<String>) -> Self {
        self.bus = Some(url.into());
        self
    }

    /// Takes only a cluster that is there, and makes none: for who asks or steers, and may have mistyped the URL.
    pub fn existing(mut self) -> Self {
        self.is_existing = true;
        self
    }

    async fn connect(self) -> Result<Cluster, ClusterError> {
        let (store, bus) = self.engines()?;
        let store = store.open(self.is_existing).await?;
        Ok(Cluster::of(store, opening::bus(bus).await?))
    }

    /// What it says, before anything is opened.
    pub(super) fn engines(&self) -> Result<(StoreEngine, Option<BusEngine>), UrlError> {
        let store = StoreEngine::of(&self.url)?;
        let bus = match &self.bus {
            Some(url) => Some(BusEngine::of(url)?),
            None => store.bus(),
        };
        Ok((store, bus))
    }

    pub(super) fn is_existing(&self) -> bool {
        self.is_existing
    }
}

impl fmt::Debug for Connect {
    /// Without the URLs, which may hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("is_existing", &self.is_existing)
            .finish_non_exhaustive()
    }
}

impl IntoFuture for Connect {
    type Output = Result<Cluster, ClusterError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.connect())
    }
}
