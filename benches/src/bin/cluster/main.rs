//! Measures what clusters take: batches per second, and how long a batch waits for its handler.
//!
//! ```sh
//! cargo run --release -p antflow-benches --bin cluster -- --engine embedded,postgres --peer apalis,graphile-worker
//! ```
//!
//! Workers are processes, this program again, over one engine, whose servers are started by this program; so is a
//! coordinator, and whoever submits. Each engine is measured with each number of workers, round by round, in an empty
//! place, with the servers as they are by default: PostgreSQL waits for the disk. Of each figure the median is printed,
//! and the range of the rounds.
//!
//! - **batches**: so many small ones are handed in, a thousand by a call, to workers that wait for them, and read,
//!   handled by a function that does nothing, and committed. One worker does it in one node; several have a node each,
//!   which reads its share. From the first call to the end of the run.
//! - **of 5 ms**: the same, but the function waits for 5 ms.
//! - **submit to handler**: a run of one batch is submitted to workers that are idle. From the call to the handler, by
//!   the clock of the machine.
//! - **commit to child**: one node makes a batch every 20 ms, another one reads them meanwhile. From when the worker of
//!   the first knows that a batch is committed to the handler of the second; less than nothing if that was faster.
//! - **handler to child**: the same from the end of the handler of the first, so with the commit.
//!
//! The peers are durable queues, in a program of the package beside this one. They do the same: a batch is a job, with
//! the same payload in the same PostgreSQL, and as many are worked on at once. They know no nodes.

mod args;
mod contender;
mod crew;
mod ground;
mod measure;
mod member;
mod report;
mod stats;
mod talk;

use std::process::ExitCode;

use antflow::BoxError;
use clap::Parser as _;

use args::{Args, Mode};
use contender::{Contender, EngineKind};
use ground::Servers;
use report::Row;
use serde_json::json;

fn main() -> ExitCode {
    let args = Args::parse();
    let ended = match &args.mode {
        Some(Mode::Member(member)) => serve(member),
        None => compare(&args),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cluster: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(worker_threads = 2)]
async fn serve(args: &args::MemberArgs) -> Result<(), BoxError> {
    member::serve(args).await
}

/// Measures all in turn, and prints what came of it.
fn compare(args: &Args) -> Result<(), BoxError> {
    if !args.peer.is_empty() {
        contender::build_peers()?;
    }
    let engines = args.engine.iter().copied().map(Contender::Engine);
    let peers = args.peer.iter().copied().map(Contender::Peer);
    let mut contenders: Vec<_> = engines.chain(peers).collect();
    if contenders.is_empty() {
        contenders.push(Contender::Engine(EngineKind::Embedded));
    }
    let all = contenders
        .iter()
        .flat_map(|contender| args.workers.iter().map(|workers| (*contender, *workers)));
    let mut rows: Vec<Row> = all
        .filter(|(contender, workers)| contender.runs_with(*workers))
        .map(|(contender, workers)| Row {
            contender,
            workers,
            samples: Vec::new(),
        })
        .collect();
    let mut servers = Servers::default();
    let mut settings: Vec<String> = Vec::new();
    for round in 1..=args.rounds.get() {
        for row in &mut rows {
            let (name, workers) = (row.contender.name(), row.workers);
            eprintln!("round {round}: {name}, {workers} worker processes");
            let measured = measure::measure(row.contender, workers, args, &mut servers);
            let (sample, said) = measured.map_err(|error| format!("{name}: {error}"))?;
            row.samples.push(sample);
            let said = said.into_iter().map(|said| format!("{name}: {said}"));
            for said in said {
                if !settings.contains(&said) {
                    settings.push(said);
                }
            }
        }
    }
    let settings = [servers.settings(), settings].concat();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let (batches, slow_batches) = (args.batches, args.slow_batches);
    if args.json {
        let run = json!({
            "batches": batches,
            "batches_of_5_ms": slow_batches,
            "cores": cores,
            "settings": settings,
        });
        println!("{run}");
        rows.iter().for_each(|row| println!("{}", row.json()));
        return Ok(());
    }
    println!("{batches} batches, {slow_batches} of 5 ms, {cores} cores");
    settings.iter().for_each(|line| println!("{line}"));
    println!("{}", report::table(&rows));
    Ok(())
}
