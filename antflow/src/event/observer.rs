use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{StatusEvent, TaskEvent};

/// Something an observer asks the engine to wait for.
pub type Pending<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Receives the events of the runs it was given to.
///
/// The methods are called where the event happens, by the worker that has the item, so they should be quick:
/// [`Callbacks`](super::Callbacks) takes async work off the worker. A panic is caught and counted
/// (`observer_panics` of the run's stats); the item does not notice.
///
/// The events of one item come in their order. Events of different items may come from several threads at once.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use antflow::event::{Observer, Status, StatusEvent};
///
/// #[derive(Default)]
/// struct Failures(AtomicU64);
///
/// impl Observer for Failures {
///     fn on_status(&self, event: &StatusEvent) {
///         if event.status == Status::Failed {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait Observer: Send + Sync + 'static {
    /// An item came to a new status.
    fn on_status(&self, event: &StatusEvent) {
        let _ = event;
    }

    /// An attempt of a task began or ended.
    fn on_task(&self, event: &TaskEvent) {
        let _ = event;
    }

    /// Whether `on_status` should be called; asked once, when a run starts.
    fn wants_status(&self) -> bool {
        true
    }

    /// Whether `on_task` should be called; asked once, when a run starts.
    fn wants_tasks(&self) -> bool {
        true
    }

    /// What to wait for before more items are taken up, if the observer cannot keep up.
    fn overload(&self) -> Option<Pending<'_>> {
        None
    }

    /// What to wait for at the end of a run, so that the events were dealt with when the run returns.
    fn flush(&self) -> Option<Pending<'_>> {
        None
    }
}

/// The observers of one run.
#[derive(Clone, Default)]
pub(crate) struct Observers {
    all: Vec<Arc<dyn Observer>>,
    status: Vec<Arc<dyn Observer>>,
    tasks: Vec<Arc<dyn Observer>>,
    panics: Arc<AtomicU64>,
}

impl Observers {
    pub(crate) fn new(all: Vec<Arc<dyn Observer>>) -> Self {
        let panics = Arc::default();
        let wanting = |wants: fn(&(dyn Observer + 'static)) -> bool| -> Vec<_> {
            let wants = |observer: &&Arc<dyn Observer>| guarded(&panics, || wants(&***observer));
            all.iter()
                .filter(|observer| wants(observer).unwrap_or(false))
                .cloned()
                .collect()
        };
        Self {
            status: wanting(Observer::wants_status),
            tasks: wanting(Observer::wants_tasks),
            all,
            panics,
        }
    }

    #[inline]
    pub(crate) fn want_status(&self) -> bool {
        !self.status.is_empty()
    }

    #[inline]
    pub(crate) fn want_tasks(&self) -> bool {
        !self.tasks.is_empty()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many times an observer or a hook panicked.
    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    pub(crate) fn count_panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn status(&self, event: &StatusEvent) {
        for observer in &self.status {
            guarded(&self.panics, || observer.on_status(event));
        }
    }

    pub(crate) fn task(&self, event: &TaskEvent) {
        for observer in &self.tasks {
            guarded(&self.panics, || observer.on_task(event));
        }
    }

    /// Waits until every observer keeps up.
    pub(crate) async fn ready(&self) {
        for observer in &self.all {
            if let Some(Some(pending)) = guarded(&self.panics, || observer.overload()) {
                self.settle(pending).await;
            }
        }
    }

    /// Waits until every observer has dealt with its events.
    pub(crate) async fn flush(&self) {
        for observer in &self.all {
            if let Some(Some(pending)) = guarded(&self.panics, || observer.flush()) {
                self.settle(pending).await;
            }
        }
    }

    async fn settle(&self, pending: Pending<'_>) {
        use futures_util::FutureExt;
        if AssertUnwindSafe(pending).catch_unwind().await.is_err() {
            self.count_panic();
        }
    }
}

/// Calls an observer, and counts its panic.
fn guarded<T>(panics: &AtomicU64, call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call))
        .inspect_err(|_| {
            panics.fetch_add(1, Ordering::Relaxed);
        })
        .ok()
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers")
            .field("count", &self.all.len())
            .field("panics", &self.panics())
            .finish()
    }
}
