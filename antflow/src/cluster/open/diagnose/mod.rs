//! What is wrong with a cluster, and what to do: `antflow doctor`.

mod bus;
mod store;
mod workers;

use std::time::Duration;

use serde::Serialize;

use super::{Cluster, ClusterError, Connect, opening};
use crate::cluster::graph::Graph;
use crate::cluster::{Finding, Role, Severity};

/// What to look at, and for how long.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Examination {
    /// The graph whose roles need workers; without one, those of the nodes that wait do.
    pub graph: Option<Graph>,
    /// How long the store, the bus and each worker may take to answer; 5 s by default.
    pub patience: Duration,
}

impl Default for Examination {
    fn default() -> Self {
        Self {
            graph: None,
            patience: Duration::from_secs(5),
        }
    }
}

impl Examination {
    /// Looks for workers for each role of a graph.
    #[must_use]
    pub fn graph(mut self, graph: Graph) -> Self {
        self.graph = Some(graph);
        self
    }

    /// Sets how long the store, the bus and each worker may take to answer.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The roles that workers of the graph need, once each.
    fn roles(&self) -> Vec<Role> {
        let asks = self.graph.iter().flat_map(workers::asks);
        let mut roles: Vec<_> = asks.map(|(role, _)| role).collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }
}

/// What was found, in the order in which it was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// All findings.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// How bad the worst finding is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        let severities = self.findings.iter().map(|finding| finding.severity);
        severities.max().unwrap_or(Severity::Fine)
    }
}

impl Connect {
    /// Connects and looks at everything, as [`Cluster::diagnose`]; what cannot be reached is a finding as well.
    ///
    /// ```
    /// use antflow::cluster::{Cluster, Examination, Severity};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let absent = Cluster::connect("/none/cluster.db").existing();
    /// let diagnosis = absent.diagnose(Examination::default()).await;
    /// assert_eq!(diagnosis.severity(), Severity::Problem);
    /// assert!(diagnosis.findings[0].said.starts_with("there is no cluster at `/none/cluster.db`"));
    /// # }
    /// ```
    pub async fn diagnose(self, examination: Examination) -> Diagnosis {
        // On the heap: the engines make it large.
        Box::pin(self.look(examination)).await
    }

    async fn look(self, examination: Examination) -> Diagnosis {
        let mut findings = Vec::new();
        match self.engines() {
            Err(wrong) => findings.push(Finding::problem("url", wrong.to_string(), URLS)),
            Ok((store, bus)) => {
                let (store, bus) = tokio::join!(
                    patiently(examination.patience, store.open(self.is_existing())),
                    patiently(examination.patience, opening::bus(bus))
                );
                if let Err(said) = &store {
                    findings.push(Finding::problem("store: reachable", said, STORE));
                }
                if let Err(said) = &bus {
                    findings.push(Finding::problem("bus: reachable", said, BUS));
                }
                if let Ok(store) = &store {
                    store::examine(&**store, examination.patience, &mut findings).await;
                    workers::examine(&**store, &examination, &mut findings).await;
                }
                if let Ok(bus) = &bus {
                    let store = store.as_deref().ok();
                    bus::examine(&**bus, store, &examination, &mut findings).await;
                }
            }
        }
        Diagnosis { findings }
    }
}

impl Cluster {
    /// Looks at everything that a cluster needs: does the store answer, is its clock right, is it set up safely and may
    /// it be written; is what is said on the bus heard; do workers answer, and has each role one; do coordinators do
    /// their work. Nothing is changed; a question is asked on the bus.
    ///
    /// Whatever is wrong is a finding, so there is no error.
    ///
    /// # Cancel safety
    /// Safe to drop.
    pub async fn diagnose(&self, examination: Examination) -> Diagnosis {
        let mut findings = Vec::new();
        store::examine(&*self.store, examination.patience, &mut findings).await;
        workers::examine(&*self.store, &examination, &mut findings).await;
        let store = Some(&*self.store);
        bus::examine(&*self.bus, store, &examination, &mut findings).await;
        Diagnosis { findings }
    }
}

const URLS: &str = "look at the URL, and at the one of the bus";
const STORE: &str = "look at host, port, user and database of the URL, and whether this machine may reach the server";
const BUS: &str = "look at host and port of the URL, and whether this machine may reach the broker; until then work \
                   is found by looking into the store alone";

/// What comes of something that may take so long, or why nothing does.
async fn patiently<T>(
    patience: Duration,
    what: impl Future<Output = Result<T, ClusterError>>,
) -> Result<T, String> {
    match tokio::time::timeout(patience, what).await {
        Ok(ended) => ended.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {patience:?}")),
    }
}
