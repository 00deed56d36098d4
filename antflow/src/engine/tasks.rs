use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime;
use tokio::task::{AbortHandle, Id};
use tokio_util::task::TaskTracker;

use super::core::Shared;
use super::seat::{Drive, Seat};

/// How to stop the tasks of a run.
#[derive(Debug, Default)]
struct Handles {
    /// Those that last as long as the run.
    workers: Vec<(Arc<Seat>, AbortHandle)>,
    others: HashMap<Id, AbortHandle>,
}

/// The spawned tasks of a run.
#[derive(Debug)]
pub(super) struct Tasks {
    /// Where the run was started. Who spawns may be elsewhere.
    runtime: runtime::Handle,
    tracker: TaskTracker,
    handles: Mutex<Handles>,
}

impl Tasks {
    /// None yet, on the runtime that calls.
    pub(super) fn here() -> Self {
        Self {
            runtime: runtime::Handle::current(),
            tracker: TaskTracker::new(),
            handles: Mutex::default(),
        }
    }
}

/// What a run does with its tasks.
impl Shared {
    /// Where the run was started.
    pub(crate) fn runtime(&self) -> &runtime::Handle {
        &self.tasks.runtime
    }

    /// Spawns the task of a worker.
    pub(crate) fn drive(&self, seat: Arc<Seat>) {
        let drive = Drive::new(Arc::clone(&seat), 0);
        // Not under the lock: a runtime that is gone drops it here, which closes the stage.
        let task = self.tasks.tracker.spawn_on(drive, &self.tasks.runtime);
        let mut handles = self.handles();
        // One that comes in the place of another may come after all were cut off.
        if self.cancellation.is_cancelled() {
            task.abort();
        }
        if handles.workers.len() == handles.workers.capacity() {
            // Those who have left their pool.
            handles.workers.retain(|(_, task)| !task.is_finished());
        }
        handles.workers.push((seat, task.abort_handle()));
    }

    /// Looks after those workers who were woken. Says whether there are any.
    pub(crate) fn look_after_workers(&self) -> bool {
        let handles = self.handles();
        let overdue: Vec<_> = handles
            .workers
            .iter()
            .filter(|(seat, _)| seat.is_woken())
            .map(|(seat, _)| Arc::clone(seat))
            .collect();
        drop(handles);
        overdue
            .iter()
            .fold(false, |busy, seat| seat.look_after() | busy)
    }

    /// Gives a worker a new task, as its own is held up.
    pub(crate) fn drive_anew(self: &Arc<Self>, drive: Drive) {
        self.spawn(drive);
    }

    /// Spawns a task of the run.
    pub(crate) fn spawn(self: &Arc<Self>, future: impl Future<Output = ()> + Send + 'static) {
        // The lock is held until the handle is known, so that an abort in between does not miss the task.
        let mut handles = self.handles();
        let shared = Arc::clone(self);
        let whole = async move {
            future.await;
            if let Some(id) = tokio::task::try_id() {
                shared.handles().others.remove(&id);
            }
        };
        let task = self.tasks.tracker.spawn_on(whole, &self.tasks.runtime);
        let handle = task.abort_handle();
        if self.cancellation.is_cancelled() {
            handle.abort();
        }
        handles.others.insert(handle.id(), handle);
    }

    fn handles(&self) -> MutexGuard<'_, Handles> {
        self.tasks
            .handles
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops all tasks at their next `.await`.
    pub(crate) fn abort(&self) {
        self.cancellation.cancel();
        let handles = self.handles();
        let workers = handles.workers.iter().map(|(_, handle)| handle);
        for handle in workers.chain(handles.others.values()) {
            handle.abort();
        }
    }

    /// Waits until all tasks have ended.
    pub(crate) async fn tasks_ended(&self) {
        self.tasks.tracker.close();
        self.tasks.tracker.wait().await;
    }
}
