use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;

use crate::program::{census, command, large_tree, numbers, object, tree};

fn get(addr: &str) -> String {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The value of the series that begins with this.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series));
    line.unwrap_or_else(|| panic!("no {series} in {text}"))
        .trim()
        .parse()
        .unwrap()
}

#[test]
fn its_metrics_are_served_while_it_goes_on() {
    let root = large_tree(3000);
    let mut child = command(root.path())
        .args(["--json", "--metrics", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    let addr = said
        .trim()
        .strip_prefix("metrics at http://")
        .and_then(|said| said.strip_suffix("/metrics"))
        .unwrap_or_else(|| panic!("{said}"));
    let submitted = "antflow_items_submitted_total{pipeline=\"census\"}";
    let workers = "antflow_stage_workers{pipeline=\"census\",stage=\"Store\"}";
    // The pipeline may not have started yet.
    let text = loop {
        let text = get(addr);
        if text.contains(submitted) && text.contains(workers) {
            break text;
        }
    };
    assert!(value(&text, submitted) <= 3000.0, "{text}");
    assert!(value(&text, workers) >= 1.0, "{text}");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(numbers(&object(&output))[0], 3000);
}

#[test]
fn an_address_that_is_taken_is_refused_by_name() {
    let root = tree([("a.rs", b"fn a() {}".as_slice())]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let output = census(root.path(), &["--metrics", &addr]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&addr), "{said}");
}
