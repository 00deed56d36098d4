//! The names of the labels, and the values of those that have a fixed set.

/// The name of the pipeline.
pub const PIPELINE: &str = "pipeline";

/// The name of the stage.
pub const STAGE: &str = "stage";

/// The name of the task, which is the name of its function.
pub const TASK: &str = "task";

/// How it ended: a value of [`outcome`] for items, of [`attempt`] for attempts.
pub const OUTCOME: &str = "outcome";

/// The receiver of events that lost some.
pub const SINK: &str = "sink";

/// The number of the worker in its stage, from 0, or [`OTHER`]. Only where series for each worker are asked for.
pub const WORKER: &str = "worker";

/// Stands for all workers beyond those that have series of their own.
pub const OTHER: &str = "other";

/// The version of antflow.
pub const VERSION: &str = "version";

/// All label names.
pub const ALL: &[&str] = &[PIPELINE, STAGE, TASK, OUTCOME, SINK, WORKER, VERSION];

/// How an item ended, in its pipeline or in one stage.
pub mod outcome {
    /// It went through.
    pub const COMPLETED: &str = "completed";

    /// It failed and is not tried again.
    pub const FAILED: &str = "failed";

    /// The stage let it pass without working on it. Only for stages.
    pub const SKIPPED: &str = "skipped";

    /// It was given up because the run was stopped.
    pub const CANCELLED: &str = "cancelled";

    /// All values for a pipeline.
    pub const PIPELINE: [&str; 3] = [COMPLETED, FAILED, CANCELLED];

    /// All values for a stage.
    pub const STAGE: [&str; 4] = [COMPLETED, FAILED, SKIPPED, CANCELLED];

    /// All values for a worker. What it let pass counts as completed.
    pub const WORKER: [&str; 2] = [COMPLETED, FAILED];
}

/// How one attempt of a task ended.
pub mod attempt {
    /// It returned a value.
    pub const OK: &str = "ok";

    /// It returned an error, or gave the item up.
    pub const ERROR: &str = "error";

    /// It took longer than it may.
    pub const TIMEOUT: &str = "timeout";

    /// It panicked.
    pub const PANIC: &str = "panic";

    /// All values.
    pub const ALL: [&str; 4] = [OK, ERROR, TIMEOUT, PANIC];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_values_are_lower_case_words() {
        let lists: [&[&str]; 5] = [
            ALL,
            &outcome::PIPELINE,
            &outcome::STAGE,
            &outcome::WORKER,
            &attempt::ALL,
        ];
        for word in lists.concat() {
            assert!(word.bytes().all(|it| it.is_ascii_lowercase()), "{word}");
        }
    }

    #[test]
    fn what_a_pipeline_or_a_worker_knows_a_stage_knows_too() {
        let mut outcomes = outcome::PIPELINE.iter().chain(&outcome::WORKER);
        assert!(outcomes.all(|it| outcome::STAGE.contains(it)));
    }
}
