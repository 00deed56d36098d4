//! How are results taken as they come, in any order or in that of feeding, and no more than are wanted?

use std::time::Duration;

use antflow::{BoxError, pipeline, stage};

/// The larger, the longer.
#[stage(workers = 3)]
async fn nap(tens: u64) -> Result<u64, String> {
    if tens == 5 {
        return Err("who can sleep that long".to_owned());
    }
    tokio::time::sleep(Duration::from_millis(10 * tens)).await;
    Ok(tens)
}

// One thread, so that all sleep begins before any ends.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let naps = pipeline!(nap);

    let mut results = naps.stream([9, 1, 5])?;
    while let Some(result) = results.next().await {
        match result.value {
            Ok(tens) => println!("as they are done: {tens}"),
            Err(error) => println!("as they are done: {error}"),
        }
    }

    let mut results = naps.stream([9, 1])?.ordered();
    while let Some(result) = results.next().await {
        println!("in order: {}", result.value?);
    }

    // Without end. What is on its way when the stream is dropped is cancelled.
    let mut results = naps.stream(std::iter::repeat(1))?.window(4);
    let mut sum = 0;
    for _ in 0..10 {
        if let Some(result) = results.next().await {
            sum += result.value?;
        }
    }
    drop(results);
    println!("ten of them: {sum}");
    Ok(())
}
