use std::sync::Arc;

use tokio::sync::Semaphore;

use super::TaskError;
use super::submitted::Outcome;
use crate::stage::Retry;

/// A limit that attempts share, if there is one.
pub(super) type Limit = Option<Arc<Semaphore>>;

/// Makes one attempt, within the limit.
pub(super) async fn once<F, Fut, T, E>(limit: Limit, task: F) -> Outcome<T, E>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let _permit = match &limit {
        Some(limit) => Some(limit.acquire().await.map_err(|_| TaskError::Cancelled)?),
        None => None,
    };
    task().await.map_err(TaskError::Failed)
}

/// Makes attempts until one does not fail, or the last one has.
pub(super) async fn repeat<F, Fut, T, E>(limit: Limit, retry: Retry, mut task: F) -> Outcome<T, E>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    for attempt in 1..retry.max_attempts() {
        match once(limit.clone(), &mut task).await {
            // The error goes before the pause, and the permit went before that.
            Err(TaskError::Failed(_)) => {}
            ended => return ended,
        }
        tokio::time::sleep(retry.pause_after(attempt)).await;
    }
    once(limit, task).await
}
