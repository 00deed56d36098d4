//! Do the servers of the tests start, come back after a crash, and go?

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use antflow_tests::servers::{Home, Kafka, Nats, Postgres};

#[test]
fn postgres_comes_back_with_what_was_committed() {
    let mut server = Postgres::start(&[]);
    let url = server.database();
    server.psql(&url, "create table t (n int); insert into t values (7)");
    server.kill();
    TcpStream::connect(("127.0.0.1", server.port())).unwrap_err();
    server.restart();
    assert_eq!(server.psql(&url, "select n from t").trim(), "7");
    let home = PathBuf::from(server.home());
    drop(server);
    gone(&home);
}

#[test]
fn brokers_come_back_on_their_ports() {
    let mut nats = Nats::start();
    nats.kill();
    nats.restart();
    let mut kafka = Kafka::start();
    kafka.kill();
    kafka.restart();
}

/// Names the file into which a process writes where its server is.
const PLACE: &str = "ANTFLOW_TEST_PLACE";

/// Starts a server that nobody ends. Nothing when it is run as a test.
#[test]
fn what_a_process_does() {
    if let Some(place) = std::env::var_os(PLACE) {
        std::fs::write(place, Nats::shared().url()).expect("it can be written");
    }
}

#[test]
fn servers_that_all_tests_share_end_with_the_process() {
    let home = Home::new();
    let place = home.path().join("place");
    let program = std::env::current_exe().expect("it runs");
    let mut process = Command::new(program);
    process.args(["--exact", "what_a_process_does"]);
    let ended = process.env(PLACE, &place).output().expect("it starts");
    assert!(ended.status.success(), "{ended:?}");
    let url = std::fs::read_to_string(place).expect("it was written");
    let address = url.strip_prefix("nats://").expect("it is a URL");
    for _ in 0..200 {
        if TcpStream::connect(address).is_err() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{address} is still there");
}

/// Waits until a directory is gone.
fn gone(directory: &Path) {
    for _ in 0..200 {
        if !directory.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{} is still there", directory.display());
}
