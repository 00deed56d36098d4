use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use super::{Home, Process, TRIES, free_port, listens, program, said, unique};

/// A server of NATS with JetStream.
#[derive(Debug)]
pub struct Nats {
    home: Home,
    port: u16,
    /// `None` while it is killed.
    process: Option<Process>,
}

impl Nats {
    /// The one that the tests of this process share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Nats> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts one.
    #[must_use]
    pub fn start() -> Self {
        Self::configured("jetstream {}")
    }

    /// Starts one with this configuration, in which nothing has to be said of address, port and directory.
    #[must_use]
    pub fn configured(configuration: &str) -> Self {
        let mut server = Self {
            home: Home::new(),
            port: 0,
            process: None,
        };
        let file = server.home.path().join("nats.conf");
        std::fs::write(file, configuration).expect("the file can be written");
        for _ in 0..TRIES {
            server.port = free_port();
            if server.try_start() {
                return server;
            }
        }
        panic!("nats-server does not start:\n{}", said(&server.log()));
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Its URL with a prefix that nobody else uses, so that it is as if it were empty.
    #[must_use]
    pub fn fresh(&self) -> String {
        format!("{}?prefix={}", self.url(), unique("t"))
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again, on the same port, with the streams that it had.
    pub fn restart(&mut self) {
        for _ in 0..50 {
            if self.try_start() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("nats-server does not start again:\n{}", said(&self.log()));
    }

    fn try_start(&mut self) -> bool {
        let mut command = Command::new(find());
        let port = self.port.to_string();
        command.args(["-a", "127.0.0.1", "-p", &port, "-sd"]);
        command.arg(self.home.path().join("data"));
        command.arg("-c").arg(self.home.path().join("nats.conf"));
        let mut process = Process::start(&mut command, &self.log());
        let is_ready = listens(self.port, &mut process);
        self.process = is_ready.then_some(process);
        is_ready
    }

    fn log(&self) -> PathBuf {
        self.home.path().join("log")
    }
}

fn find() -> PathBuf {
    program("nats-server", &["/usr/sbin".into()], "nats-server")
}
