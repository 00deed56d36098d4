//! Metrics over HTTP: from a port of their own, and from the server of an application.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

#[path = "support/http.rs"]
mod http;

use std::error::Error;
use std::net::SocketAddr;

use antflow_metrics::metrics::{self, counter};
use antflow_metrics::{Exporter, ExporterError};
use axum::{Router, routing::get};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const ANY: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

/// An exporter that has counted three pages, and its address.
async fn exporter() -> (Exporter, SocketAddr) {
    let exporter = Exporter::builder().listen(ANY).start().await.unwrap();
    metrics::with_local_recorder(&exporter.recorder(), || {
        counter!("pages_total").increment(3);
    });
    let addr = exporter.local_addr().unwrap();
    (exporter, addr)
}

#[tokio::test]
async fn metrics_are_served_with_the_type_that_prometheus_asks_for() {
    let (exporter, addr) = exporter().await;
    assert_ne!(addr.port(), 0);
    let answer = http::request(addr, "GET", "/metrics").await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert_eq!(answer.body, exporter.render());
    assert!(answer.body.contains("\npages_total 3\n"));

    let head = http::request(addr, "HEAD", "/metrics").await;
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-type"), answer.header("content-type"));
    assert_eq!(
        head.header("content-length"),
        answer.header("content-length")
    );
    assert_eq!(head.body, "");
}

#[tokio::test]
async fn it_says_that_it_is_there() {
    let (_exporter, addr) = exporter().await;
    assert_eq!(http::get(addr, "/healthz").await, "ok\n");
    let head = http::request(addr, "HEAD", "/healthz").await;
    assert_eq!((head.status, &*head.body), (200, ""));
}

#[tokio::test]
async fn nothing_else_is_answered() {
    let (_exporter, addr) = exporter().await;
    for path in ["/", "/health", "/metrics/", "/metrics/job", "/Metrics"] {
        assert_eq!(http::request(addr, "GET", path).await.status, 404, "{path}");
    }
    for path in ["/metrics", "/healthz"] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
            let answer = http::request(addr, method, path).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("allow"), Some("GET,HEAD"));
        }
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let (_exporter, addr) = exporter().await;
    let second = Exporter::builder().listen(addr).start().await;
    let error = second.unwrap_err();
    assert!(matches!(error, ExporterError::Bind { addr: it, .. } if it == addr));
    assert_eq!(
        error.to_string(),
        format!(
            "cannot listen on {addr}: end what listens there, or name another address with `listen`; \
             port 0 takes any that is free"
        )
    );
    let source = error.source().unwrap().downcast_ref::<std::io::Error>();
    assert_eq!(source.unwrap().kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn an_application_serves_the_metrics_among_its_own_pages() {
    let exporter = Exporter::builder().without_server().start().await.unwrap();
    assert_eq!(exporter.local_addr(), None);
    let app = Router::new()
        .route("/healthz", get(async || "of the application"))
        .fallback(async || "the front page")
        .merge(exporter.router());
    let listener = TcpListener::bind(SocketAddr::from(ANY)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let server = tokio::spawn(axum::serve(listener, app).into_future());
    metrics::with_local_recorder(&exporter.recorder(), || {
        counter!("pages_total").increment(3);
    });
    assert_eq!(http::get(addr, "/metrics").await, exporter.render());
    assert_eq!(http::get(addr, "/healthz").await, "of the application");
    assert_eq!(http::get(addr, "/").await, "the front page");
    assert_eq!(http::request(addr, "POST", "/metrics").await.status, 405);

    // The route is good for as long as the application has it.
    let text = exporter.render();
    drop(exporter);
    assert_eq!(http::get(addr, "/metrics").await, text);
    server.abort();
}

/// Sends bytes on a connection of its own, and gives the connection.
async fn connect(addr: SocketAddr, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream
}

/// Waits for the end of a connection, in which nothing more may come.
async fn closes(mut stream: TcpStream) {
    let mut rest = Vec::new();
    // Closed, or reset when the server has not read all.
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
}

#[tokio::test]
async fn shutdown_closes_connections_that_do_nothing() {
    let (exporter, addr) = exporter().await;
    let mut scraper = connect(addr, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut answer = [0; 4096];
    let len = scraper.read(&mut answer).await.unwrap();
    assert!(answer[..len].ends_with(b"ok\n"));
    let silent = connect(addr, "").await;
    exporter.shutdown().await;
    closes(scraper).await;
    closes(silent).await;
    assert!(TcpStream::connect(addr).await.is_err());
    // Once more does no harm, and it still renders.
    exporter.shutdown().await;
    assert!(exporter.render().contains("\npages_total 3\n"));
}

#[tokio::test]
async fn shutdown_does_not_wait_for_ever() {
    let (exporter, addr) = exporter().await;
    let half = connect(addr, "GET /metrics HTTP/1.1\r\nHo").await;
    // The server has accepted it when it has answered another one after it.
    http::get(addr, "/healthz").await;
    // Nothing else happens, so the clock goes to what comes next: the end of the time that connections have.
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    exporter.shutdown().await;
    assert_eq!(begun.elapsed().as_secs(), 5);
    closes(half).await;
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn dropping_it_ends_the_server_and_its_connections() {
    let (exporter, addr) = exporter().await;
    let half = connect(addr, "GET /metrics HTTP/1.1\r\nHo").await;
    http::get(addr, "/healthz").await;
    drop(exporter);
    closes(half).await;
    assert!(TcpStream::connect(addr).await.is_err());
}
