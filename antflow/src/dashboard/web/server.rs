use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::WebError;

/// How long connections may go on after the server was told to end.
const GRACE: Duration = Duration::from_secs(5);

/// So many connections there are at a time, each of which takes some memory and a file descriptor.
const CONNECTIONS: usize = 256;

/// So many more are told that there are too many.
const REFUSALS: usize = 64;

/// What they are told.
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/json\r\ncontent-length: 59\r\nconnection: close\r\nretry-after: 5\r\n\r\n\
    {\"error\":\"too many connections: close some, and try again\"}";

/// How long somebody may take to hear that.
const REFUSED_WITHIN: Duration = Duration::from_secs(5);

/// How long nothing is accepted after that has failed, which it does for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

pub(super) async fn bind(addr: SocketAddr) -> Result<TcpListener, WebError> {
    let bound = TcpListener::bind(addr).await;
    bound.map_err(|source| WebError::Bind { addr, source })
}

/// A dashboard that is served. Dropped, it ends at once, and its connections with it.
#[derive(Debug)]
#[must_use = "a server that is dropped ends"]
pub struct Server {
    addr: SocketAddr,
    closing: CancellationToken,
    task: JoinHandle<()>,
}

impl Server {
    pub(super) fn spawn(
        listener: TcpListener,
        addr: SocketAddr,
        routes: Router,
        closing: CancellationToken,
    ) -> Self {
        let task = tokio::spawn(serve(listener, routes, closing.clone()));
        Self {
            addr,
            closing,
            task,
        }
    }

    /// Where it listens, with the port that it got.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Ends it: answers that are under way are given, for some seconds at most.
    ///
    /// # Cancel safety
    /// Dropped, it ends at once.
    pub async fn shutdown(mut self) {
        self.closing.cancel();
        // It fails if the runtime has ended, and the task with it.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Accepts connections until it is told to stop, and lets them end for a while.
///
/// `axum::serve` would wait for the last one without end, and leave connections behind if it were dropped.
async fn serve(listener: TcpListener, routes: Router, closing: CancellationToken) {
    let graceful = GracefulShutdown::new();
    // Dropped with this future, they end the connections that are left.
    let (mut connections, mut refusals) = (JoinSet::new(), JoinSet::new());
    loop {
        tokio::select! {
            // Who has left makes room before somebody else is looked at.
            biased;
            () = closing.cancelled() => break,
            Some(_) = connections.join_next() => {}
            Some(_) = refusals.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < CONNECTIONS => {
                    connections.spawn(connection(stream, routes.clone(), &graceful));
                }
                Ok((stream, _)) if refusals.len() < REFUSALS => {
                    refusals.spawn(timeout(REFUSED_WITHIN, refuse(stream)));
                }
                Ok(_) => {}
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
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

/// Says that there are too many connections. What was asked is read, as closing a connection with something unread would
/// take the answer with it.
async fn refuse(mut stream: TcpStream) {
    let _ = stream.write_all(REFUSAL).await;
    let _ = stream.shutdown().await;
    let mut unread = [0; 1024];
    while let Ok(1..) = stream.read(&mut unread).await {}
}
