use std::num::NonZeroU64;

use clap::{Args as ClapArgs, Parser, Subcommand};

use crate::engine::{EngineKind, Place};

/// Kills processes and servers at random moments, and counts what is lost, doubled or stuck in the end.
#[derive(Debug, Parser)]
#[command(name = "chaos", args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    /// What the cluster is made of.
    #[arg(long, value_enum, default_value = "embedded")]
    pub(crate) engine: EngineKind,
    /// How many processes and servers are killed or frozen while a run is going.
    #[arg(long, default_value_t = 200)]
    pub(crate) faults: u64,
    /// What the moments, the victims and their next ids come from.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many batches the first node of the graph makes in each run; the other two have twice as many.
    #[arg(long, default_value = "10000")]
    pub(crate) batches: NonZeroU64,
    /// How many workers run at once.
    #[arg(long, default_value = "3")]
    pub(crate) workers: NonZeroU64,
    /// How many coordinators run at once.
    #[arg(long, default_value = "2")]
    pub(crate) coordinators: NonZeroU64,
    /// How many seconds a run may take from its last fault to its end before its nodes count as stuck.
    #[arg(long, default_value = "120")]
    pub(crate) patience: NonZeroU64,
    /// Prints one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) mode: Option<Mode>,
}

/// What else this program is.
#[derive(Debug, Subcommand)]
pub(crate) enum Mode {
    /// One of the processes that are killed.
    #[command(hide = true)]
    Member(MemberArgs),
}

/// Who a process is.
#[derive(Debug, ClapArgs)]
pub(crate) struct MemberArgs {
    #[arg(long, value_enum)]
    pub(crate) part: Part,
    #[arg(long)]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) place: Place,
    /// What the faults of its messages come from.
    #[arg(long)]
    pub(crate) seed: u64,
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    Worker,
    Coordinator,
}
