use std::any::{TypeId, type_name};
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use super::error::{ControlError, UnknownStage};
use super::registry::{Entry, Registry};
use super::validate::MOST_WORKERS;
use crate::engine::control::Control;
use crate::stage::{Rate, Stage};

/// A stage of a run that goes on: pause it, give it more workers, slow it down. Made by
/// [`Handle::stage`](super::Handle::stage).
///
/// It does not keep the run going. When the run is over, it changes nothing any more.
///
/// ```
/// use std::time::Duration;
/// use antflow::{Rate, pipeline, stage};
///
/// #[stage(workers = 2)]
/// async fn fetch(page: u32) -> u32 {
///     page
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let run = pipeline!(fetch).start()?;
/// let fetching = run.stage::<fetch>()?;
/// fetching.resize(8)?;
/// fetching.set_rate(Rate::new(1000, Duration::from_secs(1)))?;
/// run.feed(0..100).await?;
/// assert_eq!(run.join().await.len(), 100);
/// assert_eq!(run.stats().stage_stats[0].workers, 8);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct StageHandle {
    name: Arc<str>,
    control: Weak<dyn Control>,
}

impl StageHandle {
    fn new(entry: &Entry) -> Self {
        Self {
            name: Arc::clone(&entry.control.runtime().name),
            control: Arc::downgrade(&entry.control),
        }
    }

    /// The name of the stage.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Lets the workers of the stage take no more items, until it is [resumed](Self::resume). They finish what they
    /// have taken, which is one item each, or some more that are short.
    ///
    /// Meanwhile its queue fills up, and then the stages before it and the feeders wait. A run that is joined while a
    /// stage is paused waits for it to be resumed; a shutdown does not.
    pub fn pause(&self) {
        self.control(|control| control.pause(true));
    }

    /// Lets the workers go on.
    pub fn resume(&self) {
        self.control(|control| control.pause(false));
    }

    /// Whether the stage is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.control(|control| control.runtime().counters.paused.load(Ordering::Relaxed))
            .unwrap_or(false)
    }

    /// Sets how many workers the stage has.
    ///
    /// New ones begin at once. Those that are too many leave when they have finished what they have taken; those of the
    /// highest index go, and their states and metrics stay. The queue stays as long as it is. An ordered stage has no
    /// more items in work than its queue takes, or than it had workers at its start.
    ///
    /// # Errors
    /// [`ControlError::NoWorkers`] if there were to be none; [pause](Self::pause) the stage instead.
    /// [`ControlError::TooManyWorkers`] if there were to be more than a million.
    pub fn resize(&self, workers: usize) -> Result<(), ControlError> {
        if workers == 0 {
            return Err(ControlError::NoWorkers {
                stage: self.name.to_string(),
            });
        }
        if workers > MOST_WORKERS {
            return Err(ControlError::TooManyWorkers {
                stage: self.name.to_string(),
                workers,
                most: MOST_WORKERS,
            });
        }
        self.control(|control| control.resize(workers));
        Ok(())
    }

    /// Sets how often the attempts of the stage may begin, in place of the rate that it has; `None` takes the limit
    /// away. Items that wait for their turn already wait by the new rate.
    ///
    /// # Errors
    /// [`ControlError::ZeroRate`] if nothing could begin any more.
    pub fn set_rate(&self, rate: impl Into<Option<Rate>>) -> Result<(), ControlError> {
        let rate = rate.into();
        if rate.is_some_and(Rate::is_zero) {
            return Err(ControlError::ZeroRate {
                stage: self.name.to_string(),
            });
        }
        self.control(|control| control.set_rate(rate));
        Ok(())
    }

    fn control<T>(&self, act: impl FnOnce(Arc<dyn Control>) -> T) -> Option<T> {
        self.control.upgrade().map(act)
    }
}

impl fmt::Debug for StageHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageHandle")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// The first stage of this type.
    pub(super) fn stage<S: Stage>(&self) -> Result<StageHandle, UnknownStage> {
        self.find(type_name::<S>(), |entry| entry.stage == TypeId::of::<S>())
    }

    /// The stage of this name.
    pub(super) fn stage_named(&self, name: &str) -> Result<StageHandle, UnknownStage> {
        self.find(name, |entry| *entry.control.runtime().name == *name)
    }

    fn find(
        &self,
        stage: &str,
        is_it: impl Fn(&&Entry) -> bool,
    ) -> Result<StageHandle, UnknownStage> {
        let found = self.entries.iter().find(is_it).map(StageHandle::new);
        found.ok_or_else(|| self.unknown(stage))
    }

    /// Says that there is no such stage.
    pub(super) fn unknown(&self, stage: &str) -> UnknownStage {
        let names = self.entries.iter();
        UnknownStage {
            stage: stage.to_owned(),
            known: names
                .map(|entry| entry.control.runtime().name.to_string())
                .collect(),
        }
    }
}
