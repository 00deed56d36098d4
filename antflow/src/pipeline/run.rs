use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;

use tokio_util::sync::CancellationToken;

use super::Pipeline;
use super::chain::{Chain, Launch};
use super::error::StartError;
use super::handle::Handle;
use crate::event::Observer;
use crate::item::{IntoItem, PipelineResult};

/// A run of a pipeline over its items, to be awaited; made by [`Pipeline::run`]. Nothing happens before that.
///
/// ```
/// use antflow::{CancellationToken, pipeline, stage};
///
/// #[stage]
/// async fn double(x: u32) -> u32 {
///     x * 2
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), antflow::StartError> {
/// let stop = CancellationToken::new();
/// let results = pipeline!(double).run(0..10).cancel_on(stop).await?;
/// assert_eq!(results.len(), 10);
/// # Ok(())
/// # }
/// ```
#[must_use = "a run does nothing until it is awaited"]
pub struct Run<C, St, I> {
    pipeline: Pipeline<C, St>,
    items: I,
    cancel_on: Option<CancellationToken>,
}

impl<C: Chain, St: Send + Sync + 'static, I> Run<C, St, I> {
    pub(super) fn new(pipeline: Pipeline<C, St>, items: I) -> Self {
        Self {
            pipeline,
            items,
            cancel_on: None,
        }
    }

    /// Shuts the run down when the token is cancelled: the items that were fed and are not done end cancelled, and
    /// items that were not fed have no result.
    pub fn cancel_on(mut self, token: CancellationToken) -> Self {
        self.cancel_on = Some(token);
        self
    }

    /// Adds an observer for this run alone.
    pub fn observe(mut self, observer: impl Observer) -> Self {
        self.pipeline = self.pipeline.observe(observer);
        self
    }
}

impl<C, St, I> IntoFuture for Run<C, St, I>
where
    C: Launch<St>,
    St: Send + Sync + 'static,
    I: IntoIterator<Item: IntoItem<C::Input>, IntoIter: Send + 'static>,
{
    type Output = Result<Vec<PipelineResult<C::Output>>, StartError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self {
            pipeline,
            items,
            cancel_on,
        } = self;
        let items = items.into_iter();
        Box::pin(async move {
            let run = Handle::start(&pipeline, true)?;
            let whole = async {
                // Refused only if the run was shut down, which the results show.
                let _ = run.feed(items).await;
                run.join().await
            };
            let Some(token) = cancel_on else {
                return Ok(whole.await);
            };
            let finished = token.run_until_cancelled(whole).await;
            match finished {
                Some(results) => Ok(results),
                None => Ok(run.shutdown().await),
            }
        })
    }
}

impl<C: Chain, St: Send + Sync + 'static, I> fmt::Debug for Run<C, St, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("pipeline", &self.pipeline)
            .finish_non_exhaustive()
    }
}
