//! What is known of a run: workers, items, events, metrics.

use serde_json::{Value, json};

use crate::{output, prints};

#[test]
fn worker_tracking() {
    prints(
        "worker_tracking",
        "\
ProcessBatch: ProcessBatch-W0, ProcessBatch-W1, ProcessBatch-W2, ProcessBatch-W3, ProcessBatch-W4
20 of 20 items have a worker
worker 0: 4 items
worker 1: 4 items
worker 2: 4 items
worker 3: 4 items
worker 4: 4 items
",
    );
}

#[test]
fn load_balance() {
    prints(
        "load_balance",
        "\
1. pictures: 1
2. pictures: 4
3. pictures: 4
Resize: 3 workers, from 1 to 4 items, 3 on average
the busiest had 1.33 times its share
",
    );
}

#[test]
fn errors_by_worker() {
    prints(
        "errors_by_worker",
        "\
worker 1 had 4 errors: stage `Query`, task `query`: connection 1 is broken
one of Query-W1
one of Query-W1
one of Query-W1
one of Query-W1
",
    );
}

#[test]
fn utilization() {
    prints(
        "utilization",
        "\
Read-W0: 4 done, 0 failed (100%), waited: false
Read-W1: 3 done, 1 failed (75%), waited: false
Print-W0: 3 done, 0 failed (100%), waited: true
Print-W1: 4 done, 0 failed (100%), waited: true
",
    );
}

#[test]
fn tracker() {
    prints(
        "tracker",
        "\
Bert: once more
Carl: that was all
Dora: once more
Dora: that was all
completed: 2, failed: 2
Anna: completed in Send
Bert: Check    queued      -
Bert: Check    in_progress Check-W0
Bert: Check    completed   Check-W0
Bert: Send     queued      -
Bert: Send     in_progress Send-W0
Bert: Send     retrying    Send-W0
Bert: Send     in_progress Send-W0
Bert: Send     completed   Send-W0
Carl: stage `Send`, task `send`: no such address
Dora: stage `Send`, task `send`: the server is busy (attempt 2 of 2)
2 items failed
by type:
  MailError: 2
by stage:
  Send: 2
",
    );
}

#[test]
fn live_events() {
    let output = output("live_events");
    let lines = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let told = events.iter().map(|event| {
        assert_eq!(event["stage"], "Dial", "{event}");
        let error = &event["error"]["message"];
        json!([event["item_id"], event["status"], event["worker"], error])
    });
    let busy = "the line is busy";
    let expected = [
        json!(["Anna", "queued", null, null]),
        json!(["Anna", "in_progress", "Dial-W0", null]),
        json!(["Anna", "completed", "Dial-W0", null]),
        json!(["Bert", "queued", null, null]),
        json!(["Bert", "in_progress", "Dial-W0", null]),
        json!(["Bert", "retrying", "Dial-W0", busy]),
        json!(["Bert", "in_progress", "Dial-W0", null]),
        json!(["Bert", "completed", "Dial-W0", null]),
        json!(["Carl", "queued", null, null]),
        json!(["Carl", "in_progress", "Dial-W0", null]),
        json!(["Carl", "retrying", "Dial-W0", busy]),
        json!(["Carl", "in_progress", "Dial-W0", null]),
        json!(["Carl", "failed", "Dial-W0", busy]),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    let mut times = events.iter().map(|event| &event["timestamp"]);
    assert!(times.all(Value::is_f64), "{lines}");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "missed: 0\n");
}

#[test]
fn metrics() {
    prints("metrics", include_str!("../output/metrics.txt"));
}
