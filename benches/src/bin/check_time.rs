//! How much longer the compiler takes to check a pipeline than the same functions without one.
//!
//! Writes a crate for each, runs `cargo check` on them in turn after a change, and prints medians. It needs the crates
//! that antflow depends on to be there already, which they are once this program is.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use std::{env, fs};

use clap::Parser;

/// Compares the time to check a pipeline with that of its functions.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many stages the pipeline has.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(2..))]
    stages: u16,
    /// How often each crate is checked.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// How many seconds more the pipeline may take.
    #[arg(long, default_value_t = 2.0)]
    limit: f64,
}

/// What stands beside the functions.
#[derive(Clone, Copy, PartialEq)]
enum Variant {
    Functions,
    Stages,
    Pipeline,
    Declared,
}

impl Variant {
    const ALL: [Self; 4] = [
        Self::Functions,
        Self::Stages,
        Self::Pipeline,
        Self::Declared,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Functions => "functions",
            Self::Stages => "stages",
            Self::Pipeline => "pipeline",
            Self::Declared => "declared",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Functions => "async functions, called one after the other",
            Self::Stages => "the same with `#[stage]`",
            Self::Pipeline => "the same in a `pipeline!` that is run",
            Self::Declared => "the same in a pipeline with a name that is run",
        }
    }

    /// The source of the crate.
    fn source(self, stages: u16, round: u16) -> String {
        let mut text = format!("// Round {round}.\n#![allow(dead_code, unused_imports)]\n\n");
        let mut write = |line: &str| writeln!(text, "{line}").expect("a string takes it");
        if self != Self::Functions {
            write("use antflow::{pipeline, stage, State};\n");
            write("#[derive(Clone)]\npub struct Db;\n");
        }
        for index in 0..=stages {
            write(&format!("#[derive(Clone)]\npub struct Item{index}(u64);\n"));
        }
        for index in 0..stages {
            if self != Self::Functions {
                // Every third retries, every fifth takes a part of the state.
                let retry = if index % 3 == 0 {
                    ", retry = \"per_task\""
                } else {
                    ""
                };
                write(&format!("#[stage(workers = 4{retry})]"));
            }
            let state = if index % 5 == 0 && self != Self::Functions {
                ", _db: State<Db>"
            } else {
                ""
            };
            let next = index + 1;
            write(&format!(
                "pub async fn step{index}(item: Item{index}{state}) -> Result<Item{next}, std::io::Error> {{\n    \
                     Ok(Item{next}(item.0 + {index}))\n}}\n"
            ));
        }
        let chain: Vec<_> = (0..stages).map(|index| format!("step{index}")).collect();
        let chain = chain.join(" >> ");
        match self {
            Self::Functions => {
                write("pub async fn all(item: Item0) -> Result<(), std::io::Error> {");
                for index in 0..stages {
                    write(&format!("    let item = step{index}(item).await?;"));
                }
                write("    drop(item);\n    Ok(())\n}");
            }
            Self::Stages => {}
            Self::Pipeline => {
                write("pub async fn all() {");
                write(&format!("    let all = pipeline!({chain});"));
                write("    let _ = all.with_state(Db).run([Item0(0)]).await;\n}");
            }
            Self::Declared => {
                write(&format!(
                    "pipeline! {{ pub All: Item0 => Item{stages} = {chain}; }}"
                ));
                write("pub async fn all() {");
                write("    let _ = All::new().with_state(Db).run([Item0(0)]).await;\n}");
            }
        }
        text
    }
}

/// A crate and how long it took to check it.
struct Candidate {
    variant: Variant,
    directory: PathBuf,
    times: Vec<Duration>,
}

impl Candidate {
    fn new(variant: Variant, root: &Path) -> Result<Self, Box<dyn Error>> {
        let directory = root.join(variant.name());
        fs::create_dir_all(directory.join("src"))?;
        let antflow = Path::new(env!("CARGO_MANIFEST_DIR")).join("../antflow");
        let manifest = format!(
            "[package]\nname = \"check-{}\"\nedition = \"2024\"\n\n[dependencies]\nantflow = {{ path = {:?} }}\n\n[workspace]\n",
            variant.name(),
            antflow.canonicalize()?
        );
        fs::write(directory.join("Cargo.toml"), manifest)?;
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
        fs::copy(lock, directory.join("Cargo.lock"))?;
        Ok(Self {
            variant,
            directory,
            times: Vec::new(),
        })
    }

    /// Changes the crate and checks it.
    fn check(&self, arguments: &Arguments, round: u16) -> Result<Duration, Box<dyn Error>> {
        let source = self.variant.source(arguments.stages, round);
        fs::write(self.directory.join("src/lib.rs"), source)?;
        let began = Instant::now();
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args(["check", "--offline", "--quiet", "--target-dir", "../target"])
            .current_dir(&self.directory)
            .env("CARGO_INCREMENTAL", "0")
            .status()?;
        let took = began.elapsed();
        if !status.success() {
            return Err(
                format!("the crate in {} does not compile", self.directory.display()).into(),
            );
        }
        Ok(took)
    }

    fn median(&self) -> f64 {
        let mut times = self.times.clone();
        times.sort();
        times[times.len() / 2].as_secs_f64()
    }
}

fn compare(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
        PathBuf::from,
    );
    let root = target.join("check_time");
    let mut candidates = Vec::new();
    for variant in Variant::ALL {
        candidates.push(Candidate::new(variant, &root)?);
    }
    for candidate in &candidates {
        candidate.check(arguments, 0)?;
    }
    for round in 1..=arguments.rounds {
        for candidate in &mut candidates {
            let took = candidate.check(arguments, round)?;
            candidate.times.push(took);
        }
    }
    println!(
        "{} stages, medians of {} rounds",
        arguments.stages, arguments.rounds
    );
    let functions = candidates[0].median();
    let mut within = true;
    for candidate in &candidates {
        let more = candidate.median() - functions;
        within &= more < arguments.limit;
        println!(
            "{:>7.2} s {more:>+7.2} s  {}",
            candidate.median(),
            candidate.variant.description()
        );
    }
    Ok(within)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match compare(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("error: more than {} s more", arguments.limit);
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
