//! What every command has: the way to the cluster, and the output.

use antflow::cluster::{CLUSTER_VARIABLE, Cluster};

use crate::failure::Failure;
use crate::output::Output;

/// What every command has.
#[derive(Debug)]
pub(crate) struct Context {
    url: Option<String>,
    pub(crate) out: Output,
}

impl Context {
    pub(crate) fn new(url: Option<String>, json: bool) -> Self {
        Self {
            url: url.filter(|url| !url.is_empty()),
            out: Output::new(json),
        }
    }

    /// The cluster, which has to be there: asking makes no file.
    pub(crate) async fn cluster(&self) -> Result<Cluster, Failure> {
        Ok(Cluster::connect(self.url()?).existing().await?)
    }

    /// The cluster, which is made if it is not there.
    pub(crate) async fn cluster_or_new(&self) -> Result<Cluster, Failure> {
        Ok(Cluster::connect(self.url()?).await?)
    }

    /// The URL of the cluster.
    fn url(&self) -> Result<&str, Failure> {
        let Some(url) = &self.url else {
            return Err(Failure::Usage(format!(
                "which cluster? write `--cluster sqlite:///path/to/file.db`, or set `{CLUSTER_VARIABLE}`"
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
