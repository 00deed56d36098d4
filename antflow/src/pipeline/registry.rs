use std::any::{Any, TypeId};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::error::FeedError;
use crate::dashboard::Watcher;
use crate::engine::control::Control;
use crate::engine::core::Shared;
use crate::engine::inlet::Inlet;
use crate::engine::runtime::StageRuntime;
use crate::engine::watchdog::Look;
use crate::event::is_delivering;
use crate::stage::Stage;
use crate::stats::RunView;

/// The stages of a run, to be found by their types.
pub(crate) struct Registry {
    pub(super) shared: Arc<Shared>,
    /// In the order of the pipeline.
    pub(super) entries: Vec<Entry>,
    /// The dashboards that show the run.
    watchers: Mutex<Vec<Watcher>>,
}

/// A stage of a run.
pub(crate) struct Entry {
    pub(super) stage: TypeId,
    /// An `Arc<dyn Inlet<S::Input>>`.
    pub(super) inlet: Box<dyn Any + Send + Sync>,
    /// Why it cannot be fed, if so.
    pub(super) no_way_in: Option<&'static str>,
    pub(super) control: Arc<dyn Control>,
}

/// What the stages of a run are made with, and where they are entered.
pub struct Launching<St> {
    pub(super) state: Arc<St>,
    pub(super) registry: Weak<dyn Any + Send + Sync>,
    /// What the run knows of its stages, in the order of the pipeline.
    stages: Vec<Arc<StageRuntime>>,
    /// The place of the first stage of the branch that is being made.
    base: usize,
    /// Whether the stages that are being made stand in branches that get copies.
    pub(super) is_split: bool,
    entries: Vec<Entry>,
}

impl<St> Launching<St> {
    pub(super) fn new(
        state: Arc<St>,
        registry: Weak<Registry>,
        stages: Vec<Arc<StageRuntime>>,
    ) -> Self {
        Self {
            state,
            registry,
            stages,
            base: 0,
            is_split: false,
            entries: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// The stage in this place, counted from the beginning of its branch.
    pub(super) fn stage(&self, index: usize) -> Arc<StageRuntime> {
        Arc::clone(&self.stages[self.base + index])
    }

    /// Makes branches that stand behind so many stages.
    pub(super) fn behind<T>(&mut self, stages: usize, make: impl FnOnce(&mut Self) -> T) -> T {
        let base = self.base;
        self.base += stages;
        let made = make(self);
        self.base = base;
        made
    }

    /// As [`behind`](Self::behind), for branches that get copies.
    pub(super) fn split<T>(&mut self, stages: usize, make: impl FnOnce(&mut Self) -> T) -> T {
        let is_split = std::mem::replace(&mut self.is_split, true);
        let made = self.behind(stages, make);
        self.is_split = is_split;
        made
    }

    /// Makes a branch of so many stages; the next one comes behind it.
    pub(super) fn branch<T>(&mut self, stages: usize, make: impl FnOnce(&mut Self) -> T) -> T {
        let made = make(self);
        self.base += stages;
        made
    }

    /// The stages in the order of the pipeline.
    pub(super) fn into_entries(mut self) -> Vec<Entry> {
        self.entries
            .sort_by_key(|entry| entry.control.runtime().index);
        self.entries
    }
}

impl Registry {
    pub(super) fn new(shared: Arc<Shared>, entries: Vec<Entry>) -> Self {
        Self {
            shared,
            entries,
            watchers: Mutex::default(),
        }
    }

    /// The run, for those who watch it.
    pub(super) fn view(&self) -> RunView {
        RunView::new(Arc::clone(&self.shared.run))
    }

    /// The way into the first stage of this type.
    pub(super) fn inlet<S: Stage>(&self) -> Result<Arc<dyn Inlet<S::Input>>, FeedError> {
        let mut entries = self.entries.iter();
        let entry = entries
            .find(|entry| entry.stage == TypeId::of::<S>())
            .ok_or_else(|| self.unknown(std::any::type_name::<S>()))?;
        if let Some(because) = entry.no_way_in {
            let stage = entry.control.runtime().name.to_string();
            return Err(FeedError::NoWayIn { stage, because });
        }
        let inlet = entry.inlet.downcast_ref::<Arc<dyn Inlet<S::Input>>>();
        Ok(Arc::clone(inlet.expect("a stage has one input")))
    }

    /// Cuts the run off: nothing is accepted, what waits is cancelled, tasks are dropped at their next `.await`.
    pub(super) fn abort(&self) {
        self.shared.close();
        self.close_stages();
        self.shared.abort();
    }

    /// Pauses all stages, or lets them go on.
    pub(super) fn pause(&self, paused: bool) {
        for entry in &self.entries {
            entry.control.pause(paused);
        }
    }

    /// Lets the workers end, and ends what waits as cancelled.
    pub(super) fn close_stages(&self) {
        for entry in &self.entries {
            entry.control.close();
        }
    }

    /// Frees what waits behind items that block their threads. False: there is nothing of the kind.
    pub(super) fn rescue(&self, look: Look) -> bool {
        let busy = look == Look::Everywhere && self.shared.look_after_workers();
        self.entries
            .iter()
            .fold(busy, |busy, entry| entry.control.rescue() | busy)
    }

    pub(super) fn watchers(&self) -> MutexGuard<'_, Vec<Watcher>> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until every item has its outcome, every task has ended and every observer is done.
    pub(super) async fn ended(&self) {
        self.shared.accounting.idle().await;
        self.close_stages();
        self.shared.tasks_ended().await;
        self.shared.note_end();
        // A callback that ends the run is what the flush would wait for.
        if !is_delivering() {
            self.shared.observers.flush().await;
        }
        // A dashboard may show what callbacks have collected.
        let watchers = std::mem::take(&mut *self.watchers());
        for watcher in watchers {
            watcher.finish().await;
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self
            .entries
            .iter()
            .map(|entry| &*entry.control.runtime().name);
        f.debug_struct("Registry")
            .field("stages", &names.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl<St> fmt::Debug for Launching<St> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launching").finish_non_exhaustive()
    }
}
