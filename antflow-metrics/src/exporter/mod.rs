//! The exporter: metrics in the text format of Prometheus, to be scraped, pushed or written to a file.
//!
//! | the metrics are | with |
//! |---|---|
//! | scraped from a port of their own | [`ExporterBuilder::listen`], 127.0.0.1:9464 if left out |
//! | scraped from an axum application | [`Exporter::router`] |
//! | pushed, at the end of a job that is over before it is scraped | [`Exporter::push_to`] |
//! | read by node_exporter's textfile collector | [`Exporter::write_textfile`] |
//! | text for other purposes | [`Exporter::render`] |
//!
//! An exporter has a recorder of its own, so several of them in one process do not mix; see [`Exporter::recorder`].
//! [`ExporterBuilder::global`] makes it the one that the macros of the crate [`metrics`] record to, so that a program's
//! own metrics are exported beside those of antflow.
//!
//! # Histograms
//!
//! The histograms of antflow, [`names::HISTOGRAMS`](crate::names::HISTOGRAMS), are counted in their
//! [buckets](crate::buckets) at once: they take the same memory whatever is recorded, and
//! [`record_many`](metrics::HistogramFn::record_many) is one addition for any number of equal values. Values that are
//! not a number are left out, as a single one would spoil the sum for ever.
//!
//! All other histograms are kept by metrics-exporter-prometheus, value by value, and counted into buckets when they
//! are rendered and every five seconds. Their buckets are [`buckets::STEP`](crate::buckets::STEP), unless
//! [`ExporterBuilder::buckets_for`] says otherwise: without buckets they would be summaries, which cannot be added up
//! over several processes.

mod builder;
mod error;
mod histogram;
mod push;
mod recorder;
mod render;
mod server;
mod textfile;
mod upkeep;

#[cfg(feature = "observer")]
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::Recorder;

pub use builder::ExporterBuilder;
pub use error::{ExporterError, PushError, TextfileError};
pub use push::PushGateway;
use render::Source;
use server::Server;

/// Gives metrics to Prometheus.
///
/// Dropping it ends its server at once; [`shutdown`](Self::shutdown) lets requests end. Its recorder, and routers made
/// of it, are good for as long as they are kept.
///
/// ```
/// use antflow_metrics::Exporter;
/// use antflow_metrics::metrics::{self, counter};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), antflow_metrics::ExporterError> {
/// let exporter = Exporter::builder().listen(([127, 0, 0, 1], 0)).start().await?;
/// let pages = metrics::with_local_recorder(&exporter.recorder(), || counter!("pages_total"));
/// pages.increment(3);
///
/// assert!(exporter.render().contains("\npages_total 3\n"));
/// assert!(exporter.local_addr().is_some());
/// exporter.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping an exporter ends its server"]
pub struct Exporter {
    source: Arc<Source>,
    local_addr: Option<SocketAddr>,
    server: Mutex<Option<Server>>,
    /// By their names.
    #[cfg(feature = "observer")]
    pipelines: Mutex<BTreeMap<String, crate::PipelineMetrics>>,
    #[cfg(feature = "cluster")]
    cluster: std::sync::OnceLock<crate::ClusterMetrics>,
}

impl Exporter {
    /// What an exporter can be told before it starts.
    pub fn builder() -> ExporterBuilder {
        ExporterBuilder::new()
    }

    fn new(source: Arc<Source>, server: Option<Server>) -> Self {
        Self {
            source,
            local_addr: server.as_ref().map(Server::local_addr),
            server: Mutex::new(server),
            #[cfg(feature = "observer")]
            pipelines: Mutex::default(),
            #[cfg(feature = "cluster")]
            cluster: std::sync::OnceLock::new(),
        }
    }

    /// The observer that records the metrics of a pipeline with this exporter, under this name. They are up to date
    /// whenever they are rendered, with whatever settings: `exporter.pipeline("crawler").with_workers(10)`. The same name
    /// gives the same observer.
    ///
    /// ```
    /// use antflow::{pipeline, stage};
    /// use antflow_metrics::Exporter;
    ///
    /// #[stage(workers = 2)]
    /// async fn double(x: u32) -> u32 {
    ///     x * 2
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let exporter = Exporter::builder().listen(([127, 0, 0, 1], 0)).start().await?;
    /// let doubling = pipeline!(double).observe(exporter.pipeline("doubling"));
    /// doubling.run(0..100).await?;
    ///
    /// let text = exporter.render();
    /// let completed = r#"antflow_items_total{pipeline="doubling",outcome="completed"} 100"#;
    /// assert!(text.contains(completed));
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "observer")]
    pub fn pipeline(&self, name: impl Into<String>) -> crate::PipelineMetrics {
        let name = name.into();
        let mut pipelines = self
            .pipelines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let metrics = pipelines.entry(name).or_insert_with_key(|name| {
            let metrics = crate::PipelineMetrics::new(name.as_str()).with_recorder(self.recorder());
            let collected = metrics.clone();
            self.on_render(move || collected.collect());
            metrics
        });
        metrics.clone()
    }

    /// The observer that records the metrics of workers and coordinators with this exporter. They are up to date
    /// whenever they are rendered. Each call gives the same observer; settings are for those that start under them.
    ///
    /// ```
    /// use antflow::cluster::Cluster;
    /// use antflow::stage;
    /// use antflow_metrics::Exporter;
    ///
    /// #[stage]
    /// async fn double(x: u32) -> u32 {
    ///     x * 2
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let exporter = Exporter::builder().listen(([127, 0, 0, 1], 0)).start().await?;
    /// let cluster = Cluster::in_memory()?;
    /// let coordinator = cluster.coordinator().observe(exporter.cluster()).build()?.start();
    /// let worker = cluster.worker().role::<double>().observe(exporter.cluster()).build()?.start().await?;
    ///
    /// let text = exporter.render();
    /// assert!(text.contains(r#"antflow_worker_batches_total{role="Double",outcome="committed"} 0"#));
    /// worker.shutdown().await;
    /// coordinator.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "cluster")]
    pub fn cluster(&self) -> crate::ClusterMetrics {
        let metrics = self.cluster.get_or_init(|| {
            let metrics = crate::ClusterMetrics::new().with_recorder(self.recorder());
            let collected = metrics.clone();
            self.on_render(move || collected.collect());
            metrics
        });
        metrics.clone()
    }

    /// The recorder whose metrics are exported.
    ///
    /// Handles are bound to the recorder that they are made with. The macros take the one of
    /// [`metrics::with_local_recorder`], which is that of the thread for as long as the closure runs; what records
    /// later, in tasks and on other threads, keeps the handles.
    #[must_use]
    pub fn recorder(&self) -> Arc<dyn Recorder + Send + Sync> {
        self.source.recorder()
    }

    /// All metrics as text, in the format 0.0.4 of Prometheus.
    ///
    /// It takes some ten milliseconds for thousands of series. The order of counters, of gauges and of a program's own
    /// histograms changes from call to call.
    #[must_use]
    pub fn render(&self) -> String {
        self.source.render()
    }

    /// The route `/metrics`, for an application that has a server of its own.
    ///
    /// It answers `GET` and `HEAD`. Paths such as `/healthz` are left to the application. A router with a state takes it
    /// after `with_state`.
    ///
    /// ```
    /// use antflow_metrics::Exporter;
    /// use axum::{Router, routing::get};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antflow_metrics::ExporterError> {
    /// let exporter = Exporter::builder().without_server().start().await?;
    /// let app: Router = Router::new()
    ///     .route("/", get(async || "hello"))
    ///     .merge(exporter.router());
    /// # drop(app);
    /// # Ok(())
    /// # }
    /// ```
    pub fn router(&self) -> axum::Router {
        server::metrics_route(Arc::clone(&self.source))
    }

    /// Where it listens, which says the port if it was told to take any; nothing if it has no server.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.local_addr
    }

    /// Ends the server: it accepts nothing more, answers the requests that it has, and closes its connections.
    ///
    /// What has not ended after five seconds is cut off. The exporter can still render, push and write files.
    ///
    /// # Cancel safety
    /// Dropped, the server ends at once.
    pub async fn shutdown(&self) {
        let server = self.lock().take();
        if let Some(server) = server {
            server.shutdown().await;
        }
    }

    /// Has the closure called before each rendering, to bring metrics up to date that are counted elsewhere.
    ///
    /// Closures are called one after the other, never at the same time, on whatever thread renders.
    #[cfg_attr(
        not(any(test, feature = "observer")),
        expect(dead_code, reason = "for the observer, which counts by itself")
    )]
    pub(crate) fn on_render(&self, update: impl Fn() + Send + Sync + 'static) {
        self.source.on_render(Box::new(update));
    }

    fn lock(&self) -> MutexGuard<'_, Option<Server>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter")
            .field("local_addr", &self.local_addr)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use metrics::gauge;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn updates_are_made_before_each_rendering() {
        let exporter = Exporter::builder().without_server().start().await.unwrap();
        let depth = metrics::with_local_recorder(&exporter.recorder(), || gauge!("depth"));
        exporter.on_render(move || depth.increment(2));
        assert!(exporter.render().ends_with("\ndepth 2\n\n"));
        assert!(exporter.render().ends_with("\ndepth 4\n\n"));
    }

    #[tokio::test]
    async fn an_update_that_panics_fails_one_scrape() {
        let builder = Exporter::builder().listen(([127, 0, 0, 1], 0));
        let exporter = builder.start().await.unwrap();
        let first = std::sync::atomic::AtomicBool::new(true);
        exporter
            .on_render(move || assert!(!first.swap(false, std::sync::atomic::Ordering::Relaxed)));
        let mut answers = Vec::new();
        for _ in 0..2 {
            let addr = exporter.local_addr().unwrap();
            let mut stream = TcpStream::connect(addr).await.unwrap();
            let request = b"HEAD /metrics HTTP/1.0\r\n\r\n";
            stream.write_all(request).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answers.push(answer);
        }
        assert!(answers[0].contains(" 500 "), "{answers:?}");
        assert!(answers[1].contains(" 200 "), "{answers:?}");
    }

    #[test]
    fn exporters_are_shared_between_threads() {
        fn is_shared<T: Send + Sync>() {}
        is_shared::<Exporter>();
        is_shared::<ExporterBuilder>();
        is_shared::<PushGateway>();
        is_shared::<(ExporterError, PushError, TextfileError)>();
    }
}
