use std::fs;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use antflow::BoxError;
use antflow_examples::census::{Store, default_root};
use clap::error::ErrorKind;
use clap::{Parser, ValueEnum};

use super::REFUSED;
use super::stages::App;

/// Counts what is in every Rust file below a directory, with antflow.
///
/// Ctrl-C ends the census early: files that were begun are finished and stored, the rest is reported as cancelled. A
/// second Ctrl-C ends it at once.
#[derive(Debug, Parser)]
#[command(name = "census")]
pub(crate) struct Arguments {
    /// The directory; the sources in cargo's registry if left out, or else this workspace.
    path: Option<PathBuf>,
    /// How many files are parsed at the same time; as many as there are cores if left out.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers_parse: Option<u16>,
    /// Where to keep the table of files; if left out, it is thrown away, or kept in the directory of `--cluster`.
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// Makes the census durable, by a cluster in this directory: ended at any moment and started again with the same
    /// directory, it goes on where it was.
    #[arg(long, value_name = "DIR")]
    pub(crate) cluster: Option<PathBuf>,
    /// How many crates each ranking shows.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    top: u32,
    /// Serves metrics for Prometheus at this address while the census goes on, such as 127.0.0.1:9464.
    #[arg(long, value_name = "ADDR")]
    pub(crate) metrics: Option<SocketAddr>,
    /// Shows the census on a page at this address while it goes on, such as 127.0.0.1:8080.
    #[arg(long, value_name = "ADDR")]
    pub(crate) web: Option<SocketAddr>,
    /// Shows the census in the terminal, in this detail; a line of its own if left out.
    #[arg(long, value_name = "LEVEL")]
    pub(crate) dashboard: Option<Level>,
    /// Prints the report as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How much a dashboard shows.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Level {
    Progress,
    Compact,
    Detailed,
    Full,
}

impl Arguments {
    /// Reads the command line. What is wrong with it is said in one sentence.
    pub(crate) fn read() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp => {
                print!("{error}");
                ExitCode::SUCCESS
            }
            _ => {
                let text = error.to_string();
                let sentence = text.split("\n\n").next().unwrap_or(&text);
                eprintln!("{}; see census --help", sentence.trim_end());
                ExitCode::from(REFUSED)
            }
        })
    }

    /// What the stages work with, once it is known to be there.
    pub(crate) fn app(&self) -> Result<App, BoxError> {
        let root = self.path.clone().map_or_else(default_root, Ok)?;
        if let Err(error) = fs::metadata(&root) {
            return Err(format!("cannot count the files of `{}`: {error}", root.display()).into());
        }
        if let Some(directory) = &self.cluster {
            fs::create_dir_all(directory)
                .map_err(|error| format!("cannot make `{}`: {error}", directory.display()))?;
        }
        let kept = self
            .cluster
            .as_ref()
            .map(|directory| directory.join("census.db"));
        let store = match self.db.as_ref().or(kept.as_ref()) {
            Some(path) => Store::open(path)?,
            None => Store::temporary()?,
        };
        Ok(App::new(&root, store, self.cluster.is_some()))
    }

    pub(crate) fn workers_parse(&self) -> usize {
        self.workers_parse.map_or_else(
            || thread::available_parallelism().map_or(1, NonZero::get),
            usize::from,
        )
    }

    pub(crate) fn top(&self) -> usize {
        usize::try_from(self.top).unwrap_or(usize::MAX)
    }
}
