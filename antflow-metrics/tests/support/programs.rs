//! Programs of Debian that tests run.

#![allow(dead_code, reason = "not every test runs every program")]

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Starts a program, or says how to get it.
pub(crate) fn start(command: &mut Command, package: &str) -> Child {
    let program = command.get_program().to_string_lossy().into_owned();
    command.spawn().unwrap_or_else(|error| match error.kind() {
        ErrorKind::NotFound => panic!(
            "{program} is missing: run `make setup`, or `apt-get install -y --no-install-recommends {package}`"
        ),
        _ => panic!("{program}: {error}"),
    })
}

/// Has promtool look at what is scraped. It must have nothing to say.
pub(crate) fn check_metrics(text: &str) {
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = start(&mut command, "prometheus");
    let mut stdin = promtool.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    let output = promtool.wait_with_output().unwrap();
    let is_clean = output.status.success() && output.stdout.is_empty() && output.stderr.is_empty();
    assert!(is_clean, "{output:?}\n{text}");
}

/// A server of the Prometheus project, which ends with the test. If that fails, what the server wrote is shown.
pub(crate) struct Server {
    process: Child,
    log: Arc<Mutex<Vec<String>>>,
    listens: Receiver<SocketAddr>,
}

impl Server {
    /// Starts it. It should take a port that is free.
    pub(crate) fn start(command: &mut Command, package: &str) -> Self {
        command.stderr(Stdio::piped()).stdin(Stdio::null());
        let mut process = start(command, package);
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let (found, listens) = mpsc::channel();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&log);
        thread::spawn(move || {
            // To the end, as it would wait for a reader of its log.
            for line in lines.map_while(Result::ok) {
                if let Some((_, addr)) = line.split_once("msg=\"Listening on\" address=") {
                    let _ = found.send(addr.trim().parse().unwrap());
                }
                kept.lock().unwrap().push(line);
            }
        });
        Self {
            process,
            log,
            listens,
        }
    }

    /// Where it says that it listens. It says so once.
    pub(crate) fn address(&self) -> SocketAddr {
        let address = self.listens.recv_timeout(Duration::from_secs(60));
        address.expect("the server says where it listens")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if thread::panicking()
            && let Ok(log) = self.log.lock()
        {
            eprintln!("the server wrote:\n{}", log.join("\n"));
        }
    }
}
