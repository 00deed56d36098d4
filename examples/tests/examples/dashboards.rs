//! What shows a run. The levels of the terminal are in the test `terminal`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{prints, program};

#[test]
fn custom_dashboard() {
    prints(
        "custom_dashboard",
        "\
Upload, Share: 40 items
25%
50%
75%
100%
Upload #######################################x 39 done, 1 failed
 Share ###################################xxxx 35 done, 4 failed
5 items failed
by type:
  String: 5
by stage:
  Share: 4
  Upload: 1
",
    );
}

#[test]
fn dashboard_polling() {
    prints(
        "dashboard_polling",
        "half of it is done\n39 are done, 1 failed\n",
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
