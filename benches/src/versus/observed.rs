//! The pipeline of antflow, while somebody watches.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use antflow::event::{Callbacks, Observer, StatusEvent, TaskEvent};
use antflow::{History, StatusTracker};
use antflow_metrics::Exporter;
use crossbeam_utils::CachePadded;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::measure::Failure;
use super::ours::{Length, Results};
use super::work::Work;
use super::workload::Shape;

/// With an observer that counts all events.
pub(crate) async fn counted<L: Length, W: Work>(shape: Shape, work: W) -> Result<Results, Failure> {
    let counter = Arc::new(Counts::default());
    let pipeline = L::pipeline(shape, work).observe(Counter(Arc::clone(&counter)));
    let results = pipeline.run(0..shape.items as u64).await?;
    counter.check(shape)?;
    Ok(results)
}

/// With callbacks that look at all events where they happen, and count them.
pub(crate) async fn called<L: Length, W: Work>(shape: Shape, work: W) -> Result<Results, Failure> {
    let counter = Arc::new(Counts::default());
    let (status, tasks) = (Arc::clone(&counter), Arc::clone(&counter));
    let callbacks = Callbacks::new()
        .on_status_change(move |_: &StatusEvent| status.count_status())
        .on_task_event(move |_: &TaskEvent| tasks.count_task());
    let pipeline = L::pipeline(shape, work).observe(callbacks);
    let results = pipeline.run(0..shape.items as u64).await?;
    counter.check(shape)?;
    Ok(results)
}

/// With callbacks that get all events, one after the other, and count them.
pub(crate) async fn called_in_turn<L: Length, W: Work>(
    shape: Shape,
    work: W,
) -> Result<Results, Failure> {
    let counter = Arc::new(Counts::default());
    let (status, tasks) = (Arc::clone(&counter), Arc::clone(&counter));
    let callbacks = Callbacks::new()
        .on_status_change(move |_: StatusEvent| status.count_status())
        .on_task_event(move |_: TaskEvent| tasks.count_task());
    let pipeline = L::pipeline(shape, work).observe(callbacks);
    let results = pipeline.run(0..shape.items as u64).await?;
    counter.check(shape)?;
    Ok(results)
}

/// With a tracker that calls nobody.
pub(crate) async fn tracked<L: Length, W: Work>(
    shape: Shape,
    work: W,
    history: History,
) -> Result<Results, Failure> {
    let tracker = StatusTracker::new().with_history(history);
    let pipeline = L::pipeline(shape, work).observe(tracker.clone());
    let results = pipeline.run(0..shape.items as u64).await?;
    check_tracker(&tracker, shape, history)?;
    Ok(results)
}

/// With metrics that are scraped over HTTP while the run goes on.
pub(crate) async fn measured<L: Length, W: Work>(
    shape: Shape,
    work: W,
) -> Result<Results, Failure> {
    let exporter = scraped_exporter().await?;
    let pipeline = L::pipeline(shape, work).observe(exporter.pipeline("versus"));
    let results = pipeline.run(0..shape.items as u64).await?;
    check_metrics(&exporter, shape)?;
    Ok(results)
}

/// With all of it: a tracker of all histories, its callbacks for statuses and for each kind of task event, and metrics
/// that are scraped.
pub(crate) async fn watched<L: Length, W: Work>(shape: Shape, work: W) -> Result<Results, Failure> {
    let exporter = scraped_exporter().await?;
    let counter = Arc::new(Counts::default());
    let status = Arc::clone(&counter);
    let task = || {
        let counter = Arc::clone(&counter);
        move |_: &TaskEvent| counter.count_task()
    };
    let tracker = StatusTracker::new()
        .on_status_change(move |_: &StatusEvent| status.count_status())
        .on_task_start(task())
        .on_task_complete(task())
        .on_task_retry(task())
        .on_task_fail(task());
    let pipeline = L::pipeline(shape, work)
        .observe(tracker.clone())
        .observe(exporter.pipeline("versus"));
    let results = pipeline.run(0..shape.items as u64).await?;
    counter.check(shape)?;
    check_tracker(&tracker, shape, History::Full)?;
    check_metrics(&exporter, shape)?;
    Ok(results)
}

/// An exporter that is scraped again and again, as long as it is there.
async fn scraped_exporter() -> Result<Exporter, Failure> {
    let exporter = Exporter::builder()
        .listen(([127, 0, 0, 1], 0))
        .start()
        .await?;
    let addr = exporter
        .local_addr()
        .ok_or("the exporter does not listen")?;
    tokio::spawn(async move {
        while scrape(addr).await.is_ok() {
            tokio::time::sleep(BETWEEN_SCRAPES).await;
        }
    });
    Ok(exporter)
}

/// More often than Prometheus does, as a run may take less than a tenth of a second.
const BETWEEN_SCRAPES: Duration = Duration::from_millis(20);

async fn scrape(addr: SocketAddr) -> io::Result<usize> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await
}

fn check_metrics(exporter: &Exporter, shape: Shape) -> Result<(), Failure> {
    let items = shape.items;
    let completed =
        format!("antflow_items_total{{pipeline=\"versus\",outcome=\"completed\"}} {items}\n");
    let text = exporter.render();
    let attempts = text
        .lines()
        .filter(|line| line.starts_with("antflow_task_duration_seconds_count"))
        .filter(|line| line.ends_with(&format!(" {items}")));
    if text.contains(&completed) && attempts.count() == shape.stages {
        Ok(())
    } else {
        Err(format!("the metrics do not say that {items} items were completed: {text}").into())
    }
}

fn check_tracker(tracker: &StatusTracker, shape: Shape, history: History) -> Result<(), Failure> {
    let completed = tracker.stats().completed;
    // The last item is kept in any case; queued, in progress, completed in each stage.
    let events = tracker.history(shape.items as u64 - 1).len();
    let expected = if history == History::Off {
        0
    } else {
        3 * shape.stages
    };
    let first = tracker.history(0).len();
    let first_is_there = (history == History::Full) == (first == 3 * shape.stages);
    if (completed, events) == (shape.items as u64, expected) && first_is_there {
        Ok(())
    } else {
        Err(format!("the tracker has {completed} items, {first} and {events} events").into())
    }
}

/// Counters of which each thread has its own, as what is measured is not how threads share one.
#[derive(Debug, Default)]
struct Counts {
    threads: [CachePadded<Count>; 8],
}

#[derive(Debug, Default)]
struct Count {
    status: AtomicU64,
    tasks: AtomicU64,
}

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}

impl Counts {
    fn of_thread(&self) -> &Count {
        &self.threads[THREAD.with(|thread| thread % self.threads.len())]
    }

    fn count_status(&self) {
        self.of_thread().status.fetch_add(1, Ordering::Relaxed);
    }

    fn count_task(&self) {
        self.of_thread().tasks.fetch_add(1, Ordering::Relaxed);
    }

    fn sum(&self, count: impl Fn(&Count) -> &AtomicU64) -> u64 {
        let counts = self.threads.iter().map(|thread| count(thread));
        counts.map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Whether there was an event for each step: queued, in progress, completed; start and end.
    fn check(&self, shape: Shape) -> Result<(), Failure> {
        let hops = (shape.items * shape.stages) as u64;
        let (status, tasks) = (
            self.sum(|count| &count.status),
            self.sum(|count| &count.tasks),
        );
        if (status, tasks) == (3 * hops, 2 * hops) {
            Ok(())
        } else {
            Err(format!("{hops} hops made {status} status events and {tasks} task events").into())
        }
    }
}

struct Counter(Arc<Counts>);

impl Observer for Counter {
    fn on_status(&self, _: &StatusEvent) {
        self.0.count_status();
    }

    fn on_task(&self, _: &TaskEvent) {
        self.0.count_task();
    }
}
