use serde_json::{Value, json};

use super::*;
use crate::cluster::Timestamp;
use crate::cluster::state::RunState;

pub(super) fn messages() -> Vec<Message> {
    let announcement = Announcement {
        worker: "worker-abc123".into(),
        roles_text: "processor,analyzer".into(),
        capabilities: Capabilities {
            roles: vec!["processor".into(), "analyzer".into()],
            ..Capabilities::default()
        },
        version: "2.0.0".into(),
        capacity: Capacity { tasks: 1 },
        status: "online".into(),
    };
    let health = Health {
        worker: "w".into(),
        roles: vec!["r".into()],
        busy: true,
        active_task: Some("run-1".into()),
        last_heartbeat: Some(Timestamp::from_millis(5)),
    };
    let failure = Failure::permanent("bad_input", "no number").in_batch("b1".into());
    let lease_id = || "lease-1".into();
    let metrics: Metrics = [("items".to_owned(), 3.5)].into();
    vec![
        Message::TaskStart,
        Message::Artifacts { last_seq: 7 },
        Message::Cancel {
            reason: "user_request".into(),
            grace_ms: 30_000,
            lease_id: lease_id(),
        },
        Message::WorkerOnline(announcement.clone()),
        Message::WorkerOffline(announcement),
        Message::TaskAccepted {
            lease_id: lease_id(),
        },
        Message::TaskResumed {
            lease_id: lease_id(),
        },
        Message::TaskHeartbeat {
            lease_id: lease_id(),
            lease_deadline: Timestamp::from_millis(9),
        },
        Message::BatchOk {
            batch_uid: "b1".into(),
            metrics: metrics.clone(),
            artifacts: 1,
        },
        Message::TaskDeferred {
            failure: failure.clone(),
            retry_at: Timestamp::from_millis(8),
        },
        Message::TaskDone { metrics },
        Message::TaskFailed(failure),
        Message::TaskReleased {
            reason: "shutdown".into(),
        },
        Message::LeaseExpired {
            lease_id: lease_id(),
        },
        Message::Cancelled {
            reason: "user_request".into(),
        },
        Message::RunStarted,
        Message::RunEnded {
            state: RunState::Cancelled,
            reason: None,
        },
        Message::Query,
        Message::Reply(health),
        Message::Warning(Warning {
            code: "no_worker".into(),
            text: "no worker has the role `r`".into(),
        }),
    ]
}

#[test]
fn every_message_is_read_as_it_was_written() {
    let messages = messages();
    let kinds: Vec<_> = messages.iter().map(Message::kind).collect();
    assert_eq!(kinds, Message::KINDS, "every kind is here");
    for message in messages {
        let envelope = Envelope::new(message)
            .about("run-1", "parse")
            .role("parser")
            .epoch(3)
            .worker("w1".into())
            .target("w2".into());
        let bytes = envelope.encode();
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(value["kind"], envelope.message.kind());
        assert_eq!(Envelope::decode(&bytes).unwrap(), envelope, "{value}");
    }
}

#[test]
fn an_announcement_has_the_fields_of_the_guide() {
    let envelope = Envelope::new(messages().swap_remove(3));
    let value = serde_json::to_value(&envelope).unwrap();
    assert_eq!(
        value["payload"],
        json!({
            "worker_id": "worker-abc123",
            "type": "processor,analyzer",
            "capabilities": { "roles": ["processor", "analyzer"], "fingerprints": {} },
            "version": "2.0.0",
            "capacity": { "tasks": 1 },
            "status": "online",
        })
    );
}

#[test]
fn what_is_no_message_is_kept_with_its_reason() {
    let code = |raw: &str| {
        let error = Envelope::decode(raw.as_bytes()).unwrap_err();
        assert_eq!(error.raw(), raw.as_bytes());
        error.kind().code()
    };
    assert_eq!(code("garbage"), "not_json");
    assert_eq!(code("[1]"), "not_json");
    assert_eq!(code("{}"), "no_version");
    assert_eq!(code(r#"{"v":2,"kind":"task_start"}"#), "unknown_version");
    assert_eq!(code(r#"{"v":1,"kind":"task_strat"}"#), "unknown_kind");
    assert_eq!(code(r#"{"v":1,"kind":"task_start"}"#), "malformed");
    let without_uid =
        r#"{"v":1,"kind":"batch_ok","dedup_id":"d","ts_ms":1,"payload":{"metrics":{}}}"#;
    let error = Envelope::decode(without_uid.as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the message is malformed: missing field `batch_uid`"
    );
    assert_eq!(
        Envelope::decode(&[0xff, 0xfe]).unwrap_err().raw(),
        [0xff, 0xfe]
    );
}

#[test]
fn keys_of_newer_senders_are_skipped() {
    let text = r#"{"v":1,"kind":"task_start","dedup_id":"d","ts_ms":1,"colour":"red"}"#;
    assert_eq!(
        Envelope::decode(text.as_bytes()).unwrap().message,
        Message::TaskStart
    );
}

#[test]
fn what_is_said_again_has_the_same_id() {
    let done = |epoch| {
        Envelope::new(Message::TaskStart)
            .about("r", "n")
            .epoch(epoch)
            .same_by(["x"])
            .dedup_id
    };
    assert_eq!(done(1), done(1));
    assert_ne!(done(1), done(2));
    assert_ne!(
        Envelope::new(Message::Query).dedup_id,
        Envelope::new(Message::Query).dedup_id
    );
}
