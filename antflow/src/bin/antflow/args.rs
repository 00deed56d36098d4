//! What may be written on the command line.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::failure::USAGE;
use crate::{artifacts, cancel, coordinator, dead_letters, doctor, limits, status, submit};

/// Exit codes, for `--help`.
const EXIT_CODES: &str = "\
Exit codes:
  0  it is done
  1  it failed: the cluster cannot be reached, there is no such run, or a run failed or was cancelled under --wait,
     or the doctor found a problem
  2  it could not begin: a wrong argument, or a graph with mistakes";

/// Submits runs to a cluster, watches and steers them, and coordinates its workers.
#[derive(Debug, Parser)]
#[command(name = "antflow", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// Where the cluster is: postgres://user@host/database, sqlite:///path/to/file.db, or a path.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "ANTFLOW_CLUSTER",
        hide_env_values = true
    )]
    pub(crate) cluster: Option<String>,
    /// Its bus, if it is not the one of its store: nats://host:4222 or kafka://host:9092.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "ANTFLOW_BUS",
        hide_env_values = true
    )]
    pub(crate) bus: Option<String>,
    /// Prints JSON: one document, or one on each line where there are several.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a coordinator until Ctrl-C or SIGTERM; any number may serve one cluster.
    Coordinator(coordinator::Args),
    /// Submits a run of a graph, with its input.
    Submit(submit::Args),
    /// Shows runs, workers and what waits for somebody; or one run with its nodes.
    Status(status::Args),
    /// Prints the artifacts of a node as lines of JSON.
    Artifacts(artifacts::Args),
    /// Shows the workers, and what they work on.
    Workers,
    /// Cancels a run.
    Cancel(cancel::Args),
    /// Shows how many nodes may be worked on at once, or sets it.
    Limits(limits::Args),
    /// Shows what could not be understood or said, or tries it again.
    DeadLetters(dead_letters::Args),
    /// Looks for what is wrong: store, bus, coordinators, and workers for each role; says what to do.
    Doctor(doctor::Args),
}

impl Cli {
    /// Reads the command line. What is wrong with it is said in one line.
    pub(crate) fn read() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                // Who does not read it does not want it.
                drop(write!(io::stdout(), "{error}"));
                ExitCode::SUCCESS
            }
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                drop(write!(io::stderr(), "{error}"));
                ExitCode::from(USAGE)
            }
            _ => {
                drop(writeln!(
                    io::stderr(),
                    "{}",
                    in_one_line(&error.to_string())
                ));
                ExitCode::from(USAGE)
            }
        })
    }
}

/// What is wrong and what was probably meant, without the usage that follows.
fn in_one_line(text: &str) -> String {
    let parts = text.split("\n\n").enumerate();
    let said = parts.filter(|(index, part)| *index == 0 || part.contains("tip: a similar"));
    let mut line = String::new();
    for word in said.flat_map(|(_, part)| part.split_whitespace()) {
        if !line.is_empty() {
            line.push(if word == "tip:" { ';' } else { ' ' });
        }
        if word == "tip:" {
            line.push(' ');
        }
        line.push_str(word);
    }
    line.push_str("; see `antflow --help`");
    line
}
