use crate::cluster::handler::pauses;
use crate::cluster::open::ClusterError;

/// Asks again as long as the store is not available.
pub(super) async fn persist<T, F>(ask: impl Fn() -> F) -> Result<T, ClusterError>
where
    F: Future<Output = Result<T, ClusterError>>,
{
    let mut pauses = pauses();
    loop {
        match (ask().await, pauses.next()) {
            (Err(error), Some(pause)) if error.is_transient() => tokio::time::sleep(pause).await,
            (result, _) => return result,
        }
    }
}
