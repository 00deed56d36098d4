//! Servers that tests start on free ports of this machine: PostgreSQL, NATS and Kafka.
//!
//! They end with the process that has started them, however it ends, and their files go with them. A program that is
//! missing is said with the command that installs it.

#![allow(
    clippy::missing_panics_doc,
    reason = "a test without its server fails, and says why"
)]

mod kafka;
mod nats;
mod network;
mod postgres;
mod process;

pub use kafka::Kafka;
pub use nats::Nats;
pub use network::Network;
pub use postgres::Postgres;
pub use process::{Home, Process};

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// How long a server may take to be ready.
const START: Duration = Duration::from_secs(60);

/// How often a server is started that finds its port taken in between.
const TRIES: usize = 5;

/// A port of 127.0.0.1 that nobody listens on.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it has an address").port()
}

/// Where a program is: on the path, or in one of these directories.
fn program(name: &str, directories: &[PathBuf], package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path);
    let places = directories.iter().cloned().chain(on_path);
    let found = places
        .map(|directory| directory.join(name))
        .find(|file| file.is_file());
    found.unwrap_or_else(|| {
        panic!(
            "{name} is missing: run `make setup`, or `apt-get install -y --no-install-recommends {package}`"
        )
    })
}

/// Waits until somebody listens on a port, as long as the process runs. Says whether somebody does.
fn listens(port: u16, process: &mut Process) -> bool {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    ready(process, || {
        TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok()
    })
}

/// Waits until a server is ready, as long as its process runs. Says whether it is.
fn ready(process: &mut Process, is_ready: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while process.is_running() && begun.elapsed() < START {
        if is_ready() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// What a server has said, for who wants to know why it did not start.
fn said(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_else(|error| error.to_string());
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

/// Runs a program to its end, and gives what it prints.
fn run(command: &mut Command) -> String {
    let output = command.output();
    let output = output.unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A name that no other test has.
fn unique(prefix: &str) -> String {
    format!("{prefix}{:016x}", fastrand::u64(..))
}
