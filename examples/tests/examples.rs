//! The small examples print what they promise.
//!
//! `cargo test` builds the examples and puts them beside this test. With `--test examples` it builds this test alone,
//! and the examples are those of the last time.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends with what it did not expect"
)]

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// The program of an example.
fn program(example: &str) -> PathBuf {
    let mut program = env::current_exe().unwrap();
    program.pop();
    program.set_file_name("examples");
    program.push(format!("{example}{}", env::consts::EXE_SUFFIX));
    assert!(
        program.exists(),
        "{} is not there; run `cargo test -p antflow-examples`",
        program.display()
    );
    program
}

/// Runs an example, and gives what it wrote.
fn output(example: &str) -> Output {
    let output = Command::new(program(example)).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

/// Runs an example, and expects these lines on stdout.
fn prints(example: &str, expected: &str) {
    let stdout = String::from_utf8(output(example).stdout).unwrap();
    assert_eq!(stdout, expected);
}

#[test]
fn quick_start() {
    // The book shows the same file.
    prints("quick_start", include_str!("output/quick_start.txt"));
}

#[test]
fn retries() {
    prints(
        "retries",
        "\
Oslo: -4 degrees
Lima: 19 degrees
Cairo: the service is busy, attempts: 3
Atlantis: there is no such city, attempts: 1
Quito: nothing within 100ms, attempts: 3
Mordor: the thermometer has melted, attempts: 1
",
    );
}

#[test]
fn all_or_nothing() {
    prints(
        "all_or_nothing",
        "\
attempt 1: reserve 20 euros at Anna
attempt 1: book at Bert
attempt 2: reserve 20 euros at Anna
attempt 2: book at Bert
done: 20 euros from Anna to Bert
",
    );
}

#[test]
fn state() {
    prints(
        "state",
        "\
Price, AddTip, SecondTip, Sell
workers of Price: 8
sold for 70
stage `Price`, task `price`: no price for durian
sold for 320
in all: 390
",
    );
}

#[test]
fn crawl() {
    prints(
        "crawl",
        "\
/ has 3 new links
/ants has 0 new links
/flow has 1 new links
/lost: stage `Visit`, task `visit`: 404 not found
/flow/deep has 0 new links
",
    );
}

#[test]
fn control() {
    prints(
        "control",
        "\
Print-W0 is waiting for paper
fed: 1
0: a letter is printed
1: stage `Print`: cancelled
2: stage `Print`: cancelled
3: a ticket is printed
4: stage `Print`: cancelled
",
    );
}

#[test]
fn executor() {
    prints(
        "executor",
        "\
Oslo: -4 degrees
Atlantis: not on the map
Lima: 19 degrees
Oslo: -4 degrees, Lima: 19 degrees
done: 1, pending: 1
the task was cancelled
the executor is closed and accepts no task
",
    );
}

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
fn etl() {
    prints(
        "etl",
        r#"100 results: 99 processed, 1 failed
Extract: 100 completed, 10 retries
Transform: 99 completed, 2 retries
Load: 99 completed, 0 retries
99 rows, the first is (0, "RAW_0 (EU)")
"#,
    );
}

#[test]
fn rate_limited_api() {
    prints(
        "rate_limited_api",
        "\
20 cities, 29 requests, 2 at once at most
the rate was kept: true
",
    );
}

#[test]
fn priority() {
    prints(
        "priority",
        "\
blocker
critical
high
normal
another normal
low
results: 0, low, normal, another normal, high, critical
",
    );
}

#[test]
fn backpressure() {
    prints(
        "backpressure",
        "\
the producer waits: true
accepted: 4, left: 96
fed later: 96, results: 100
never more than 3 in the queue: true
",
    );
}

#[test]
fn checkpoint() {
    prints(
        "checkpoint",
        r#"first run: {"a": ["download", "convert", "publish"], "b": ["download", "convert"], "c": ["download"]}
second run: {"b": ["publish"], "c": ["convert", "publish"], "d": ["download", "convert", "publish"]}
"#,
    );
}

#[test]
fn resume_skip_if() {
    prints(
        "resume_skip_if",
        "\
first run, Download: 3 completed, 0 skipped, 0 failed
first run, Convert: 0 completed, 0 skipped, 3 failed
second run, Download: 0 completed, 3 skipped, 0 failed
second run, Convert: 3 completed, 0 skipped, 0 failed
third run, Download: 0 completed, 3 skipped, 0 failed
third run, Convert: 0 completed, 3 skipped, 0 failed
",
    );
}

#[test]
fn dashboard_polling() {
    prints(
        "dashboard_polling",
        "\
Upload: 40 items
25%
50%
75%
100%
1 item failed
by type:
  String: 1
by stage:
  Upload: 1
half of it is done
39 are done, 1 failed
",
    );
}

#[test]
fn dashboard_callbacks() {
    prints(
        "dashboard_callbacks",
        "\
Fetch completed: 9
Fetch failed: 1
Fetch in_progress: 12
Fetch queued: 10
Fetch retrying: 2
Save completed: 9
Save in_progress: 9
Save queued: 9
attempt 1 of `fetch` failed: 2
polled: failed: 1
polled: processed: 9
",
    );
}

#[test]
fn streaming() {
    prints(
        "streaming",
        "\
as they are done: stage `Nap`, task `nap`: who can sleep that long
as they are done: 1
as they are done: 9
in order: 9
in order: 1
ten of them: 10
",
    );
}

#[test]
fn metrics() {
    prints("metrics", include_str!("output/metrics.txt"));
}

/// What is answered to a request for this path.
fn get(addr: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(addr).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {addr}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[test]
fn web_dashboard() {
    let mut child = Command::new(program("web_dashboard"))
        .arg("0")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut said).unwrap();
    let addr = said.trim().strip_prefix("http://").unwrap();
    assert!(get(addr, "/").starts_with("<!doctype html>"));
    loop {
        let snapshot: Value = serde_json::from_str(&get(addr, "/api/snapshot")).unwrap();
        if snapshot["pipeline_stats"]["items_processed"].as_u64() > Some(20) {
            break;
        }
    }
    let item: Value = serde_json::from_str(&get(addr, "/api/items/page-1")).unwrap();
    assert_eq!(item["events"][0]["stage"], "Fetch");
    child.kill().unwrap();
    child.wait().unwrap();
}
