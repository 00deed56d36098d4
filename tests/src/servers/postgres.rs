use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{Home, Process, TRIES, free_port, program, ready, run, said, unique};

/// A server of PostgreSQL, whose user `postgres` needs no password.
#[derive(Debug)]
pub struct Postgres {
    home: Home,
    port: u16,
    settings: Vec<String>,
    /// `None` while it is killed.
    process: Option<Process>,
}

impl Postgres {
    /// The one that the tests of this process share. It waits for no disk: nobody kills it.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&["fsync=off"]))
    }

    /// Starts one with these settings, such as `ssl=on`.
    #[must_use]
    pub fn start(settings: &[&str]) -> Self {
        let home = Home::new();
        run(Command::new("chmod").arg("755").arg(home.path()));
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(home.path()));
        }
        run(as_user(home.path(), "initdb")
            .args(["-A", "trust", "-U", "postgres", "--no-sync"])
            .args(["--encoding=UTF8", "--locale=C", "-D"])
            .arg(home.path().join("data")));
        let mut server = Self {
            home,
            port: 0,
            settings: settings.iter().map(ToString::to_string).collect(),
            process: None,
        };
        for _ in 0..TRIES {
            server.port = free_port();
            if server.try_start() {
                return server;
            }
        }
        panic!("postgres does not start:\n{}", said(&server.log()));
    }

    /// Lets everybody in from a network, such as `10.1.2.0/24`.
    pub fn trust(&self, network: &str) {
        let file = self.home.path().join("data/pg_hba.conf");
        let rule = format!("\nhost all all {network} trust\n");
        let rules = std::fs::read_to_string(&file).expect("it has rules") + &rule;
        std::fs::write(&file, rules).expect("its rules can be written");
        if let Some(process) = &self.process {
            process.signal("HUP");
        }
    }

    /// Where its files are.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database, and gives its URL.
    #[must_use]
    pub fn database(&self) -> String {
        let name = unique("test_");
        run(self.client("createdb").arg(&name));
        self.url(&name)
    }

    /// Has `psql` carry out statements, and gives what it prints.
    pub fn psql(&self, url: &str, statements: &str) -> String {
        let mut command = Command::new(find("psql"));
        run(command
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c"])
            .args([statements, url]))
    }

    /// Ends it as a crash does: `kill -9` of the server, whose sessions end with it.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again, on the same port, with what was committed.
    pub fn restart(&mut self) {
        // Sessions of the one that was killed may take a moment to notice.
        for _ in 0..50 {
            if self.try_start() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("postgres does not start again:\n{}", said(&self.log()));
    }

    fn try_start(&mut self) -> bool {
        let mut command = as_user(self.home.path(), "postgres");
        command.arg("-D").arg(self.home.path().join("data"));
        let settings = [
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".into(),
            format!("unix_socket_directories={}", self.home.path().display()),
            "max_connections=200".into(),
        ];
        for setting in settings.iter().chain(&self.settings) {
            command.args(["-c", setting]);
        }
        let mut process = Process::start(&mut command, &self.log());
        let is_ready = ready(&mut process, || {
            let answer = self.client("pg_isready").output();
            answer.is_ok_and(|output| output.status.success())
        });
        self.process = is_ready.then_some(process);
        is_ready
    }

    fn client(&self, name: &str) -> Command {
        let mut command = Command::new(find(name));
        let port = self.port.to_string();
        command.args(["-h", "127.0.0.1", "-U", "postgres", "-p", &port]);
        command
    }

    fn log(&self) -> PathBuf {
        self.home.path().join("log")
    }
}

/// One of its programs: Debian has them in a directory for each version.
fn find(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let versions = versions.into_iter().flatten().flatten();
    let mut directories: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    directories.sort();
    directories.reverse();
    program(name, &directories, "postgresql")
}

/// A program as a user that it runs as: it refuses root.
fn as_user(home: &Path, name: &str) -> Command {
    if !is_root() {
        return Command::new(find(name));
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
    command.arg(find(name)).current_dir(home);
    command
}

/// Is this process root's?
fn is_root() -> bool {
    run(Command::new("id").arg("-u")).trim() == "0"
}
