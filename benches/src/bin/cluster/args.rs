use std::num::NonZeroU64;

use clap::{Args as ClapArgs, Parser, Subcommand};

use crate::contender::{EngineKind, PeerKind};

/// Measures what clusters take: batches per second, and how long a batch waits for its handler.
#[derive(Debug, Parser)]
#[command(name = "cluster", args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    /// What the cluster is made of; several with commas between them. `embedded`, if nobody else is named either.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) engine: Vec<EngineKind>,
    /// Other durable queues over the same PostgreSQL; several with commas between them.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) peer: Vec<PeerKind>,
    /// How many worker processes there are. 0: the process that submits works too, of engines alone.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 4])]
    pub(crate) workers: Vec<u64>,
    /// How many batches are handed in that take no time.
    #[arg(long, default_value = "10000")]
    pub(crate) batches: NonZeroU64,
    /// How many batches are handed in that take 5 ms each.
    #[arg(long, default_value = "4000")]
    pub(crate) slow_batches: NonZeroU64,
    /// How many batches a process works on at once.
    #[arg(long, default_value = "8")]
    pub(crate) concurrency: NonZeroU64,
    /// How many latencies are taken of each kind in a round, if there is time.
    #[arg(long, default_value = "200")]
    pub(crate) samples: NonZeroU64,
    /// For how many seconds latencies of each kind are taken in a round at most.
    #[arg(long, default_value = "10")]
    pub(crate) seconds: NonZeroU64,
    /// How often everything is measured, in turn.
    #[arg(long, default_value = "3")]
    pub(crate) rounds: NonZeroU64,
    /// Prints one JSON object per line instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) mode: Option<Mode>,
}

/// What else this program is.
#[derive(Debug, Subcommand)]
pub(crate) enum Mode {
    /// One of the processes of a cluster.
    #[command(hide = true)]
    Member(MemberArgs),
}

/// What a process does.
#[derive(Debug, ClapArgs)]
pub(crate) struct MemberArgs {
    #[arg(long)]
    pub(crate) cluster: String,
    #[arg(long)]
    pub(crate) bus: Option<String>,
    #[arg(long)]
    pub(crate) id: String,
    /// It carries out orders.
    #[arg(long)]
    pub(crate) feeds: bool,
    /// It coordinates.
    #[arg(long)]
    pub(crate) coordinates: bool,
    /// It works in these roles.
    #[arg(long, value_delimiter = ',')]
    pub(crate) roles: Vec<String>,
    #[arg(long)]
    pub(crate) concurrency: u32,
}
