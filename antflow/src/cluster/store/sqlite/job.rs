//! Operations that wait for their turn, and what they answer.

use tokio::sync::oneshot;

use super::fault::{Done, gone};
use super::tx::Tx;
use crate::cluster::store::StoreError;

/// An operation, whatever it gives.
pub(super) trait Job: Send {
    /// Carries it out. False: what it has written has to be undone.
    fn run(&mut self, tx: &Tx<'_>) -> bool;

    /// Tells the caller, after the transaction has ended: well, or with this error, which says why nothing was kept.
    fn answer(self: Box<Self>, ended: Result<(), StoreError>);

    /// Has the caller gone away? Then it need not be done.
    fn is_abandoned(&self) -> bool;
}

/// The answer to a job.
pub(super) struct Answer<T>(oneshot::Receiver<Result<T, StoreError>>);

impl<T> Answer<T> {
    pub(super) async fn get(self) -> Result<T, StoreError> {
        self.0.await.unwrap_or_else(|_| Err(gone()))
    }
}

struct Operation<T, F> {
    work: Option<F>,
    given: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

/// Makes a job of an operation.
pub(super) fn job<T, F>(work: F) -> (Box<dyn Job>, Answer<T>)
where
    T: Send + 'static,
    F: FnOnce(&Tx<'_>) -> Done<T> + Send + 'static,
{
    let (answer, receiver) = oneshot::channel();
    let job = Operation {
        work: Some(work),
        given: None,
        answer,
    };
    (Box::new(job), Answer(receiver))
}

impl<T, F> Job for Operation<T, F>
where
    T: Send,
    F: FnOnce(&Tx<'_>) -> Done<T> + Send,
{
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        let given = self
            .work
            .take()
            .map(|work| work(tx).map_err(StoreError::from));
        let is_well = matches!(given, Some(Ok(_)));
        self.given = given;
        is_well
    }

    fn answer(self: Box<Self>, ended: Result<(), StoreError>) {
        let answer = match (ended, self.given) {
            (Ok(()), Some(given)) => given,
            // It was refused before, and nothing of it was to be kept.
            (Err(_), Some(Err(refused))) => Err(refused),
            (Err(error), _) => Err(error),
            (Ok(()), None) => Err(gone()),
        };
        // Whoever asked may have gone away.
        drop(self.answer.send(answer));
    }

    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }
}
