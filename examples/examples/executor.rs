//! Tasks without a pipeline: submitted one by one, made again when they fail, awaited in whatever way suits.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use antflow::executor::{TaskError, WaitFor, as_completed, wait};
use antflow::{BoxError, Executor};
use tokio::sync::Semaphore;

#[derive(Debug, thiserror::Error)]
enum StationError {
    #[error("the station is busy")]
    Busy,
    #[error("there is no station in {0}")]
    Unknown(&'static str),
}

/// Asks a weather station; some take longer than others.
async fn temperature(city: &'static str) -> Result<String, StationError> {
    let (millis, degrees) = match city {
        "Oslo" => (0, -4),
        "Lima" => (50, 19),
        _ => return Err(StationError::Unknown(city)),
    };
    tokio::time::sleep(Duration::from_millis(millis)).await;
    Ok(format!("{city}: {degrees} degrees"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    // Two tasks at once; the others queue up.
    let executor = Executor::new(2)?;

    // Results as they come, whatever became of each task.
    let mut asked = Vec::new();
    for city in ["Lima", "Oslo", "Atlantis"] {
        asked.push(executor.submit(move || temperature(city))?);
    }
    let mut answers = as_completed(asked);
    while let Some(answer) = answers.next().await {
        match answer.result {
            Ok(line) => println!("{line}"),
            // The error is the one that the task returned, with its type.
            Err(TaskError::Failed(StationError::Unknown(city))) => {
                println!("{city}: not on the map");
            }
            Err(error) => println!("{error}"),
        }
    }

    // All values in the order of the items. One call at a time for all who share the limit; a call that fails is
    // made again after 10 ms, and after 20 ms.
    let one_at_a_time = Arc::new(Semaphore::new(1));
    let careful = executor.limit(&one_at_a_time).retries(2);
    let busy = AtomicBool::new(true);
    let lines = careful
        .retry_delay(Duration::from_millis(10))
        .map(["Oslo", "Lima"], move |city| {
            let busy = busy.swap(false, Ordering::Relaxed);
            async move {
                if busy {
                    Err(StationError::Busy)
                } else {
                    temperature(city).await
                }
            }
        });
    println!("{}", lines.await?.join(", "));

    // The first of several is enough, and no more than a second.
    let stuck = executor.submit(|| async {
        pending::<()>().await;
        temperature("Lima").await
    })?;
    let quick = executor.submit(|| temperature("Oslo"))?;
    let waited = wait([stuck, quick], WaitFor::First)
        .timeout(Duration::from_secs(1))
        .await?;
    println!(
        "done: {}, pending: {}",
        waited.done.len(),
        waited.pending.len()
    );
    for stuck in waited.pending {
        stuck.cancel();
        if let Err(error) = stuck.await {
            println!("{error}");
        }
    }

    // Waits for everything that was submitted. A task that comes later is given back.
    executor.shutdown().await;
    if let Err(rejected) = executor.submit(|| temperature("Oslo")) {
        println!("{rejected}");
    }
    Ok(())
}
