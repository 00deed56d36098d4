//! Writes the Grafana dashboard, the Prometheus rules and their documentation.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use antflow_metrics::grafana;
use clap::Parser;

/// Writes the Grafana dashboard, the Prometheus rules and their documentation
#[derive(Parser)]
#[command(name = "antflow-grafana")]
struct Arguments {
    /// Write nothing, and fail if a file is not current
    #[arg(long)]
    check: bool,

    /// The directory of the files
    #[arg(default_value = "antflow-metrics/grafana")]
    out_dir: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("antflow-grafana: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for file in grafana::files() {
        let path = arguments.out_dir.join(file.path);
        if file.is_current(&arguments.out_dir)? {
            continue;
        }
        if arguments.check {
            eprintln!("not current: {}", path.display());
            code = ExitCode::FAILURE;
        } else {
            file.write(&arguments.out_dir)?;
            eprintln!("written: {}", path.display());
        }
    }
    Ok(code)
}
