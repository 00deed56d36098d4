//! What every command has: the way to the cluster, and the output.

use antflow::cluster::{CLUSTER_VARIABLE, Cluster, Connect};

use crate::failure::Failure;
use crate::output::Output;

/// What every command has.
#[derive(Debug)]
pub(crate) struct Context {
    url: Option<String>,
    bus: Option<String>,
    pub(crate) out: Output,
}

impl Context {
    pub(crate) fn new(url: Option<String>, bus: Option<String>, json: bool) -> Self {
        Self {
            url: url.filter(|url| !url.is_empty()),
            bus: bus.filter(|bus| !bus.is_empty()),
            out: Output::new(json),
        }
    }

    /// The cluster, which has to be there: asking makes no file.
    pub(crate) async fn cluster(&self) -> Result<Cluster, Failure> {
        Ok(self.connect()?.existing().await?)
    }

    /// The cluster, which is made if it is not there.
    pub(crate) async fn cluster_or_new(&self) -> Result<Cluster, Failure> {
        Ok(self.connect()?.await?)
    }

    /// The way to the cluster and its bus.
    pub(crate) fn connect(&self) -> Result<Connect, Failure> {
        let connect = Cluster::connect(self.url()?);
        Ok(match &self.bus {
            Some(bus) => connect.bus(bus),
            None => connect,
        })
    }

    /// The URL of the cluster.
    fn url(&self) -> Result<&str, Failure> {
        let Some(url) = &self.url else {
            return Err(Failure::Usage(format!(
                "which cluster? write `--cluster postgres://user@host/database` or `--cluster path/to/file.db`, or \
                 set `{CLUSTER_VARIABLE}`"
            )));
        };
        if url.starts_with("memory:") {
            return Err(Failure::Usage(
                "`memory:` would be gone with this command: write `--cluster sqlite:///path/to/file.db`"
                    .to_owned(),
            ));
        }
        Ok(url)
    }
}
