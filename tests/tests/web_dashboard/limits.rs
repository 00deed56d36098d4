//! Who takes connections and gives nothing back gets so many of them.

use antflow::dashboard::web::WebDashboard;
use antflow::{pipeline, stage};
use antflow_tests::Request;

use crate::{get, serve};

/// As the documentation says.
const STREAMS: usize = 64;
const CONNECTIONS: usize = 256;

#[stage]
async fn double(number: u32) -> u32 {
    number * 2
}

#[tokio::test]
async fn streams_that_nobody_reads_are_bounded_and_the_run_goes_on() {
    let run = pipeline!(double).start().unwrap();
    let server = serve(WebDashboard::new(run.view())).await;
    let addr = server.local_addr();
    let mut stuck = Vec::new();
    for _ in 0..STREAMS {
        let mut events = Request::get(addr, "/api/events").begin().await.unwrap();
        assert!(events.head().await.unwrap().contains("200 OK"));
        stuck.push(events);
    }
    let refused = get(addr, "/api/events").await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(
        refused.body.contains("too many are watching"),
        "{refused:?}"
    );
    // All else is answered.
    assert_eq!(get(addr, "/api/snapshot").await.status, 200);
    run.feed(0..100_000).await.unwrap();
    assert_eq!(run.join().await.len(), 100_000);

    // A place that becomes free is taken by who comes next. That the other is gone has to be noticed first.
    drop(stuck.pop());
    while get_status(addr).await == 503 {
        tokio::task::yield_now().await;
    }
    server.shutdown().await;
}

/// What a stream begins with.
async fn get_status(addr: std::net::SocketAddr) -> u16 {
    let mut events = Request::get(addr, "/api/events").begin().await.unwrap();
    let head = events.head().await.unwrap();
    head.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn connections_are_bounded_and_who_comes_then_is_told_so() {
    let run = pipeline!(double).start().unwrap();
    let server = serve(WebDashboard::new(run.view())).await;
    let addr = server.local_addr();
    let mut silent = Vec::new();
    for _ in 0..CONNECTIONS {
        silent.push(tokio::net::TcpStream::connect(addr).await.unwrap());
    }
    let refused = get(addr, "/api/snapshot").await;
    assert_eq!(refused.status, 503, "{refused:?}");
    let said: serde_json::Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!(
        said["error"],
        "too many connections: close some, and try again"
    );
    // The run does not notice.
    run.feed(0..1000).await.unwrap();
    assert_eq!(run.join().await.len(), 1000);
    drop(silent.pop());
    while get(addr, "/api/snapshot").await.status == 503 {
        tokio::task::yield_now().await;
    }
    server.shutdown().await;
}
