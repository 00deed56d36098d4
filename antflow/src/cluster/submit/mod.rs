//! Pipelines as runs of a cluster: the stages become roles, the items batches, the queues artifacts.
//!
//! ```
//! use antflow::cluster::Cluster;
//! use antflow::{pipeline, stage};
//!
//! #[stage(workers = 4, retry = "per_task", attempts = 3)]
//! async fn parse(text: String) -> Result<u32, std::num::ParseIntError> {
//!     text.parse()
//! }
//!
//! #[stage]
//! async fn double(number: u32) -> u32 {
//!     number * 2
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = std::env::temp_dir().join(format!("antflow-submit-{}", std::process::id()));
//! let cluster = Cluster::embedded(directory.join("cluster.db")).await?;
//! let etl = pipeline!(parse >> double);
//! let results = cluster.submit(&etl, ["1", "x", "3"].map(String::from)).id("numbers").await?;
//! assert_eq!(results[0].value.as_ref().ok(), Some(&2));
//! assert_eq!(results[1].error().map(|error| error.stage()), Some("Parse"));
//! assert_eq!(results[2].value.as_ref().ok(), Some(&6));
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok(())
//! # }
//! ```
//!
//! The pipeline is the same as on one machine: the same stages with their workers, retries, limits and hooks, one result
//! for each item, failures in place, and the same events for trackers, dashboards and metrics. What is different:
//!
//! - An item that has left a stage is stored, and does not go through it again, whatever is killed. One that was in a stage
//!   goes through it once more: stages run at least once for an item, and effects outside of the store need the item's id
//!   as idempotency key.
//! - A run that has an [id](Submission::id) is taken up where it was by submitting it again, with the same items in the
//!   same order, from another process too.
//! - This process works on the run, and on no other; so does every worker that has the roles, by
//!   [`WorkerBuilder::role`](super::worker::WorkerBuilder::role) or
//!   [`stages`](super::worker::WorkerBuilder::stages). Each stage is worked on by one process at a time, which has its
//!   whole pool of workers. With [`remote`](Submission::remote) this process only feeds and waits.
//! - Roles are named after stages, over all that a cluster does. A worker whose stage of that name takes or gives other
//!   types does not get the items: their fingerprints differ, of which workers and coordinators warn.
//! - Events come when an item has left a stage, with the times at which things happened. Items are fed to the store as
//!   fast as it takes them, which may be beyond memory.
//! - The pipeline is a line of stages, whose inputs and outputs are [`Stored`]. What a `filter`, a
//!   `flat_map`, a batch or branches do goes on within one node: make them the handler of a role.
//! - Priorities act among the items that a stage has in hand; they are handed in as they were fed.
//! - Tasks cannot feed the run by `feed_at`, and a dashboard's pause does nothing to workers elsewhere.
//! - Values are JSON on their way: `Some(())` and `Some(f64::NAN)` come back as `None`.

mod compare;
mod error;
mod feed;
mod follow;
mod job;
mod persist;
mod plan;
mod start;

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

pub use self::error::SubmitError;
use self::job::Job;
use super::RunKey;
use super::open::Cluster;
use super::staged::{Durable, Stored};
use super::worker::WorkerConfig;
use crate::dashboard::Dashboard;
#[cfg(feature = "terminal")]
use crate::dashboard::terminal::{Detail, TerminalDashboard};
use crate::event::Observer;
use crate::item::{IntoItem, PipelineResult};
use crate::pipeline::{Pipeline, Watching};
use crate::stats::RunView;

impl Cluster {
    /// Submits a pipeline with its items: awaited, it gives one result for each item, in input order, failures in place,
    /// as [`Pipeline::run`] does. See the [module](self) for what a cluster makes of it.
    ///
    /// An item is taken from the iterator when the store is about to get it, so the iterator may be longer than memory;
    /// the results are kept as [`Pipeline::collect`] says. Results that are too many to keep come from
    /// [`stream`](Submission::stream).
    ///
    /// # Errors
    /// A [`SubmitError`] if nothing could be started, if the store does not take it, if there is another run of this id, or
    /// if a node failed. What happens to an item is in its result.
    ///
    /// # Panics
    /// If the iterator does.
    ///
    /// # Cancel safety
    /// Dropped, the run stays in the store as it is, for other workers or to be submitted again under its id.
    pub fn submit<C, St, I>(&self, pipeline: &Pipeline<C, St>, items: I) -> Submission<C::Output>
    where
        C: Durable<St>,
        St: Send + Sync + 'static,
        I: IntoIterator<Item: IntoItem<C::Input>, IntoIter: Send + 'static>,
    {
        self.submit_from(pipeline, futures_util::stream::iter(items))
    }

    /// As [`submit`](Self::submit), with what an async stream gives.
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    pub fn submit_from<C, St, I>(
        &self,
        pipeline: &Pipeline<C, St>,
        items: I,
    ) -> Submission<C::Output>
    where
        C: Durable<St>,
        St: Send + Sync + 'static,
        I: Stream<Item: IntoItem<C::Input>> + Send + 'static,
    {
        let (cluster, pipeline) = (self.clone(), pipeline.clone());
        let start = move |options| -> Starting<C::Output> {
            Box::pin(start::start(cluster, pipeline, items, options))
        };
        Submission {
            start: Box::new(start),
            options: Options::default(),
        }
    }
}

/// A pipeline that is to be submitted, to be awaited; made by [`Cluster::submit`]. Nothing happens before that.
#[must_use = "a submission does nothing until it is awaited"]
pub struct Submission<Out: Send + 'static> {
    /// Knows the pipeline and the items, whose types are of no concern to whoever awaits the results.
    start: Box<dyn FnOnce(Options) -> Starting<Out> + Send>,
    options: Options,
}

type Starting<Out> = Pin<Box<dyn Future<Output = Result<Job<Out>, SubmitError>> + Send>>;
type Finished<Out> =
    Pin<Box<dyn Future<Output = Result<Vec<PipelineResult<Out>>, SubmitError>> + Send>>;

#[derive(Default)]
struct Options {
    id: Option<RunKey>,
    priority: Option<i32>,
    is_remote: bool,
    worker: Option<WorkerConfig>,
    streams: bool,
    cancel_on: CancellationToken,
    watching: Watching,
}

impl<Out: Stored> Submission<Out> {
    /// Sets the id of the run. Submitted again under it, with the same items in the same order, it goes on where it was.
    /// The default is a new one.
    pub fn id(mut self, id: impl Into<RunKey>) -> Self {
        self.options.id = Some(id.into());
        self
    }

    /// Sets the priority of the run among others: lower goes first. The default is 100.
    pub fn priority(mut self, priority: i32) -> Self {
        self.options.priority = Some(priority);
        self
    }

    /// Leaves all work to workers and coordinators elsewhere. By default this process takes part in it, as long as the
    /// submission is awaited.
    pub fn remote(mut self) -> Self {
        self.options.is_remote = true;
        self
    }

    /// Sets the configuration of the worker in this process. Its `worker_id` is named after the run unless it is set here,
    /// so that the work of one that was killed is taken up at once. Its `capacity` is how many stages it works on at the
    /// same time, by default all: with fewer, a stage waits for those in front of it to end.
    pub fn worker(mut self, config: WorkerConfig) -> Self {
        self.options.worker = Some(config);
        self
    }

    /// Cancels the run when the token is cancelled: what is not done then ends cancelled.
    pub fn cancel_on(mut self, token: CancellationToken) -> Self {
        self.options.cancel_on = token;
        self
    }

    /// Adds an observer for this run alone.
    pub fn observe(mut self, observer: impl Observer) -> Self {
        self.options.watching.add_observer(observer);
        self
    }

    /// Calls this with a view of the run when it has been submitted.
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
    #[cfg(feature = "terminal")]
    pub fn progress(mut self) -> Self {
        self.options.watching.terminal = Some(TerminalDashboard::progress());
        self
    }

    /// Shows the run in the terminal, in this detail; see [`terminal`](crate::terminal). Of this and
    /// [`progress`](Self::progress) the last one counts.
    #[cfg(feature = "terminal")]
    pub fn dashboard(mut self, detail: Detail) -> Self {
        self.options.watching.terminal = Some(TerminalDashboard::new(detail));
        self
    }

    /// Sets how often dashboards are updated: every half second by default.
    pub fn update_every(mut self, interval: Duration) -> Self {
        self.options.watching.update_every = interval;
        self
    }

    /// Submits the pipeline, and gives the results as they come: in the order in which items end. Memory does not grow with
    /// the number of items. The results come with the pace of whoever takes them; the work does not wait for it.
    ///
    /// An error is the last that comes.
    ///
    /// ```
    /// use antflow::cluster::Cluster;
    /// use antflow::{pipeline, stage};
    /// use futures_util::StreamExt;
    ///
    /// #[stage]
    /// async fn double(number: u32) -> u32 {
    ///     number * 2
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::in_memory()?;
    /// let mut results = std::pin::pin!(cluster.submit(&pipeline!(double), 0..100).stream());
    /// let mut sum = 0;
    /// while let Some(result) = results.next().await {
    ///     sum += result?.value?;
    /// }
    /// assert_eq!(sum, 9900);
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(mut self) -> impl Stream<Item = Result<PipelineResult<Out>, SubmitError>> + Send {
        self.options.streams = true;
        let state = State::Waiting(Box::new(self));
        let pages = futures_util::stream::unfold(state, page);
        pages.flat_map(futures_util::stream::iter)
    }
}

/// How far a stream has come.
enum State<Out: Send + 'static> {
    Waiting(Box<Submission<Out>>),
    Going(Box<Job<Out>>),
    Ended,
}

type Page<Out> = Vec<Result<PipelineResult<Out>, SubmitError>>;

/// The next results, and how far the stream has come by them.
async fn page<Out: Stored>(state: State<Out>) -> Option<(Page<Out>, State<Out>)> {
    let started = match state {
        State::Waiting(waiting) => {
            let Submission { start, options } = *waiting;
            start(options).await.map(Box::new)
        }
        State::Going(job) => Ok(job),
        State::Ended => return None,
    };
    let mut job = match started {
        Ok(job) => job,
        Err(error) => return Some((vec![Err(error)], State::Ended)),
    };
    let step = job.step().await;
    let mut page: Page<Out> = job.take().into_iter().map(Ok).collect();
    let state = match step {
        Ok(true) => State::Going(job),
        Ok(false) => State::Ended,
        Err(error) => {
            page.push(Err(error));
            State::Ended
        }
    };
    Some((page, state))
}

impl<Out: Stored> IntoFuture for Submission<Out> {
    type Output = Result<Vec<PipelineResult<Out>>, SubmitError>;
    type IntoFuture = Finished<Out>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { start, options } = self;
        Box::pin(async move {
            let mut job = start(options).await?;
            while job.step().await? {}
            Ok(job.take())
        })
    }
}

impl<Out: Send + 'static> fmt::Debug for Submission<Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission")
            .field("id", &self.options.id)
            .finish_non_exhaustive()
    }
}
