use antflow::dashboard::web::{Server, WebDashboard};
use antflow::{pipeline, stage};
use antflow_tests::{Request, Streaming};
use serde_json::Value;

use crate::{EVERY, json, serve};

#[stage]
async fn double(number: u32) -> u32 {
    number * 2
}

async fn listen(server: &Server) -> Streaming {
    let request = Request::get(server.local_addr(), "/api/events");
    let mut events = request.begin().await.unwrap();
    let head = events.head().await.unwrap();
    assert!(head.contains("text/event-stream"), "{head}");
    events
}

async fn next(events: &mut Streaming) -> Value {
    let event = events.event().await.unwrap().unwrap();
    serde_json::from_str(&event).unwrap()
}

fn processed(update: &Value) -> u64 {
    update["pipeline_stats"]["items_processed"]
        .as_u64()
        .unwrap()
}

#[tokio::test]
async fn updates_come_by_themselves_until_the_run_has_ended() {
    let run = pipeline!(double).start().unwrap();
    let server = serve(WebDashboard::new(run.view())).await;
    let mut events = listen(&server).await;
    assert_eq!(processed(&next(&mut events).await), 0);
    run.feed(0..10).await.unwrap();
    while processed(&next(&mut events).await) < 10 {}
    run.join().await;
    while next(&mut events).await["has_ended"] == false {}
    // The stream goes on without events, and ends with the server.
    let silence = tokio::time::timeout(5 * EVERY, events.event()).await;
    assert!(silence.is_err(), "{silence:?}");
    server.shutdown().await;
    assert_eq!(events.event().await.unwrap(), None);
}

#[tokio::test]
async fn the_run_is_looked_at_once_for_all_and_not_at_all_for_nobody() {
    let run = pipeline!(double).start().unwrap();
    let server = serve(WebDashboard::new(run.view())).await;
    let mut one = listen(&server).await;
    let mut other = listen(&server).await;
    for _ in 0..5 {
        let (one, other) = tokio::join!(next(&mut one), next(&mut other));
        let apart = one["update"]
            .as_u64()
            .unwrap()
            .abs_diff(other["update"].as_u64().unwrap());
        assert!(apart <= 2, "{one} {other}");
    }
    let last = next(&mut one).await["update"].as_u64().unwrap();
    let elapsed = run.view().elapsed().as_millis() / EVERY.as_millis();
    assert!(
        u128::from(last) <= elapsed + 2,
        "{last} looks in {elapsed} intervals"
    );
    drop((one, other));

    // What was begun for those who left may still be finished.
    tokio::time::sleep(5 * EVERY).await;
    let count = async || {
        json(server.local_addr(), "/api/snapshot", 200).await["update"]
            .as_u64()
            .unwrap()
    };
    let before = count().await;
    tokio::time::sleep(20 * EVERY).await;
    assert_eq!(count().await, before + 1);
}

#[tokio::test]
async fn a_browser_that_does_not_read_holds_nobody_up() {
    let run = pipeline!(double).start().unwrap();
    let server = serve(WebDashboard::new(run.view())).await;
    let stuck = listen(&server).await;
    let mut reading = listen(&server).await;
    run.feed(0..100_000).await.unwrap();
    assert_eq!(run.join().await.len(), 100_000);
    while next(&mut reading).await["has_ended"] == false {}
    server.shutdown().await;
    drop(stuck);
}

#[tokio::test]
async fn a_run_that_is_dropped_is_shown_to_its_end() {
    let run = pipeline!(double).start().unwrap();
    let server = serve(WebDashboard::new(run.view())).await;
    let mut events = listen(&server).await;
    drop(run);
    while next(&mut events).await["has_ended"] == false {}
}
