use antflow::BoxError;
use antflow::cluster::Cluster;
use tempfile::TempDir;

/// What a cluster is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum EngineKind {
    /// A file of SQLite; each process has a bus of its own, and finds its work in the store.
    Embedded,
}

/// An empty place for a cluster, which is gone when this is dropped.
pub(crate) struct Ground {
    kind: EngineKind,
    directory: TempDir,
}

impl Ground {
    /// Makes a place where nothing is.
    pub(crate) fn new(kind: EngineKind) -> Result<Self, BoxError> {
        Ok(Self {
            kind,
            directory: tempfile::tempdir()?,
        })
    }

    pub(crate) fn kind(&self) -> EngineKind {
        self.kind
    }

    /// What other processes open it by.
    pub(crate) fn place(&self) -> String {
        match self.kind {
            EngineKind::Embedded => self
                .directory
                .path()
                .join("cluster.db")
                .display()
                .to_string(),
        }
    }

    /// Opens it in this process.
    pub(crate) async fn open(&self) -> Result<Cluster, BoxError> {
        open(self.kind, &self.place()).await
    }
}

/// Opens a cluster.
pub(crate) async fn open(kind: EngineKind, place: &str) -> Result<Cluster, BoxError> {
    match kind {
        EngineKind::Embedded => Ok(Cluster::embedded(place).await?),
    }
}
