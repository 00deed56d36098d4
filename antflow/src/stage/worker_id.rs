use std::fmt;
use std::sync::Arc;

/// A worker: a slot of a stage's pool. Displayed as `{Stage}-W{index}`.
///
/// ```
/// use antflow::WorkerId;
///
/// let worker = WorkerId::new("Fetch", 0);
/// assert_eq!(worker.to_string(), "Fetch-W0");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId {
    stage: Arc<str>,
    index: usize,
}

impl WorkerId {
    /// The worker of this index, counted from 0.
    pub fn new(stage: impl Into<Arc<str>>, index: usize) -> Self {
        Self {
            stage: stage.into(),
            index,
        }
    }

    /// The name of the worker's stage.
    #[must_use]
    pub fn stage(&self) -> &str {
        &self.stage
    }

    /// The worker's place in its pool, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-W{}", self.stage, self.index)
    }
}

impl fmt::Debug for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
