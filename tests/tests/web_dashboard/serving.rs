use std::error::Error;

use antflow::dashboard::web::{self, Server, WebDashboard, WebError};
use antflow::{CancellationToken, RunControl, pipeline, stage};
use antflow_tests::Request;
use tokio::net::TcpListener;

use crate::{get, json};

#[stage]
async fn double(number: u32) -> u32 {
    number * 2
}

#[tokio::test]
async fn a_bare_port_is_one_of_the_machine_itself() {
    let run = pipeline!(double).start().unwrap();
    let server = web::serve(run.view(), 0).await.unwrap();
    assert_eq!(server.local_addr().ip().to_string(), "127.0.0.1");
    let page = get(server.local_addr(), "/").await;
    assert!(page.body.starts_with("<!doctype html>"), "{page:?}");
    assert_eq!(get(server.local_addr(), "/nothing").await.status, 404);
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_that_says_so() {
    let run = pipeline!(double).start().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = taken.local_addr().unwrap();
    let error = web::serve(run.view(), addr).await.unwrap_err();
    assert!(matches!(error, WebError::Bind { addr: asked, .. } if asked == addr));
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot listen on {addr}")),
        "{error}"
    );
    assert!(error.source().is_some());
}

#[tokio::test]
async fn a_listener_that_is_there_already_is_used() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let run = pipeline!(double).start().unwrap();
    let server = WebDashboard::new(run.view()).serve_on(listener).unwrap();
    assert_eq!(server.local_addr(), addr);
    assert_eq!(get(addr, "/").await.status, 200);
}

#[tokio::test]
async fn a_server_that_has_ended_answers_no_more() {
    let run = pipeline!(double).start().unwrap();
    let server = web::serve(run.view(), 0).await.unwrap();
    let addr = server.local_addr();
    server.shutdown().await;
    assert!(Request::get(addr, "/").send().await.is_err());
    let server = web::serve(run.view(), addr).await.unwrap();
    assert_eq!(get(addr, "/").await.status, 200);
    drop(server);
}

#[tokio::test]
async fn it_is_part_of_an_application() {
    let run = pipeline!(double).start().unwrap();
    let closing = CancellationToken::new();
    let dashboard = WebDashboard::new(run.view()).close_on(closing.clone());
    let app = axum::Router::new()
        .nest("/antflow", dashboard.router())
        .route("/", axum::routing::get(async || "the application"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let application =
        axum::serve(listener, app).with_graceful_shutdown(closing.clone().cancelled_owned());
    let application = tokio::spawn(application.into_future());
    assert_eq!(get(addr, "/").await.body, "the application");
    assert_eq!(get(addr, "/antflow").await.status, 200);
    let snapshot = json(addr, "/antflow/api/snapshot", 200).await;
    assert_eq!(snapshot["has_ended"], false);

    let mut events = Request::get(addr, "/antflow/api/events")
        .begin()
        .await
        .unwrap();
    assert!(events.event().await.unwrap().is_some());
    closing.cancel();
    while events.event().await.unwrap().is_some() {}
    application.await.unwrap().unwrap();
}

#[test]
fn its_types_are_shared_and_printed() {
    fn shared<T: Send + Sync + std::fmt::Debug>() {}
    shared::<RunControl>();
    shared::<Server>();
    shared::<WebDashboard>();
    shared::<WebError>();
}
