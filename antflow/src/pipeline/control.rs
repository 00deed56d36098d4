use std::fmt;
use std::sync::{Arc, Weak};

use super::error::UnknownStage;
use super::registry::Registry;
use super::stage_handle::StageHandle;
use crate::stage::Stage;

/// Steers a run that somebody else holds. Made by [`Handle::control`](super::Handle::control), cheap to clone.
///
/// It does not keep the run going. When the run is over, it changes nothing any more.
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
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let run = pipeline!(double).start()?;
/// let control = run.control();
/// control.pause();
/// run.feed([1, 2]).await?;
/// control.shutdown();
/// let results = run.join().await;
/// assert!(results.iter().all(|result| result.error().is_some_and(|error| error.is_cancelled())));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RunControl {
    registry: Weak<Registry>,
}

impl RunControl {
    pub(super) fn new(registry: &Arc<Registry>) -> Self {
        Self {
            registry: Arc::downgrade(registry),
        }
    }

    /// The first stage of type `S`; see [`Handle::stage`](super::Handle::stage).
    ///
    /// # Errors
    /// [`UnknownStage`] if the pipeline has no stage `S`, or its handle was dropped.
    pub fn stage<S: Stage>(&self) -> Result<StageHandle, UnknownStage> {
        match self.registry.upgrade() {
            Some(registry) => registry.stage::<S>(),
            None => Err(gone(std::any::type_name::<S>())),
        }
    }

    /// The stage of this name; see [`Handle::stage_named`](super::Handle::stage_named).
    ///
    /// # Errors
    /// [`UnknownStage`] if the pipeline has no stage of this name, or its handle was dropped.
    pub fn stage_named(&self, name: &str) -> Result<StageHandle, UnknownStage> {
        match self.registry.upgrade() {
            Some(registry) => registry.stage_named(name),
            None => Err(gone(name)),
        }
    }

    /// Pauses all stages; see [`StageHandle::pause`].
    pub fn pause(&self) {
        if let Some(registry) = self.registry.upgrade() {
            registry.pause(true);
        }
    }

    /// Lets all stages go on.
    pub fn resume(&self) {
        if let Some(registry) = self.registry.upgrade() {
            registry.pause(false);
        }
    }

    /// Cuts the run off, and does not wait for its end: what is not done ends cancelled, and tasks are dropped at their
    /// next `.await`. Whoever holds the run gets all results from the methods that end it.
    pub fn shutdown(&self) {
        if let Some(registry) = self.registry.upgrade() {
            registry.abort();
        }
    }
}

fn gone(stage: &str) -> UnknownStage {
    UnknownStage {
        stage: stage.to_owned(),
        known: Vec::new(),
    }
}

impl fmt::Debug for RunControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunControl").finish_non_exhaustive()
    }
}
