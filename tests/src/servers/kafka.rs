use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use super::{Home, Process, TRIES, free_port, listens, program, ready, run, said, unique};

/// A broker of Apache Kafka 0.9.0.1 with the ZooKeeper that it needs.
///
/// Clients have to be told how old it is: `api.version.request=false` and `broker.version.fallback=0.9.0.1`. It has no
/// headers, no idempotent producers, and makes topics when they are first used, but on nobody's demand.
#[derive(Debug)]
pub struct Kafka {
    home: Home,
    settings: Vec<String>,
    port: u16,
    keeper_port: u16,
    keeper: Option<Process>,
    /// `None` while it is killed.
    broker: Option<Process>,
}

impl Kafka {
    /// The one that the tests of this process share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Kafka> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts one.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts one with these settings, such as `auto.create.topics.enable=false`.
    #[must_use]
    pub fn with(settings: &[&str]) -> Self {
        let mut server = Self {
            home: Home::new(),
            settings: settings.iter().map(ToString::to_string).collect(),
            port: 0,
            keeper_port: 0,
            keeper: None,
            broker: None,
        };
        for _ in 0..TRIES {
            server.keeper_port = free_port();
            server.keeper = server.start_keeper();
            server.port = free_port();
            if server.keeper.is_some() && server.try_start() {
                return server;
            }
        }
        panic!("Kafka does not start:\n{}", said(&server.log()));
    }

    /// Its URL, with what clients have to know.
    #[must_use]
    pub fn url(&self) -> String {
        format!(
            "kafka://127.0.0.1:{}?api.version.request=false&broker.version.fallback=0.9.0.1",
            self.port
        )
    }

    /// Its URL with a prefix that nobody else uses, so that it is as if it were empty.
    #[must_use]
    pub fn fresh(&self) -> String {
        format!("{}&prefix={}", self.url(), unique("t"))
    }

    /// Has the program for topics do something: `--create`, `--alter`, `--delete`, with what they need.
    pub fn topics(&self, arguments: &[&str]) {
        let keeper = format!("127.0.0.1:{}", self.keeper_port);
        let mut command = java("kafka.admin.TopicCommand");
        command.args(["--zookeeper", &keeper]).args(arguments);
        run(&mut command);
    }

    /// Ends the broker as `kill -9` does.
    pub fn kill(&mut self) {
        self.broker = None;
    }

    /// Starts the broker again, on the same port, with the topics that it had.
    pub fn restart(&mut self) {
        // ZooKeeper takes a while to notice that the one before is gone, and until then there is no place for another.
        for _ in 0..20 {
            if self.try_start() {
                return;
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        panic!("Kafka does not start again:\n{}", said(&self.log()));
    }

    fn start_keeper(&self) -> Option<Process> {
        let home = self.home.path();
        let file = home.join("zookeeper.properties");
        let properties = format!(
            "dataDir={}\nclientPort={}\nclientPortAddress=127.0.0.1\nmaxClientCnxns=0\ntickTime=500\n",
            home.join("zookeeper").display(),
            self.keeper_port
        );
        fs::write(&file, properties).expect("the file can be written");
        let mut command = java("org.apache.zookeeper.server.quorum.QuorumPeerMain");
        command.arg(&file);
        let mut process = Process::start(&mut command, &self.log());
        listens(self.keeper_port, &mut process).then_some(process)
    }

    fn try_start(&mut self) -> bool {
        let home = self.home.path();
        let file = home.join("server.properties");
        let properties = [
            "broker.id=0".to_owned(),
            format!("listeners=PLAINTEXT://127.0.0.1:{}", self.port),
            "advertised.host.name=127.0.0.1".to_owned(),
            format!("advertised.port={}", self.port),
            format!("log.dirs={}", home.join("kafka").display()),
            format!("zookeeper.connect=127.0.0.1:{}", self.keeper_port),
            "zookeeper.session.timeout.ms=1500".to_owned(),
            "auto.create.topics.enable=true".to_owned(),
            "num.partitions=4".to_owned(),
            "offsets.topic.num.partitions=1".to_owned(),
            "offsets.topic.replication.factor=1".to_owned(),
            "group.min.session.timeout.ms=1000".to_owned(),
        ];
        let properties: Vec<_> = properties.iter().chain(&self.settings).cloned().collect();
        fs::write(&file, properties.join("\n")).expect("the file can be written");
        let mut process = Process::start(java("kafka.Kafka").arg(&file), &self.log());
        // It listens before it has its place in ZooKeeper, and ends if that is taken.
        let is_ready = ready(&mut process, || is_in_cluster(self.port).unwrap_or(false));
        self.broker = is_ready.then_some(process);
        is_ready
    }

    fn log(&self) -> PathBuf {
        self.home.path().join("log")
    }
}

/// Asks a broker for the cluster's brokers. Says whether there are any, as there are once it is one of them.
fn is_in_cluster(port: u16) -> std::io::Result<bool> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(200))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    // Length; metadata, version 0; request 1; no client; topics, of which there may be any.
    stream.write_all(&[0, 0, 0, 14, 0, 3, 0, 0, 0, 0, 0, 1, 255, 255, 0, 0, 0, 0])?;
    // Length, request, number of brokers.
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    Ok(answer[8..] != [0; 4])
}

fn java(class: &str) -> Command {
    let mut command = Command::new(program("java", &[], "default-jre-headless"));
    let libraries = libraries().join("*");
    command.args(["-Xmx256m", "-cp"]).arg(libraries).arg(class);
    command
}

/// Where the broker's jars are: where `make setup` puts them, or where `ANTFLOW_KAFKA_LIBS` says.
fn libraries() -> PathBuf {
    let place = std::env::var_os("ANTFLOW_KAFKA_LIBS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/servers/package/kafka/libs"),
        PathBuf::from,
    );
    assert!(
        place.join("kafka_2.11-0.9.0.1.jar").is_file(),
        "the broker of Kafka is not in {}: run `make setup`, or set ANTFLOW_KAFKA_LIBS to the `libs` of Kafka 0.9.0.1",
        place.display()
    );
    place
}
