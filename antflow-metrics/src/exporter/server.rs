use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::ExporterError;
use super::render::{self, Source};

/// How long connections may go on after the server was told to end.
const GRACE: Duration = Duration::from_secs(5);

/// How long nothing is accepted after that has failed, which it does for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A listener with the address that it has got.
pub(super) struct Bound {
    listener: TcpListener,
    addr: SocketAddr,
}

pub(super) async fn bind(addr: SocketAddr) -> Result<Bound, ExporterError> {
    let bound = async {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        Ok(Bound { listener, addr })
    };
    bound
        .await
        .map_err(|source| ExporterError::Bind { addr, source })
}

/// A task that accepts connections. Dropped, it ends at once, and its connections with it.
#[derive(Debug)]
pub(super) struct Server {
    addr: SocketAddr,
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Server {
    pub(super) fn spawn(bound: Bound, source: Arc<Source>) -> Self {
        let Bound { listener, addr } = bound;
        let routes = metrics_route(source).route("/healthz", get(async || "ok\n"));
        let stop = Arc::new(Notify::new());
        let task = tokio::spawn(serve(listener, routes, Arc::clone(&stop)));
        Self { addr, stop, task }
    }

    pub(super) fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    pub(super) async fn shutdown(mut self) {
        self.stop.notify_one();
        // It fails if the runtime has ended, and the task with it.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(super) fn metrics_route(source: Arc<Source>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .with_state(source)
}

async fn metrics(State(source): State<Arc<Source>>) -> Response {
    // On a thread for such work: it may take some ten milliseconds, in which workers would wait.
    match tokio::task::spawn_blocking(move || source.render()).await {
        Ok(text) => ([(CONTENT_TYPE, render::CONTENT_TYPE)], text).into_response(),
        Err(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "the metrics could not be rendered\n",
        )
            .into_response(),
    }
}

/// Accepts connections until it is told to stop, and lets them end for a while.
///
/// `axum::serve` would wait for the last one without end, and leave connections behind if it were dropped.
async fn serve(listener: TcpListener, routes: Router, stop: Arc<Notify>) {
    let graceful = GracefulShutdown::new();
    // Dropped with this future, it ends the connections that are left.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, routes.clone(), &graceful));
                }
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
            () = stop.notified() => break,
        }
    }
    drop(listener);
    let _ = timeout(GRACE, graceful.shutdown()).await;
}

fn connection(
    stream: TcpStream,
    routes: Router,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + use<> {
    let connection = http1::Builder::new()
        // With a timer, a request whose head does not come within 30 seconds is given up.
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    let connection = graceful.watch(connection);
    async move {
        // Its errors are those of the client or of the network, and nobody here can do anything about them.
        let _ = connection.await;
    }
}
