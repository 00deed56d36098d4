use std::fmt;
use std::future::IntoFuture;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Pipeline;
use super::chain::Launch;
use super::error::StartError;
use super::watching::Watching;
use crate::dashboard::Dashboard;
#[cfg(feature = "terminal")]
use crate::dashboard::terminal::{Detail, TerminalDashboard};
use crate::engine::outlet::Outlet;
use crate::event::Observer;
use crate::item::{IntoItem, PipelineResult};
use crate::stats::RunView;

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
pub struct Run<Out> {
    /// Knows the pipeline and the items, whose types are of no concern to whoever awaits the run.
    start: Box<dyn FnOnce(Options) -> Finished<Out> + Send>,
    options: Options,
}

#[derive(Default)]
struct Options {
    cancel_on: Option<CancellationToken>,
    watching: Watching,
}

type Finished<Out> = Pin<Box<dyn Future<Output = Results<Out>> + Send>>;
type Results<Out> = Result<Vec<PipelineResult<Out>>, StartError>;

impl<Out: Send + 'static> Run<Out> {
    pub(super) fn new<C, St, I>(pipeline: Pipeline<C, St>, items: I) -> Self
    where
        C: Launch<St, Output = Out>,
        St: Send + Sync + 'static,
        I: Iterator<Item: IntoItem<C::Input>> + Send + 'static,
    {
        let start = |options| -> Finished<Out> { Box::pin(run(pipeline, items, options)) };
        Self {
            start: Box::new(start),
            options: Options::default(),
        }
    }

    /// Shuts the run down when the token is cancelled: the items that were taken from the iterator and are not
    /// done end cancelled, and those that were not taken have no result.
    pub fn cancel_on(mut self, token: CancellationToken) -> Self {
        self.options.cancel_on = Some(token);
        self
    }

    /// Adds an observer for this run alone.
    pub fn observe(mut self, observer: impl Observer) -> Self {
        self.options.watching.add_observer(observer);
        self
    }

    /// Calls this with a view of the run when it has been started: to poll it while it goes on, and to ask it afterwards.
    ///
    /// ```
    /// use std::sync::{Arc, OnceLock};
    /// use antflow::{pipeline, stage};
    ///
    /// #[stage]
    /// async fn double(x: u32) -> u32 {
    ///     x * 2
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antflow::StartError> {
    /// let view = Arc::new(OnceLock::new());
    /// let seen = Arc::clone(&view);
    /// pipeline!(double).run(0..10).on_start(move |run| drop(seen.set(run))).await?;
    /// assert_eq!(view.get().map(|run| run.stats().items_processed), Some(10));
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_start(mut self, call: impl FnOnce(RunView) + Send + 'static) -> Self {
        self.options.watching.add_start(call);
        self
    }

    /// Shows the run on a dashboard, from its start to its end. Of several, each shows it.
    pub fn custom_dashboard(mut self, dashboard: impl Dashboard) -> Self {
        self.options.watching.add_dashboard(dashboard);
        self
    }

    /// Shows in the terminal how far the run has come, in one line; see [`terminal`](crate::terminal).
    ///
    /// ```
    /// use antflow::{pipeline, stage};
    ///
    /// #[stage]
    /// async fn double(x: u32) -> u32 {
    ///     x * 2
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antflow::StartError> {
    /// let results = pipeline!(double).run(0..10).progress().await?;
    /// assert_eq!(results.len(), 10);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "terminal")]
    pub fn progress(mut self) -> Self {
        self.options.watching.terminal = Some(TerminalDashboard::progress());
        self
    }

    /// Shows the run in the terminal, in this detail; see [`terminal`](crate::terminal). Of this and
    /// [`progress`](Self::progress) the last one counts.
    ///
    /// ```
    /// use antflow::{Detail, pipeline, stage};
    ///
    /// #[stage]
    /// async fn double(x: u32) -> u32 {
    ///     x * 2
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antflow::StartError> {
    /// let results = pipeline!(double).run(0..10).dashboard(Detail::Detailed).await?;
    /// assert_eq!(results.len(), 10);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "terminal")]
    pub fn dashboard(mut self, detail: Detail) -> Self {
        self.options.watching.terminal = Some(TerminalDashboard::new(detail));
        self
    }

    /// Sets how often dashboards are updated: every half second by default. 0.1 to 1 second is what people like to see.
    pub fn update_every(mut self, interval: Duration) -> Self {
        self.options.watching.update_every = interval;
        self
    }
}

async fn run<C, St, I>(pipeline: Pipeline<C, St>, items: I, options: Options) -> Results<C::Output>
where
    C: Launch<St>,
    St: Send + Sync + 'static,
    I: Iterator<Item: IntoItem<C::Input>> + Send + 'static,
{
    let outlet = Outlet::collecting(pipeline.collect);
    let run = options
        .watching
        .start(pipeline, outlet, items.size_hint())?;
    run.feed_lazily(items);
    let results = match options.cancel_on {
        None => run.join().await,
        Some(token) => match token.run_until_cancelled(run.join()).await {
            Some(results) => results,
            None => run.shutdown().await,
        },
    };
    match run.core.shared.take_source_panic() {
        Some(panic) => resume_unwind(panic),
        None => Ok(results),
    }
}

impl<Out: Send + 'static> IntoFuture for Run<Out> {
    type Output = Results<Out>;
    type IntoFuture = Finished<Out>;

    fn into_future(self) -> Self::IntoFuture {
        (self.start)(self.options)
    }
}

impl<Out> fmt::Debug for Run<Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").finish_non_exhaustive()
    }
}
