//! Retries: which errors are worth another attempt, and what is left when there is none.

use std::time::Duration;

use antflow::{BoxError, ItemError, ItemErrorKind, TaskContext, pipeline, stage};

#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error("the service is busy")]
    Busy,
    #[error("there is no such city")]
    Unknown,
}

/// Asks a service that is not always well.
///
/// Three attempts, 10 ms and then 20 ms apart, each of them no longer than 100 ms. Whether an error is worth another
/// attempt is for `is_temporary` to say.
#[stage(
    workers = 5,
    retry = "per_task",
    attempts = 3,
    wait = "10ms",
    backoff = "exponential",
    retry_if = is_temporary,
    timeout = "100ms"
)]
async fn temperature(city: &'static str, cx: &TaskContext) -> Result<i32, CallError> {
    match (city, cx.attempt()) {
        ("Oslo", _) => Ok(-4),
        ("Lima", 1) | ("Cairo", _) => Err(CallError::Busy),
        ("Lima", _) => Ok(19),
        ("Quito", _) => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            Ok(12)
        }
        ("Mordor", _) => panic!("the thermometer has melted"),
        _ => Err(CallError::Unknown),
    }
}

fn is_temporary(error: &CallError) -> bool {
    matches!(error, CallError::Busy)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let cities = ["Oslo", "Lima", "Cairo", "Atlantis", "Quito", "Mordor"];
    let results = pipeline!(temperature).run(cities).await?;

    // One result for each item, in the order of the input, whatever became of it.
    for (city, result) in cities.iter().zip(results) {
        match &result.value {
            Ok(degrees) => println!("{city}: {degrees} degrees"),
            Err(error) => println!("{city}: {}, attempts: {}", reason(error), error.attempts()),
        }
    }
    Ok(())
}

fn reason(error: &ItemError) -> String {
    match error.kind() {
        ItemErrorKind::Failed(cause) => cause.to_string(),
        ItemErrorKind::TimedOut(limit) => format!("nothing within {limit:?}"),
        ItemErrorKind::Panicked(message) => message.clone(),
        _ => error.to_string(),
    }
}
