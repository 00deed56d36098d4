use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_util::FutureExt;
use tokio::runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Pipeline;
use super::chain::Launch;
use super::error::StartError;
use super::feed::Windowed;
use super::handle::Handle;
use super::registry::Registry;
use super::watching::Watching;
use crate::dashboard::Dashboard;
#[cfg(feature = "terminal")]
use crate::dashboard::terminal::{Detail, TerminalDashboard};
use crate::engine::Collect;
use crate::engine::core::Core;
use crate::engine::outlet::Outlet;
use crate::event::Observer;
use crate::item::{IntoItem, PipelineResult};
use crate::stats::RunView;

/// The results of a run, while it feeds itself; made by [`Pipeline::stream`]. It starts when it is first polled.
///
/// Every item that is fed gives one result. Dropped, the run is cut off: what was fed and not given out is cancelled.
#[must_use = "streams do nothing unless polled"]
pub struct ResultStream<Out: Send + 'static> {
    options: Options,
    phase: Phase<Out>,
}

struct Options {
    ordered: bool,
    window: usize,
    cancel_on: CancellationToken,
    watching: Watching,
}

enum Phase<Out: Send + 'static> {
    Waiting(Starter<Out>),
    Running(Running<Out>),
    Ended,
}

type Starter<Out> = Box<dyn FnOnce(&mut Options) -> Running<Out> + Send>;

struct Running<Out: Send + 'static> {
    registry: Arc<Registry>,
    core: Arc<Core<Out>>,
    permits: Arc<Semaphore>,
    /// How many results were given out.
    given: u64,
    driver: JoinHandle<()>,
}

impl<Out: Send + 'static> Running<Out> {
    /// Counts a result out, and lets another item in unless what the tasks have fed takes its place.
    fn give(&mut self, window: usize) {
        self.given += 1;
        let ahead = self.registry.shared.submitted().saturating_sub(self.given);
        if self.permits.available_permits() as u64 + ahead < window as u64 {
            self.permits.add_permits(1);
        }
    }
}

impl<Out: Send + 'static> ResultStream<Out> {
    pub(super) fn start<C, St, I>(pipeline: &Pipeline<C, St>, items: I) -> Result<Self, StartError>
    where
        C: Launch<St, Output = Out>,
        St: Send + Sync + 'static,
        I: Stream<Item: IntoItem<C::Input>> + Send + 'static,
    {
        let runtime = runtime::Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        pipeline.validate()?;
        let window = pipeline
            .descriptions()
            .iter()
            .fold(0, |sum: usize, stage| sum.saturating_add(stage.room()));
        let pipeline = pipeline.clone();
        let start = move |options: &mut Options| {
            let _entered = runtime.enter();
            let outlet = if options.ordered {
                Outlet::collecting(Collect::All)
            } else {
                Outlet::completing()
            };
            let run = std::mem::take(&mut options.watching)
                .start(pipeline, outlet, items.size_hint())
                .expect("the configuration was validated");
            let permits = Arc::new(Semaphore::new(options.window.min(Semaphore::MAX_PERMITS)));
            let items = Windowed::new(items, Arc::clone(&permits));
            Running {
                registry: Arc::clone(&run.registry),
                core: Arc::clone(&run.core),
                permits,
                given: 0,
                driver: runtime.spawn(drive(run, items, options.cancel_on.clone())),
            }
        };
        Ok(Self {
            options: Options {
                ordered: false,
                window,
                cancel_on: CancellationToken::new(),
                watching: Watching::default(),
            },
            phase: Phase::Waiting(Box::new(start)),
        })
    }

    /// The next result; none after the last one.
    ///
    /// # Panics
    /// At the end of the stream, if the iterator that fed it panicked.
    ///
    /// # Cancel safety
    /// Dropped, it has taken nothing.
    pub async fn next(&mut self) -> Option<PipelineResult<Out>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Gives the results in the order in which the items were fed. Without effect once it was polled.
    pub fn ordered(mut self) -> Self {
        self.options.ordered = true;
        self
    }

    /// Sets how many items may be fed and not given out as results: at least 1. Without effect once it was polled.
    ///
    /// The default is what fits into the queues and the hands of the workers. Where it is smaller than a batch, batches
    /// are not made up before they have waited for as long as they may.
    pub fn window(mut self, items: usize) -> Self {
        self.options.window = items.max(1);
        self
    }

    /// Shuts the run down when the token is cancelled: the stream ends after the results of what was fed, which are
    /// cancelled where they were not done. Without effect once it was polled.
    pub fn cancel_on(mut self, token: CancellationToken) -> Self {
        self.options.cancel_on = token;
        self
    }

    /// Adds an observer for this run alone. Without effect once it was polled.
    pub fn observe(mut self, observer: impl Observer) -> Self {
        self.options.watching.add_observer(observer);
        self
    }

    /// Calls this with a view of the run when it has been started. Without effect once it was polled.
    pub fn on_start(mut self, call: impl FnOnce(RunView) + Send + 'static) -> Self {
        self.options.watching.add_start(call);
        self
    }

    /// Shows the run on a dashboard, from its start to its end. Of several, each shows it. Without effect once it was
    /// polled.
    pub fn custom_dashboard(mut self, dashboard: impl Dashboard) -> Self {
        self.options.watching.add_dashboard(dashboard);
        self
    }

    /// Shows in the terminal how far the run has come, in one line; see [`terminal`](crate::terminal). Without effect once
    /// it was polled.
    #[cfg(feature = "terminal")]
    pub fn progress(mut self) -> Self {
        self.options.watching.terminal = Some(TerminalDashboard::progress());
        self
    }

    /// Shows the run in the terminal, in this detail; see [`terminal`](crate::terminal). Of this and
    /// [`progress`](Self::progress) the last one counts. Without effect once it was polled.
    #[cfg(feature = "terminal")]
    pub fn dashboard(mut self, detail: Detail) -> Self {
        self.options.watching.terminal = Some(TerminalDashboard::new(detail));
        self
    }

    /// Sets how often dashboards are updated: every half second by default. Without effect once it was polled.
    pub fn update_every(mut self, interval: Duration) -> Self {
        self.options.watching.update_every = interval;
        self
    }
}

/// Feeds a run and ends it.
async fn drive<In, Out, I>(run: Handle<In, Out>, items: I, cancel_on: CancellationToken)
where
    In: Send + 'static,
    Out: Send + 'static,
    I: Stream<Item: IntoItem<In>> + Send,
{
    let feed = AssertUnwindSafe(run.feed_stream(items)).catch_unwind();
    let whole = async {
        let fed = feed.await;
        run.finish().await;
        fed
    };
    let fed = cancel_on.run_until_cancelled(whole).await;
    if fed.is_none() {
        run.cut_off().await;
    }
    if let Some(Err(panic)) = fed {
        resume_unwind(panic);
    }
}

impl<Out: Send + 'static> Stream for ResultStream<Out> {
    type Item = PipelineResult<Out>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            match &mut this.phase {
                Phase::Running(running) => {
                    if let Some(result) = ready!(running.core.outlet.poll_next(cx)) {
                        running.give(this.options.window);
                        return Poll::Ready(Some(result));
                    }
                    let ended = ready!(running.driver.poll_unpin(cx));
                    this.phase = Phase::Ended;
                    if let Err(error) = ended
                        && let Ok(panic) = error.try_into_panic()
                    {
                        resume_unwind(panic);
                    }
                }
                Phase::Ended => return Poll::Ready(None),
                Phase::Waiting(_) => {
                    if let Phase::Waiting(start) = std::mem::replace(&mut this.phase, Phase::Ended)
                    {
                        this.phase = Phase::Running(start(&mut this.options));
                    }
                }
            }
        }
    }
}

impl<Out: Send + 'static> Drop for ResultStream<Out> {
    fn drop(&mut self) {
        if let Phase::Running(running) = &self.phase {
            running.registry.abort();
            running.driver.abort();
        }
    }
}

impl<Out: Send + 'static> fmt::Debug for ResultStream<Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultStream")
            .field("ordered", &self.options.ordered)
            .field("window", &self.options.window)
            .finish_non_exhaustive()
    }
}
