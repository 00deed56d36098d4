use antflow::{ItemErrorKind, PipelineResult, TaskContext};

/// An error with a number, to be told from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("boom {0}")]
pub struct Boom(pub u64);

/// The item from this attempt on, an error before.
///
/// # Errors
/// In the attempts before.
pub fn from_attempt(attempt: u32, item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    if cx.attempt() < attempt {
        Err(Boom(item))
    } else {
        Ok(item)
    }
}

/// In which way an item ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It went through the last stage.
    Completed,
    /// A task returned an error.
    Failed,
    /// User code panicked.
    Panicked,
    /// An attempt took too long.
    TimedOut,
    /// The run was cut off, or a task gave it up.
    Cancelled,
}

/// In which way this item ended.
///
/// # Panics
/// If it ended in a way that these tests do not know.
#[must_use]
pub fn outcome<T>(result: &PipelineResult<T>) -> Outcome {
    let Some(error) = result.error() else {
        return Outcome::Completed;
    };
    match error.kind() {
        ItemErrorKind::Failed(_) => Outcome::Failed,
        ItemErrorKind::Panicked(_) => Outcome::Panicked,
        ItemErrorKind::TimedOut(_) => Outcome::TimedOut,
        ItemErrorKind::Cancelled => Outcome::Cancelled,
        other => panic!("an outcome without a name here: {other:?}"),
    }
}

/// In which way each item ended.
#[must_use]
pub fn outcomes<T>(results: &[PipelineResult<T>]) -> Vec<Outcome> {
    results.iter().map(outcome).collect()
}

/// How many items ended in this way.
#[must_use]
pub fn count<T>(results: &[PipelineResult<T>], wanted: Outcome) -> usize {
    results
        .iter()
        .filter(|result| outcome(result) == wanted)
        .count()
}

/// The values of items that all have one.
///
/// # Panics
/// If one has none; the message is its error.
#[must_use]
pub fn values<T>(results: Vec<PipelineResult<T>>) -> Vec<T> {
    results
        .into_iter()
        .map(|result| match result.value {
            Ok(value) => value,
            Err(error) => panic!("item {} has no value: {error}", result.sequence_id),
        })
        .collect()
}

/// Panics as `panic!` does, without a message on the terminal.
///
/// # Panics
/// Always. It returns `()` to stand where a plain closure has no value.
pub fn panic_quietly(message: &'static str) {
    std::panic::resume_unwind(Box::new(message));
}
