//! What could not be understood or said is listed, and tried again where that helps.

use antflow::cluster::graph::Node;
use antflow::cluster::store::{DeadLetterSource, NewDeadLetter, OutboxRetry};
use serde_json::{Value, json};
use std::time::Duration;

use crate::bench::Bench;

/// An event that was given up, and a message that nobody understood.
async fn bench() -> Bench {
    let bench = Bench::new().await;
    bench.submit("r", Node::new("n", "nobody")).await;
    let store = bench.cluster.store();
    let event = store
        .outbox_take(1, Duration::from_secs(1))
        .await
        .unwrap()
        .remove(0);
    let once = OutboxRetry {
        max: 1,
        ..OutboxRetry::default()
    };
    store
        .outbox_failed(event.id, "no bus".into(), once)
        .await
        .unwrap();
    let letter = NewDeadLetter {
        source: DeadLetterSource::Bus("signals.v1".into()),
        code: "not_json".into(),
        reason: "it is no JSON".into(),
        raw: b"\xffhello".to_vec(),
    };
    store.bury(letter).await.unwrap();
    bench
}

#[tokio::test]
async fn letters_are_listed() {
    let empty = Bench::new().await;
    assert_eq!(
        empty.prints(&["dead-letters", "list"]).await,
        "there are no dead letters\n"
    );
    let bench = bench().await;
    let shown = bench.prints(&["dead-letters", "list"]).await;
    let rows: Vec<Vec<_>> = shown
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(rows[1][..3], ["1", "event", "1"]);
    assert_eq!(rows[2][..2], ["2", "signals.v1"]);
    assert!(
        shown.contains("outbox_exhausted") && shown.contains("not_json"),
        "{shown}"
    );
    let shown = bench
        .json(&["dead-letters", "list", "--after", "1", "--limit", "1"])
        .await;
    let letter = &shown["dead_letters"][0];
    assert_eq!(letter["source"], json!({ "bus": "signals.v1" }));
    assert_eq!(
        (&letter["text"], &letter["bytes"]),
        (&json!("\u{fffd}hello"), &json!(6))
    );
    assert_eq!(letter["retried_at"], Value::Null);
}

#[tokio::test]
async fn an_event_becomes_due_and_a_message_that_nobody_would_hear_is_left() {
    let bench = bench().await;
    let said = bench.run(&["dead-letters", "retry", "1", "2", "9"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    let lines: Vec<_> = said.out.lines().collect();
    assert_eq!(lines[0], "1: event 1 is due again: a coordinator says it");
    assert!(
        lines[1].starts_with("2: left as it is: the bus of this engine is inside of each process")
    );
    assert!(lines[2].starts_with("9: there is no such dead letter"));
    let letters = bench.cluster.dead_letters(0, 10).await.unwrap();
    assert!(letters[0].retried_at.is_some());
    // Nothing says that it was tried again, as it was not.
    assert!(letters[1].retried_at.is_none());
    let taken = bench
        .cluster
        .store()
        .outbox_take(1, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(taken[0].id, 1);
}

#[tokio::test]
async fn all_letters_are_tried_again_once() {
    let bench = bench().await;
    let arguments = ["dead-letters", "retry", "--all", "--json"];
    let said = bench.prints(&arguments).await;
    let results: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (&results[0]["id"], &results[0]["result"]),
        (&json!(1), &json!("due"))
    );
    assert_eq!(
        (&results[1]["id"], &results[1]["result"]),
        (&json!(2), &json!("left"))
    );
    // The one that was left is still there; the other one was tried.
    assert_eq!(bench.prints(&arguments).await.lines().count(), 1);
    assert_eq!(
        bench.run(&["dead-letters", "retry", "1"]).await.code,
        Some(0)
    );
    let empty = Bench::new().await;
    let said = empty.prints(&["dead-letters", "retry", "--all"]).await;
    assert_eq!(
        said,
        "there are no dead letters that were not tried again\n"
    );
}
