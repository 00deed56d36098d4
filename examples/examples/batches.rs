//! How does one item become many, of which some are left out and the others are saved a hundred at a time?

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use antflow::{BoxError, PerItem, State, pipeline, stage};

#[stage(workers = 2)]
async fn read(file: &'static str) -> Vec<&'static str> {
    match file {
        "a.csv" => vec!["ant,6", "bee,6", "", "spider,8"],
        _ => vec!["crab,ten", "snail,0"],
    }
}

#[stage(workers = 2)]
async fn parse(line: &'static str) -> Result<(&'static str, u32), BoxError> {
    let (name, legs) = line.split_once(',').ok_or("a comma is missing")?;
    Ok((name, legs.parse()?))
}

/// Saves many rows with one call. A row that the database refuses fails for itself.
#[stage]
async fn save(
    rows: Vec<(&'static str, u32)>,
    State(calls): State<Arc<AtomicUsize>>,
) -> PerItem<usize> {
    calls.fetch_add(1, Ordering::Relaxed);
    let number = |(place, (name, legs)): (usize, (&str, u32))| match legs {
        0 => Err(format!("{name} has no legs")),
        _ => Ok(place),
    };
    rows.into_iter().enumerate().map(number).collect()
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let calls = Arc::new(AtomicUsize::new(0));
    let etl = pipeline!(
        read >> flat_map(|lines: Vec<&'static str>| lines
            .into_iter()
            .filter(|line| !line.is_empty()))
            >> parse
            >> batch(100, "1s")
            >> save
    );
    let results = etl
        .with_state(Arc::clone(&calls))
        .run(["a.csv", "b.csv"])
        .await?;
    for (file, result) in ["a.csv", "b.csv"].into_iter().zip(results) {
        let rows = result.value?;
        let saved = rows.iter().filter(|row| row.is_ok()).count();
        println!("{file}: {saved} of {} saved", rows.len());
        for error in rows.iter().filter_map(|row| row.as_ref().err()) {
            println!("  {error}");
        }
    }
    println!("calls: {}", calls.load(Ordering::Relaxed));
    Ok(())
}
