use std::time::SystemTime;

use antflow::event::{Status, StatusEvent, TaskEvent, TaskEventKind};
use antflow::{ItemId, Metadata, StatusTracker, WorkerId, WorkerStatus, pipeline};
use antflow_tests::{millis, within};
use serde_json::{Value, json};

use crate::{at, boom, calls, dial, number, unix};

/// The events of `calls`, as they were told.
async fn events() -> (Vec<StatusEvent>, Vec<TaskEvent>) {
    let tracker = StatusTracker::new();
    let (mut statuses, mut tasks) = (tracker.subscribe(), tracker.subscribe_tasks());
    within(pipeline!(dial).observe(tracker).run(calls()))
        .await
        .unwrap();
    let (mut told, mut attempts) = (Vec::new(), Vec::new());
    while let Some(event) = within(statuses.next()).await {
        told.push(event);
    }
    while let Some(event) = within(tasks.next()).await {
        attempts.push(event);
    }
    (told, attempts)
}

#[tokio::test(start_paused = true)]
async fn a_change_of_status() {
    let (mut events, _) = events().await;
    let retrying = events
        .iter_mut()
        .find(|event| event.status == Status::Retrying)
        .unwrap();
    retrying.started = Some(at(1000.25));
    retrying.timestamp = at(1002.75);
    assert_eq!(
        json!(retrying),
        json!({
            "run": number(retrying.run),
            "item_id": "bad",
            "sequence_id": 0,
            "stage": "Dial",
            "status": "retrying",
            "worker": "Dial-W0",
            "worker_id": 0,
            "timestamp": 1002.75,
            "started": 1000.25,
            "duration": 2.5,
            "error": boom(1),
            "next_attempt": 2,
            "metadata": { "line": 7 },
        })
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_null() {
    let (events, _) = events().await;
    let queued = events
        .iter()
        .rfind(|event| event.status == Status::Queued)
        .unwrap();
    assert_eq!(
        json!(queued),
        json!({
            "run": number(queued.run),
            "item_id": 2,
            "sequence_id": 2,
            "stage": "Dial",
            "status": "queued",
            "worker": null,
            "worker_id": null,
            "timestamp": unix(queued.timestamp),
            "started": null,
            "duration": null,
            "error": null,
            "next_attempt": null,
            "metadata": {},
        })
    );
}

#[tokio::test(start_paused = true)]
async fn an_attempt_of_a_task() {
    let (_, mut events) = events().await;
    let kinds = events.iter().map(|event| json!(event.kind));
    let expected = [
        "start", "retry", "start", "fail", "start", "retry", "start", "complete", "start",
        "complete",
    ];
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
    let fail = &mut events[3];
    fail.timestamp = at(0.5);
    fail.duration = Some(millis(1500));
    assert_eq!(
        json!(fail),
        json!({
            "run": number(fail.run),
            "item_id": "bad",
            "sequence_id": 0,
            "stage": "Dial",
            "task": "dial",
            "worker": "Dial-W0",
            "worker_id": 0,
            "kind": "fail",
            "attempt": 2,
            "timestamp": 0.5,
            "error": boom(2),
            "duration": 1.5,
        })
    );
    fail.timestamp = SystemTime::UNIX_EPOCH - millis(250);
    assert_eq!(json!(fail)["timestamp"], -0.25);
    assert_eq!(json!(events[0])["duration"], Value::Null);
}

#[test]
fn names_are_the_words_that_are_displayed() {
    for status in Status::ALL {
        assert_eq!(json!(status), status.to_string());
    }
    use TaskEventKind::{Complete, Fail, Retry, Start};
    for kind in [Start, Complete, Retry, Fail] {
        assert_eq!(json!(kind), kind.to_string());
    }
    for status in [WorkerStatus::Idle, WorkerStatus::Busy] {
        assert_eq!(json!(status), status.to_string());
    }
    assert_eq!(json!(WorkerId::new("Dial", 3)), "Dial-W3");
}

#[test]
fn ids_and_metadata_are_what_the_feeder_said() {
    assert_eq!(json!([ItemId::from("1"), ItemId::from(1)]), json!(["1", 1]));
    let mut metadata = Metadata::new();
    metadata.insert("text", "eo");
    metadata.insert("integer", -1);
    metadata.insert("float", 0.5);
    metadata.insert("boolean", true);
    metadata.insert("infinite", f64::INFINITY);
    assert_eq!(
        serde_json::to_string(&metadata).unwrap(),
        r#"{"text":"eo","integer":-1,"float":0.5,"boolean":true,"infinite":null}"#
    );
}
