//! What a program prints while a dashboard is shown stays whole, above it:
//! `cargo run -p antflow-examples --example log_lines -- compact`
//!
//! With `exit` behind the level it ends in the middle, as a program does that has found something wrong.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use antflow::terminal::{LogWriter, restore, suspend};
use antflow::{BoxError, Detail, TerminalDashboard, pipeline, stage};
use tokio::time::sleep;

#[stage(workers = 4)]
async fn check(file: u64) -> Result<u64, BoxError> {
    sleep(Duration::from_millis(20)).await;
    match file {
        10 => (0..50).for_each(|line| eprintln!("stderr {line}")),
        20 => (0..50).for_each(|line| println!("stdout {line}")),
        30 => tracing::warn!("a line of tracing"),
        40 => writeln!(LogWriter::new(), "a line of a writer")?,
        50 => drop(
            Command::new("sh")
                .args(["-c", "echo program 0 >&2; echo program 1"])
                .status()?,
        ),
        // Who asks something, or takes the terminal for itself, has to be alone there.
        60 => suspend(|| eprintln!("a question, and its answer")),
        _ => {}
    }
    Ok(file)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    tracing_subscriber::fmt().without_time().init();
    let mut arguments = std::env::args().skip(1);
    let dashboard = match arguments.next().as_deref() {
        None | Some("progress") => TerminalDashboard::progress(),
        Some("compact") => TerminalDashboard::new(Detail::Compact),
        Some("detailed") => TerminalDashboard::new(Detail::Detailed),
        Some("full") => TerminalDashboard::new(Detail::Full),
        Some(other) => return Err(format!("there is no {other}").into()),
    };
    let run = pipeline!(check).start()?;
    run.custom_dashboard(dashboard, Duration::from_millis(100));
    run.feed(0..100).await?;
    if arguments.next().as_deref() == Some("exit") {
        // What is printed right before the end of a program needs the terminal itself.
        restore();
        eprintln!("stopped in the middle");
        std::process::exit(3);
    }
    run.join().await;
    println!("all files are checked");
    Ok(())
}
