use std::time::Duration;

use antflow::Executor;

use crate::results::Boom;

/// Ends with this after some time.
pub async fn after<T>(time: Duration, end: T) -> T {
    tokio::time::sleep(time).await;
    end
}

/// What a task returns that goes well.
///
/// # Errors
/// Never; it gives the task an error type.
pub fn fine<T>(value: T) -> Result<T, Boom> {
    Ok(value)
}

/// An executor with so many workers.
///
/// # Panics
/// For 0 workers, or outside of a runtime.
pub fn executor(workers: usize) -> Executor {
    Executor::new(workers).expect("there are workers and a runtime")
}
