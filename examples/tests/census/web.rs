use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;

use crate::program::{census, command, large_tree, numbers, object, tree};

fn get(addr: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(addr).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {addr}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_is_shown_on_a_page_while_it_goes_on() {
    let root = large_tree(3000);
    let mut child = command(root.path())
        .args(["--json", "--web", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    let addr = said.trim().strip_prefix("a page at http://");
    let addr = addr.unwrap_or_else(|| panic!("{said}"));
    let snapshot = get(addr, "/api/snapshot");
    assert!(snapshot.contains("\"stage_name\":\"Parse\""), "{snapshot}");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(numbers(&object(&output))[0], 3000);
}

#[test]
fn an_address_that_is_taken_is_refused_by_name() {
    let root = tree([("a.rs", b"fn a() {}".as_slice())]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let output = census(root.path(), &["--web", &addr]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&addr), "{said}");
}
