use std::fmt;

/// Why a run could not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The workers are spawned on a Tokio runtime, and none is running here.
    #[error(
        "no tokio runtime here: start the pipeline from within `#[tokio::main]` or `Runtime::block_on`"
    )]
    NoRuntime,
    /// The configuration cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Everything that is wrong with a pipeline's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    pub(super) mistakes: Vec<String>,
}

impl ConfigError {
    /// One sentence for each mistake: which stage, what is wrong, and what to do.
    #[must_use]
    pub fn mistakes(&self) -> &[String] {
        &self.mistakes
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mistakes.join("; "))
    }
}

impl std::error::Error for ConfigError {}

/// Why items were not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// The run accepts nothing any more: it is being joined, drained or shut down.
    #[error(
        "the run is closed: {fed} items were accepted before, the rest is still in the iterator"
    )]
    Closed {
        /// How many items of this call were accepted. No item was taken from the source beyond these.
        fed: usize,
    },
    /// The pipeline has no stage of this type.
    #[error(transparent)]
    UnknownStage(#[from] UnknownStage),
    /// What is fed there would have no result of the pipeline's type.
    #[error("stage `{stage}` cannot be fed: {because}")]
    NoWayIn {
        /// The name of the stage.
        stage: String,
        /// Why that is so, and what to do.
        because: &'static str,
    },
}

/// The pipeline has no such stage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the pipeline has no stage `{stage}`, only {}", .known.join(", "))]
pub struct UnknownStage {
    /// The type or the name of the stage that was asked for.
    pub stage: String,
    /// The names of the stages that there are.
    pub known: Vec<String>,
}

/// Why a stage that is at work was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// A stage has one worker at least.
    #[error("stage `{stage}` cannot be left without workers: pause it instead")]
    NoWorkers {
        /// The name of the stage.
        stage: String,
    },
    /// So many workers are a slip, and would be a lot of memory.
    #[error("stage `{stage}` cannot have {workers} workers: the most are {most}")]
    TooManyWorkers {
        /// The name of the stage.
        stage: String,
        /// How many it was to have.
        workers: usize,
        /// How many it may have.
        most: usize,
    },
    /// A rate lets something begin.
    #[error("stage `{stage}` cannot have a rate of zero: pause it instead")]
    ZeroRate {
        /// The name of the stage.
        stage: String,
    },
}
