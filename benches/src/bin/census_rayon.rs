//! The census of Rust source code as a rayon program, to compare the pipeline with.
//!
//! It runs the same functions over the same files: the walk feeds a parallel
//! bridge, each thread reads, parses and measures one file at a time, and the rows
//! go to one store behind a lock.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

use antflow_examples::census::{
    Failure, Measures, PARSE_STACK, Report, Store, default_root, measure, parse, read, walk,
};
use clap::Parser;
use rayon::iter::{ParallelBridge, ParallelIterator};

/// Counts what is in every Rust file below a directory, with rayon.
#[derive(Debug, Parser)]
struct Arguments {
    /// The directory; cargo's registry if it is left out.
    path: Option<PathBuf>,
    /// How many threads parse.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    threads: u16,
    /// Where to keep the table of files; it is thrown away if left out.
    #[arg(long)]
    db: Option<PathBuf>,
    /// Prints the report as one JSON object.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match census(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn census(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let root = arguments.path.clone().map_or_else(default_root, Ok)?;
    let store = match &arguments.db {
        Some(path) => Store::open(path)?,
        None => Store::temporary()?,
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(usize::from(arguments.threads))
        .stack_size(PARSE_STACK)
        .build()?;

    let started = Instant::now();
    let store = Mutex::new(store);
    let failures = Mutex::new(Vec::new());
    let files = pool.install(|| {
        walk(&root)
            .par_bridge()
            .map(|path| {
                let path = path.map_err(|error| Failure::new(&error.path, "walk", &error));
                let stored = path.and_then(|path| count(&root, path)).and_then(|row| {
                    let path = row.path.clone();
                    let mut store = store.lock().expect("no thread panics while it stores");
                    store
                        .insert(row)
                        .map_err(|error| Failure::new(path, "store", &error))
                });
                if let Err(failure) = stored {
                    failures
                        .lock()
                        .expect("a push does not panic")
                        .push(failure);
                }
            })
            .count()
    });
    let mut store = store.into_inner()?;
    let failures = failures.into_inner()?;
    let stored = store.finish()?;
    let report = Report::new(files as u64, stored, 0, started.elapsed(), failures);
    let report = report.rank(&store, 10)?;
    if arguments.json {
        println!("{}", report.to_json());
    } else {
        print!("{report}");
    }
    Ok(())
}

fn count(root: &Path, path: PathBuf) -> Result<Measures, Failure> {
    let source = read(root, path).map_err(|error| Failure::new(error.path(), "read", &error))?;
    let outline = parse(&source).map_err(|error| Failure::new(error.path(), "parse", &error))?;
    Ok(measure(&outline))
}
