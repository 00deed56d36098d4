//! Kills processes and servers at random moments, and counts what is lost, doubled or stuck in the end.
//!
//! ```sh
//! cargo run --release -p antflow-tests --bin chaos -- --engine embedded --faults 200 --seed 1 --json
//! ```
//!
//! Coordinators and workers are processes, this program again, over one engine, whose servers are started by this
//! program. They run a graph of three nodes that read each other while they are written. While the run is going,
//! processes are killed by SIGKILL and started again, under the same id or another; workers are stopped for longer than
//! their leases and go on then; the broker and the database are killed and started again. Messages are lost, repeated,
//! late and out of order all the time. A run that ends before all faults were injected is followed by the next one. In
//! the end all that the nodes wrote is compared with what has to be there. The exit code is 1 unless nothing is lost,
//! nothing is there twice, nobody wrote in an epoch that was over, and every node has finished.

mod args;
mod check;
mod crew;
mod engine;
mod member;
mod report;
mod storm;
mod tally;
mod work;

use std::process::ExitCode;

use antflow::BoxError;
use clap::Parser as _;

use args::{Args, Mode};

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let args = Args::parse();
    let ended = match args.mode {
        Some(Mode::Member(member)) => member::serve(&member).await.map(|()| ExitCode::SUCCESS),
        None => rage(&args).await,
    };
    ended.unwrap_or_else(|error| {
        eprintln!("chaos: {error}");
        ExitCode::FAILURE
    })
}

/// Does what the program is for, and prints what came of it.
async fn rage(args: &Args) -> Result<ExitCode, BoxError> {
    let report = storm::rage(args).await?;
    if args.json {
        println!("{}", report.json());
    } else {
        println!("{report}");
    }
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
