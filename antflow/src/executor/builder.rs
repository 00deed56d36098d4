use std::sync::Arc;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::pool::Pool;
use super::{Executor, ExecutorError};

/// The options of an [`Executor`]; made by [`Executor::builder`].
///
/// ```
/// use antflow::{CancellationToken, Executor};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), antflow::executor::ExecutorError> {
/// let stop = CancellationToken::new();
/// let executor = Executor::builder().workers(8).cancel_on(stop).build()?;
/// assert_eq!(executor.workers(), 8);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    workers: usize,
    runtime: Option<Handle>,
    cancel_on: Option<CancellationToken>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            workers: 5,
            runtime: None,
            cancel_on: None,
        }
    }

    /// Sets how many tasks run at once; 5 if left out.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Sets the runtime on which the tasks run; the one that is running if left out.
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Cancels every task when the token is cancelled, as [`Executor::cancel_all`] does.
    pub fn cancel_on(mut self, token: CancellationToken) -> Self {
        self.cancel_on = Some(token);
        self
    }

    /// Makes the executor.
    ///
    /// # Errors
    /// [`ExecutorError::NoWorkers`] for 0 workers, [`ExecutorError::NoRuntime`] if no runtime was named and none is
    /// running here.
    pub fn build(self) -> Result<Executor, ExecutorError> {
        if self.workers == 0 {
            return Err(ExecutorError::NoWorkers);
        }
        let runtime = match self.runtime {
            Some(runtime) => runtime,
            None => Handle::try_current().map_err(|_| ExecutorError::NoRuntime)?,
        };
        let stop = self
            .cancel_on
            .map_or_else(CancellationToken::new, |token| token.child_token());
        Ok(Executor {
            pool: Arc::new(Pool::new(self.workers, runtime, stop)),
            limit: None,
        })
    }
}
