//! The names of the labels, and the values of those that have a fixed set.

/// The name of the pipeline.
pub const PIPELINE: &str = "pipeline";

/// The name of the stage.
pub const STAGE: &str = "stage";

/// The name of the task, which is the name of its function.
pub const TASK: &str = "task";

/// How it ended: a value of [`outcome`] for items, of [`attempt`] for attempts of tasks; in a cluster, of [`batch`],
/// [`node`], [`heartbeat`], [`message`], [`event`] or [`function`].
pub const OUTCOME: &str = "outcome";

/// The receiver of events that lost some.
pub const SINK: &str = "sink";

/// The number of the worker in its stage, from 0, or [`OTHER`]. Only where series for each worker are asked for.
pub const WORKER: &str = "worker";

/// Stands for all workers, roles, reasons or names beyond those that have series of their own.
pub const OTHER: &str = "other";

/// The version of antflow.
pub const VERSION: &str = "version";

/// The role of a node of a cluster, by which workers take it.
pub const ROLE: &str = "role";

/// The state of a run or a node of a cluster, by its name in the store.
pub const STATE: &str = "state";

/// What sort of thing is counted, where it is no outcome: a value of [`claim`] or [`store_error`].
pub const KIND: &str = "kind";

/// Why an attempt of a node failed: its reason code, or [`OTHER`].
pub const REASON: &str = "reason";

/// The name under which handlers report a number, or [`OTHER`].
pub const NAME: &str = "name";

/// What a coordinator warns of: a value of [`WARNINGS`].
pub const CODE: &str = "code";

/// All label names.
pub const ALL: &[&str] = &[
    PIPELINE, STAGE, TASK, OUTCOME, SINK, WORKER, VERSION, ROLE, STATE, KIND, REASON, NAME, CODE,
];

/// What coordinators warn of.
pub const WARNINGS: [&str; 6] = [
    "no_worker",
    "other_fingerprint",
    "worker_silent",
    "lease_expired",
    "event_unsaid",
    "loop_panicked",
];

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

/// How a worker took a node.
pub mod claim {
    /// Nobody had it.
    pub const CLAIMED: &str = "claimed";

    /// The worker had it before its process was started again.
    pub const RESUMED: &str = "resumed";

    /// All values.
    pub const ALL: [&str; 2] = [CLAIMED, RESUMED];
}

/// How a worker was done with a batch.
pub mod batch {
    /// Its effect is in the store.
    pub const COMMITTED: &str = "committed";

    /// An earlier attempt had committed it.
    pub const DUPLICATE: &str = "duplicate";

    /// It failed, panicked or took too long.
    pub const FAILED: &str = "failed";

    /// It was given up or cut off because its attempt was cancelled.
    pub const CANCELLED: &str = "cancelled";

    /// All values.
    pub const ALL: [&str; 4] = [COMMITTED, DUPLICATE, FAILED, CANCELLED];
}

/// How an attempt of a node ended.
pub mod node {
    /// The node is finished.
    pub const FINISHED: &str = "finished";

    /// It failed, with a retry to come or not.
    pub const FAILED: &str = "failed";

    /// The run was cancelled.
    pub const CANCELLED: &str = "cancelled";

    /// The node was given back.
    pub const RELEASED: &str = "released";

    /// The lease was lost, or the store could not be told.
    pub const LOST: &str = "lost";

    /// All values.
    pub const ALL: [&str; 5] = [FINISHED, FAILED, CANCELLED, RELEASED, LOST];
}

/// What became of a heartbeat.
pub mod heartbeat {
    /// The store took it.
    pub const OK: &str = "ok";

    /// The store did not take it.
    pub const FAILED: &str = "failed";

    /// All values.
    pub const ALL: [&str; 2] = [OK, FAILED];
}

/// What became of a message.
pub mod message {
    /// It was new and was understood.
    pub const HEARD: &str = "heard";

    /// It had been heard before.
    pub const REPEATED: &str = "repeated";

    /// It could not be understood, and is with the dead letters.
    pub const UNREADABLE: &str = "unreadable";

    /// The bus did not take it.
    pub const UNSAID: &str = "unsaid";

    /// All values.
    pub const ALL: [&str; 4] = [HEARD, REPEATED, UNREADABLE, UNSAID];
}

/// Why the store did not carry out a request.
pub mod store_error {
    /// It did not answer; it is asked again.
    pub const UNAVAILABLE: &str = "unavailable";

    /// It refuses it, however often it is asked.
    pub const REFUSED: &str = "refused";

    /// All values.
    pub const ALL: [&str; 2] = [UNAVAILABLE, REFUSED];
}

/// What became of an event of the store.
pub mod event {
    /// It was said on the bus.
    pub const SAID: &str = "said";

    /// The bus did not take it.
    pub const UNSAID: &str = "unsaid";

    /// All values.
    pub const ALL: [&str; 2] = [SAID, UNSAID];
}

/// How an attempt of a coordinator function ended.
pub mod function {
    /// Its node is finished.
    pub const FINISHED: &str = "finished";

    /// It failed.
    pub const FAILED: &str = "failed";

    /// Its lease was lost to another coordinator.
    pub const LOST: &str = "lost";

    /// All values.
    pub const ALL: [&str; 3] = [FINISHED, FAILED, LOST];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_values_are_lower_case_words() {
        let lists: [&[&str]; 13] = [
            ALL,
            &outcome::PIPELINE,
            &outcome::STAGE,
            &outcome::WORKER,
            &attempt::ALL,
            &claim::ALL,
            &batch::ALL,
            &node::ALL,
            &heartbeat::ALL,
            &message::ALL,
            &store_error::ALL,
            &event::ALL,
            &function::ALL,
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
