//! What the dashboards in the terminal cost: the time of a core that a program takes while a run goes on, in a pseudo
//! terminal, with each of them and without.
//!
//! `cargo run --release -p antflow-benches --bin watching`

use std::convert::Infallible;
use std::error::Error;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use antflow::{Collect, Detail, Pipeline, from_fn};
use clap::Parser;
use cpu_time::ProcessTime;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

type BoxError = Box<dyn Error + Send + Sync>;

const LEVELS: [&str; 5] = ["none", "progress", "compact", "detailed", "full"];

#[derive(Debug, Parser)]
#[command(about = "Measures what the dashboards in the terminal cost")]
struct Arguments {
    /// How many seconds each run takes.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// How many workers there are. A thousand items a second go through them.
    #[arg(long, default_values_t = [30, 10_000])]
    workers: Vec<u64>,
    /// Runs once with this dashboard, in the terminal that there is, and writes the figure to `--into`.
    #[arg(long, hide = true, requires = "into")]
    level: Option<String>,
    #[arg(long, hide = true)]
    into: Option<PathBuf>,
}

fn main() -> Result<(), BoxError> {
    let arguments = Arguments::parse();
    if let (Some(level), Some(into)) = (&arguments.level, &arguments.into) {
        let share = run(level, arguments.workers[0], arguments.seconds)?;
        return Ok(fs::write(into, share.to_string())?);
    }
    println!("workers  dashboard  of a core  beyond none");
    for workers in &arguments.workers {
        let mut none = 0.0;
        for level in LEVELS {
            let share = measure(level, *workers, arguments.seconds)?;
            if level == "none" {
                none = share;
            }
            let beyond = 100.0 * (share - none);
            println!(
                "{workers:>7}  {level:<9}  {:>8.2}%  {beyond:>10.2}%",
                100.0 * share
            );
        }
    }
    Ok(())
}

/// Runs this program again, in a terminal of its own.
fn measure(level: &str, workers: u64, seconds: u64) -> Result<f64, BoxError> {
    let into = std::env::temp_dir().join(format!("antflow-watching-{}", std::process::id()));
    let mut command = CommandBuilder::new(std::env::current_exe()?);
    command.args(["--level", level, "--workers", &workers.to_string()]);
    command.args(["--seconds", &seconds.to_string(), "--into"]);
    command.arg(&into);
    command.env("TERM", "xterm-256color");
    command.env("ANTFLOW_DASHBOARD", "always");
    let size = PtySize {
        rows: 50,
        cols: 160,
        ..PtySize::default()
    };
    let pair = native_pty_system().openpty(size)?;
    let mut child = pair.slave.spawn_command(command)?;
    drop(pair.slave);
    // What is drawn is taken, as a terminal does. The end of it is an error to its reader.
    let _ = pair.master.try_clone_reader()?.read_to_end(&mut Vec::new());
    if !child.wait()?.success() {
        return Err(format!("the run with {level} has failed").into());
    }
    read(&into)
}

fn read(file: &Path) -> Result<f64, BoxError> {
    let share = fs::read_to_string(file)?.parse()?;
    fs::remove_file(file)?;
    Ok(share)
}

/// Which part of a core the program takes while the run goes on.
#[tokio::main]
async fn run(level: &str, workers: u64, seconds: u64) -> Result<f64, BoxError> {
    let hold = from_fn("Hold", move |item: u64| async move {
        tokio::time::sleep(Duration::from_millis(workers)).await;
        Ok::<_, Infallible>(item)
    });
    let count = from_fn("Count", async |item: u64| Ok::<_, Infallible>(item + 1));
    let pipeline = Pipeline::builder()
        .stage(hold.workers(usize::try_from(workers)?))
        .stage(count)
        .collect(Collect::Nothing);
    let items = 0..seconds * 1000;
    let run = pipeline.run(items);
    let run = match level {
        "progress" => run.progress(),
        "compact" => run.dashboard(Detail::Compact),
        "detailed" => run.dashboard(Detail::Detailed),
        "full" => run.dashboard(Detail::Full),
        _ => run,
    };
    let (began, busy) = (std::time::Instant::now(), ProcessTime::now());
    run.await?;
    Ok(busy.elapsed().as_secs_f64() / began.elapsed().as_secs_f64())
}
