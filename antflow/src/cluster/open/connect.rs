use std::future::IntoFuture;
use std::path::Path;
use std::pin::Pin;

use super::engine::Engine;
use super::{Cluster, ClusterError};

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
#[derive(Debug, Clone)]
#[must_use = "nothing is connected before it is awaited"]
pub struct Connect {
    url: String,
    is_existing: bool,
}

impl Cluster {
    /// Connects to the cluster of a URL. `.await` what it gives.
    ///
    /// | URL | engine |
    /// |---|---|
    /// | `sqlite:///path/to/file.db` | a file of SQLite, as by [`embedded`](Self::embedded) |
    /// | `sqlite://relative.db` | the same, from the current directory |
    /// | a path | the same |
    /// | `memory:` | gone with this process, as by [`in_memory`](Self::in_memory) |
    ///
    /// Paths are taken as they are: nothing in them is decoded.
    ///
    /// # Errors
    /// What it gives fails with [`ClusterError::Url`] if there is no engine for the URL, and otherwise as the engine.
    pub fn connect(url: impl Into<String>) -> Connect {
        Connect {
            url: url.into(),
            is_existing: false,
        }
    }
}

impl Connect {
    /// Takes only a cluster that is there, and makes none: for who asks or steers, and may have mistyped the URL.
    pub fn existing(mut self) -> Self {
        self.is_existing = true;
        self
    }

    async fn connect(self) -> Result<Cluster, ClusterError> {
        match Engine::of(&self.url)? {
            Engine::Memory if self.is_existing => Err(ClusterError::Absent {
                place: "memory:".to_owned(),
                hint: "what is in the memory of another process cannot be reached",
            }),
            Engine::Memory => Cluster::in_memory(),
            Engine::Sqlite(path) if self.is_existing && !is_there(&path) => {
                Err(ClusterError::Absent {
                    place: path.display().to_string(),
                    hint: "look at the path; a coordinator, a worker or the first run makes the file",
                })
            }
            Engine::Sqlite(path) => Cluster::embedded(path).await,
        }
    }
}

/// Is something there, readable or not? What is there and cannot be read is for the engine to say.
fn is_there(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

impl IntoFuture for Connect {
    type Output = Result<Cluster, ClusterError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.connect())
    }
}
