//! Runs the census as a pipeline and as a rayon program in turn, and prints how
//! long each of them took.
//!
//! Both programs must have been built: `make bench` does that.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use antflow_examples::census::{default_root, walk};
use clap::Parser;
use serde_json::Value;

/// Compares the census as a pipeline with the census as a rayon program.
#[derive(Debug, Parser)]
struct Arguments {
    /// The directory; cargo's registry if it is left out.
    path: Option<PathBuf>,
    /// How often each program runs.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// How many parse workers and threads the programs have.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    workers: u16,
}

/// A program with its arguments, and how long it took in each round.
struct Rival {
    name: String,
    program: &'static str,
    arguments: [String; 2],
    seconds: Vec<f64>,
}

fn main() -> ExitCode {
    match compare(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let root = arguments.path.clone().map_or_else(default_root, Ok)?;
    let workers = arguments.workers;
    let mut rivals = [
        Rival::new("antflow, 1 parse worker", "census", "--workers-parse", 1),
        Rival::new(
            &format!("antflow, {workers} parse workers"),
            "census",
            "--workers-parse",
            workers,
        ),
        Rival::new(
            &format!("rayon, {workers} threads"),
            "census_rayon",
            "--threads",
            workers,
        ),
    ];
    let files = warm_up(&root);
    println!(
        "{files} files in {}, {} rounds",
        root.display(),
        arguments.rounds
    );

    let mut stored = None;
    for _ in 0..arguments.rounds {
        for rival in &mut rivals {
            let rows = rival.run(&root)?;
            if *stored.get_or_insert(rows) != rows {
                return Err(format!(
                    "`{}` stored {rows} files, others did not: no comparison",
                    rival.name
                )
                .into());
            }
        }
    }

    let rayon = rivals[2].median();
    println!(
        "{:26} {:>9} {:>9} {:>14}",
        "", "median s", "best s", "against rayon"
    );
    for rival in &rivals {
        let (median, best) = (rival.median(), rival.seconds[0]);
        println!(
            "{:26} {median:>9.2} {best:>9.2} {:>14.2}",
            rival.name,
            median / rayon
        );
    }
    println!(
        "{workers} parse workers are {:.2} times as fast as 1",
        rivals[0].median() / rivals[1].median()
    );
    Ok(())
}

/// Reads every file once, so that the first program does not pay for the disk.
fn warm_up(root: &Path) -> usize {
    walk(root)
        .flatten()
        .filter(|path| fs::read(path).is_ok())
        .count()
}

impl Rival {
    fn new(name: &str, program: &'static str, option: &str, workers: u16) -> Self {
        Self {
            name: name.to_owned(),
            program,
            arguments: [option.to_owned(), workers.to_string()],
            seconds: Vec::new(),
        }
    }

    /// Runs the program once, and says how many rows it stored.
    fn run(&mut self, root: &Path) -> Result<u64, Box<dyn Error>> {
        let program = env::current_exe()?.with_file_name(self.program);
        let output = Command::new(&program)
            .arg(root)
            .args(&self.arguments)
            .arg("--json")
            .output()
            .map_err(|error| {
                format!(
                    "cannot run `{}`: {error}; use make bench",
                    program.display()
                )
            })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!(
                "`{}` ended with {}: {said}",
                program.display(),
                output.status
            )
            .into());
        }
        let report: Value = serde_json::from_slice(&output.stdout)?;
        let seconds = report["seconds"]
            .as_f64()
            .ok_or("the report has no `seconds`")?;
        self.seconds.push(seconds);
        self.seconds.sort_by(f64::total_cmp);
        report["stored"]
            .as_u64()
            .ok_or_else(|| "the report has no `stored`".into())
    }

    fn median(&self) -> f64 {
        let middle = self.seconds.len() / 2;
        if self.seconds.len().is_multiple_of(2) {
            f64::midpoint(self.seconds[middle - 1], self.seconds[middle])
        } else {
            self.seconds[middle]
        }
    }
}
