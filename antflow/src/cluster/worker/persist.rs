use super::control::Control;
use super::shared::Shared;
use crate::cluster::handler::pauses;
use crate::cluster::store::{StoreError, StoreFuture};

/// Why the store did not do something, in the end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The lease is held no more, or the time is over in which asking again made sense.
    Lost,
    /// It refuses it, however often it is asked.
    Refused(StoreError),
}

/// Asks the store, and asks again while it is not available, until `given_up`.
pub(super) async fn persist<'s, T>(
    shared: &'s Shared,
    control: &Control,
    doing: &str,
    given_up: impl Future<Output = ()>,
    mut ask: impl FnMut() -> StoreFuture<'s, T>,
) -> Result<T, Stop> {
    let tries = async {
        for pause in pauses() {
            match ask().await {
                Ok(done) => return Ok(done),
                Err(error) if error.is_transient() => {
                    shared.store_error(doing, &error);
                    tokio::time::sleep(pause).await;
                }
                Err(error @ (StoreError::Fenced { .. } | StoreError::NotFound { .. })) => {
                    shared.store_error(doing, &error);
                    control.lose("the lease is held no more: the node was taken over or is gone");
                    return Err(Stop::Lost);
                }
                Err(error) => {
                    shared.store_error(doing, &error);
                    return Err(Stop::Refused(error));
                }
            }
        }
        Err(Stop::Lost)
    };
    tokio::select! {
        biased;
        result = tries => result,
        () = given_up => Err(Stop::Lost),
    }
}
