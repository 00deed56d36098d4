use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};

use super::recorder::ExporterRecorder;
use super::render::Source;
use super::server::{self, Server};
use super::{Exporter, ExporterError, upkeep};
use crate::{buckets, names};

/// The options of an [`Exporter`]; made by [`Exporter::builder`].
///
/// ```
/// use antflow_metrics::Exporter;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), antflow_metrics::ExporterError> {
/// let exporter = Exporter::builder()
///     .listen(([127, 0, 0, 1], 0))
///     .buckets_for("page_bytes", &[1e3, 1e4, 1e5, 1e6])
///     .start()
///     .await?;
/// # drop(exporter);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ExporterBuilder {
    listen: Option<SocketAddr>,
    global: bool,
    buckets: BTreeMap<String, Vec<f64>>,
}

impl ExporterBuilder {
    pub(super) fn new() -> Self {
        Self {
            listen: Some((Ipv4Addr::LOCALHOST, 9464).into()),
            global: false,
            buckets: BTreeMap::new(),
        }
    }

    /// Sets where `/metrics` and `/healthz` are served; 127.0.0.1:9464 if left out. Port 0 takes any that is free.
    ///
    /// There is no encryption and nobody is asked for a name: listen on an address that only those can reach who may
    /// read the metrics.
    pub fn listen(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.listen = Some(addr.into());
        self
    }

    /// Opens no port: the metrics are served by [`Exporter::router`], pushed, written or rendered.
    pub fn without_server(mut self) -> Self {
        self.listen = None;
        self
    }

    /// Makes the exporter's recorder the global one of the crate [`metrics`], to which its macros record.
    ///
    /// A process has one global recorder, for as long as it lives.
    pub fn global(mut self) -> Self {
        self.global = true;
        self
    }

    /// Sets the upper bounds of the buckets of a histogram of the program's own;
    /// [`buckets::STEP`](crate::buckets::STEP) if left out, which are for seconds.
    pub fn buckets_for(mut self, name: impl Into<String>, bounds: &[f64]) -> Self {
        self.buckets.insert(name.into(), bounds.to_vec());
        self
    }

    /// Starts the exporter: its server, and a task that every five seconds looks after histograms.
    ///
    /// # Errors
    /// [`ExporterError::Bind`] if the address cannot be listened on, [`ExporterError::GlobalRecorder`] if there is a
    /// global recorder already, [`ExporterError::Buckets`] for buckets that are none, and
    /// [`ExporterError::NoRuntime`] outside of a Tokio runtime. Nothing has been started or installed then.
    ///
    /// # Panics
    /// If the runtime was built without `enable_time`, or without `enable_io` where the exporter listens.
    ///
    /// # Cancel safety
    /// Dropped, nothing has been started or installed.
    pub async fn start(self) -> Result<Exporter, ExporterError> {
        tokio::runtime::Handle::try_current().map_err(|_| ExporterError::NoRuntime)?;
        let recorder = Arc::new(ExporterRecorder::new(self.rest()?));
        let listener = match self.listen {
            Some(addr) => Some(server::bind(addr).await?),
            None => None,
        };
        if self.global {
            metrics::set_global_recorder(Arc::clone(&recorder))
                .map_err(|_| ExporterError::GlobalRecorder)?;
        }
        upkeep::spawn(&recorder);
        let source = Arc::new(Source::new(recorder));
        let server = listener.map(|bound| Server::spawn(bound, Arc::clone(&source)));
        Ok(Exporter::new(source, server))
    }

    /// What keeps all metrics but the histograms of antflow.
    fn rest(&self) -> Result<PrometheusRecorder, ExporterError> {
        let mut rest = PrometheusBuilder::new()
            .set_buckets(buckets::STEP)
            .expect("`STEP` is not empty");
        for (name, bounds) in &self.buckets {
            let refused = |reason| ExporterError::Buckets {
                name: name.clone(),
                reason,
            };
            if names::HISTOGRAMS.contains(&name.as_str()) {
                return Err(refused("those of antflow's own histograms are fixed"));
            }
            let rising = bounds.is_sorted_by(|one, next| one < next);
            if !rising || bounds.iter().any(|bound| !bound.is_finite()) {
                return Err(refused("they must be finite numbers that rise"));
            }
            rest = rest
                .set_buckets_for_metric(Matcher::Full(name.clone()), bounds)
                .map_err(|_| refused("there must be at least one"))?;
        }
        Ok(rest.build_recorder())
    }
}
