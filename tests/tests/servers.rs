//! Do the servers of the tests start, come back after a crash, and go?

use std::net::TcpStream;
use std::path::PathBuf;

use antflow_tests::servers::{Kafka, Nats, Postgres};

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

/// Waits until a directory is gone.
fn gone(directory: &std::path::Path) {
    for _ in 0..200 {
        if !directory.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{} is still there", directory.display());
}
