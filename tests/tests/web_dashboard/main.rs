//! A run is shown over HTTP: what is answered, to whom, how often, and how much of it.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

mod answers;
mod control;
mod events;
mod guard;
mod limits;
mod many_workers;
mod serving;

use std::net::SocketAddr;
use std::time::Duration;

use antflow::dashboard::web::{Server, WebDashboard};
use antflow_tests::{Answer, Request};
use serde_json::Value;

/// Quick, so that tests need not wait for long.
const EVERY: Duration = Duration::from_millis(20);

async fn serve(dashboard: WebDashboard) -> Server {
    dashboard.update_every(EVERY).serve(0).await.unwrap()
}

async fn get(addr: SocketAddr, path: &str) -> Answer {
    Request::get(addr, path).send().await.unwrap()
}

/// What is answered with this status, as JSON.
async fn json(addr: SocketAddr, path: &str, status: u16) -> Value {
    let answer = get(addr, path).await;
    assert_eq!(answer.status, status, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}
