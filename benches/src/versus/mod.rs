//! The same stages by antflow and by others, measured the same way.
//!
//! The program `versus` runs every implementation of a workload in turn, round by round, each time in a fresh process
//! on a Tokio runtime of two workers, and prints medians. The results of every run are checked: how many they are,
//! their values, and that they are in input order; a wrong one ends the comparison with an error. Times include starting
//! and ending the workers, but not making the runtime or the threads. `ns/hop` is the time on the wall, divided by the
//! number of items and the number of stages.
//!
//! # Allocations
//! An allocator that counts needs `unsafe`, which is forbidden here, so it comes from the crate `stats_alloc`. It has
//! no switch, and its atomic counters would slow down whoever allocates much. So the program that is timed has the
//! system's allocator, and the same code with the counting one is a program of its own, `versus_counting`, which
//! `versus` lets cargo build when it needs it (a matter of linking). Each implementation runs once in it, with some
//! items and with twice as many; the difference, divided by the number of items, is what an item costs.
//!
//! # Arithmetic
//! How many steps a microsecond has is found out once, by the parent, and told to the children, so that all of them do
//! the same work.

mod check;
mod child;
mod fan;
mod implementation;
mod latency;
mod measure;
mod observed;
mod ours;
mod parent;
mod peers;
mod report;
mod work;
mod workload;

use std::process::ExitCode;

use clap::Parser;
use measure::{Count, Failure};
use workload::{Shape, Workload};

/// Compares antflow with other ways to run the same stages.
#[derive(Debug, Parser)]
#[command(name = "versus")]
struct Arguments {
    /// What is run: hop, hop-wide, yield, cpu-1us, cpu-10us, io (io-wide and io-stages), latency, fan.
    #[arg(long, required_unless_present = "child")]
    workload: Option<String>,
    /// Prints one JSON object per line instead of a table.
    #[arg(long)]
    json: bool,
    /// How often each implementation runs.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// The implementations, by name, with commas between them; all that can do it if left out.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// What watches antflow: none, tracker, tracker-last, tracker-off, callbacks, callbacks-owned, events, metrics, all; several with commas between.
    #[arg(long, value_delimiter = ',', default_value = "none")]
    observe: Vec<String>,
    /// How many items; a number that suits the workload if left out.
    #[arg(long, value_parser = clap::value_parser!(u32).range(20..))]
    items: Option<u32>,
    /// What a child process is told to do.
    #[arg(long, hide = true)]
    child: Option<String>,
}

/// Runs the program; with `count`, one that counts allocations.
pub fn main(count: Option<fn() -> usize>) -> ExitCode {
    match act(&Arguments::parse(), count) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn act(arguments: &Arguments, count: Option<Count>) -> Result<(), Failure> {
    if let Some(order) = &arguments.child {
        let sample = child::obey(&serde_json::from_str(order)?, count)?;
        println!("{}", serde_json::to_string(&sample)?);
        return Ok(());
    }
    let name = arguments.workload.as_deref().unwrap_or_default();
    // Both shapes of `io` are looked at before the first one runs.
    let plan = Workload::parse(name)?
        .into_iter()
        .map(|workload| {
            Ok((
                workload,
                implementation::select(workload, &arguments.only, &arguments.observe)?,
            ))
        })
        .collect::<Result<Vec<_>, String>>()?;
    for (workload, implementations) in plan {
        let shape = shape(workload, arguments.items)?;
        let rounds = usize::from(arguments.rounds);
        let rows = parent::compare(workload, &implementations, shape.items, rounds)?;
        if arguments.json {
            for row in &rows {
                println!("{}", row.json(workload, shape));
            }
        } else {
            println!("{}", report::table(workload, shape, &rows));
        }
    }
    Ok(())
}

fn shape(workload: Workload, items: Option<u32>) -> Result<Shape, Failure> {
    let shape = workload.shape();
    let items = items.map_or(shape.items, |items| items as usize);
    if workload == Workload::Fan && items != shape.workers {
        return Err(format!("`fan` has one item per worker, {}", shape.workers).into());
    }
    Ok(Shape { items, ..shape })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_as_described() {
        let arguments = [
            "versus",
            "--workload",
            "hop",
            "--json",
            "--rounds",
            "3",
            "--only",
            "a,b",
            "--items",
            "40",
        ];
        let arguments = Arguments::try_parse_from(arguments).unwrap();
        assert_eq!(arguments.workload.as_deref(), Some("hop"));
        assert!(arguments.json);
        assert_eq!(arguments.only, ["a", "b"]);
        assert_eq!((arguments.rounds, arguments.items), (3, Some(40)));
    }

    #[test]
    fn a_workload_is_required() {
        assert!(Arguments::try_parse_from(["versus"]).is_err());
        assert!(Arguments::try_parse_from(["versus", "--child", "{}"]).is_ok());
    }

    #[test]
    fn fan_has_one_item_per_worker() {
        assert!(shape(Workload::Fan, Some(20)).is_err());
        assert!(shape(Workload::Fan, None).is_ok());
    }
}
