use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::program::{census, command, large_tree, numbers, object, report, tree};

const FILES: u64 = 1000;

/// A census that is served at an address, and stays on its way until [`Served::end`].
pub(crate) struct Served {
    child: Child,
    addr: String,
    /// The census waits for this lock with its first batch of rows, five seconds at most.
    lock: Connection,
    _root: TempDir,
}

impl Served {
    /// Starts a census with an option that takes an address, and reads from what it says behind `prefix` which one that
    /// is.
    pub(crate) fn start(option: &str, prefix: &str) -> Self {
        let root = large_tree(usize::try_from(FILES).unwrap());
        let db = root.path().join("census.db");
        let empty = tree([]);
        report(empty.path(), &["--json", "--db", db.to_str().unwrap()]);
        let lock = Connection::open(&db).unwrap();
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut child = command(root.path())
            .args(["--json", "--db", db.to_str().unwrap()])
            .args([option, "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stderr.as_mut().unwrap())
            .read_line(&mut said)
            .unwrap();
        let url = said.trim().strip_prefix(prefix);
        let addr = url.and_then(|url| url.strip_prefix("http://")?.split('/').next());
        let addr = addr.unwrap_or_else(|| panic!("{said}")).to_owned();
        Self {
            child,
            addr,
            lock,
            _root: root,
        }
    }

    /// What it answers.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.addr).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.addr).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Lets it go on, and looks at what it counted.
    pub(crate) fn end(self) {
        self.lock.execute_batch("ROLLBACK").unwrap();
        let output = self.child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(numbers(&object(&output)), [FILES, FILES, 0, 0]);
    }
}

/// A census whose address is taken says so and does not begin.
pub(crate) fn refuses_a_taken_address(option: &str) {
    let root = tree([("a.rs", b"fn a() {}".as_slice())]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let output = census(root.path(), &[option, &addr]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&addr), "{said}");
}
