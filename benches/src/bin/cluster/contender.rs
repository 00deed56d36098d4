use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use antflow::BoxError;

use crate::ground::Place;

/// What a cluster is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum EngineKind {
    /// A file of SQLite; each process has a bus of its own, and finds its work in the store.
    Embedded,
    /// PostgreSQL, with LISTEN and NOTIFY.
    Postgres,
    /// PostgreSQL, with NATS beside it.
    Nats,
    /// PostgreSQL, with Kafka beside it.
    Kafka,
}

/// Another durable queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PeerKind {
    /// `apalis` with `apalis-postgres`.
    Apalis,
    /// `graphile_worker`.
    GraphileWorker,
}

/// Whoever is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contender {
    Engine(EngineKind),
    Peer(PeerKind),
}

/// What another durable queue is started with.
const PEERS: &str = "cluster_peers";

impl Contender {
    /// As it is called in the output.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Engine(EngineKind::Embedded) => "antflow, embedded",
            Self::Engine(EngineKind::Postgres) => "antflow, postgres",
            Self::Engine(EngineKind::Nats) => "antflow, postgres + nats",
            Self::Engine(EngineKind::Kafka) => "antflow, postgres + kafka",
            Self::Peer(PeerKind::Apalis) => "apalis",
            Self::Peer(PeerKind::GraphileWorker) => "graphile_worker",
        }
    }

    /// Does it know nodes that read each other?
    pub(crate) fn has_nodes(self) -> bool {
        matches!(self, Self::Engine(_))
    }

    /// Can the process that submits work as well?
    pub(crate) fn runs_with(self, workers: u64) -> bool {
        workers > 0 || self.has_nodes()
    }

    /// The commands of its members, the one that feeds first.
    pub(crate) fn members(
        self,
        place: &Place,
        workers: u64,
        concurrency: u64,
    ) -> Result<Vec<Command>, BoxError> {
        match self {
            Self::Engine(_) => engine(place, workers, concurrency),
            Self::Peer(peer) => peers(peer, place, workers, concurrency),
        }
    }
}

/// This program again: who submits, who coordinates, and who works. Each worker has a share of what is handed in; the
/// first one makes what the last one reads.
fn engine(place: &Place, workers: u64, concurrency: u64) -> Result<Vec<Command>, BoxError> {
    let program = env::current_exe()?;
    let start = |id: &str| {
        let mut command = Command::new(&program);
        command.args(["member", "--id", id, "--cluster", place.url()]);
        command.args(["--concurrency", &concurrency.to_string()]);
        if let Some(bus) = place.bus() {
            command.args(["--bus", bus]);
        }
        command
    };
    let mut feeder = start("feeder");
    feeder.arg("--feeds");
    if workers == 0 {
        feeder.args(["--coordinates", "--roles", "share0,alone,make,take"]);
        return Ok(vec![feeder]);
    }
    let mut coordinator = start("coordinator");
    coordinator.arg("--coordinates");
    let mut members = vec![feeder, coordinator];
    for worker in 0..workers {
        let mut roles = format!("share{worker},alone");
        if worker == 0 {
            roles += ",make";
        }
        if worker + 1 == workers {
            roles += ",take";
        }
        let mut command = start(&format!("w{worker}"));
        command.args(["--roles", &roles]);
        members.push(command);
    }
    Ok(members)
}

fn peers(
    peer: PeerKind,
    place: &Place,
    workers: u64,
    concurrency: u64,
) -> Result<Vec<Command>, BoxError> {
    let program = program_of_peers()?;
    let peer = match peer {
        PeerKind::Apalis => "apalis",
        PeerKind::GraphileWorker => "graphile-worker",
    };
    let start = |id: &str| {
        let mut command = Command::new(&program);
        command.args(["--peer", peer, "--id", id, "--url", place.url()]);
        command.args(["--concurrency", &concurrency.to_string()]);
        command
    };
    let mut feeder = start("feeder");
    feeder.arg("--feeds");
    let working = (0..workers).map(|worker| start(&format!("w{worker}")));
    Ok(std::iter::once(feeder).chain(working).collect())
}

/// Where the program of the peers is, in a package outside of the workspace.
fn program_of_peers() -> Result<PathBuf, BoxError> {
    let here = env::current_exe()?;
    let target = here.parent().and_then(Path::parent);
    let target = target.ok_or("this program is in no target directory")?;
    let program = target.join("peers/release").join(PEERS);
    let program = program.with_extension(env::consts::EXE_EXTENSION);
    Ok(program)
}

/// Brings the program of the peers up to date, if cargo has started this one.
pub(crate) fn build_peers() -> Result<(), BoxError> {
    let program = program_of_peers()?;
    let target = program.parent().and_then(Path::parent).unwrap_or(&program);
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/Cargo.toml");
    if let Some(cargo) = env::var_os("CARGO") {
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--release", "--locked"]);
        build.args(["--manifest-path", manifest, "--target-dir"]);
        let status = build.arg(target).status()?;
        if !status.success() {
            return Err(format!("cargo could not build `{PEERS}`: {status}").into());
        }
    }
    if program.exists() {
        return Ok(());
    }
    let (program, target) = (program.display(), target.display());
    Err(format!(
        "there is no {program}; build it with `cargo build --release --manifest-path {manifest} --target-dir {target}`"
    )
    .into())
}
