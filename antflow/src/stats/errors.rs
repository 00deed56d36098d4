use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::item::{ItemError, ItemId};

/// An item that failed.
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct FailedItem {
    /// The item's id.
    pub item_id: ItemId,
    /// The item's sequence number in its run.
    pub sequence_id: u64,
    /// What went wrong, where, and after how many attempts.
    pub error: ItemError,
    /// When the item ended, by the system's clock.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::serialize::timestamp")
    )]
    pub timestamp: SystemTime,
}

impl FailedItem {
    /// The name of the error's type; see [`ItemError::type_name`].
    #[must_use]
    pub fn error_type(&self) -> &str {
        self.error.type_name()
    }

    /// The name of the stage in which the item failed.
    #[must_use]
    pub fn stage(&self) -> &str {
        self.error.stage()
    }

    /// How many attempts were made in that stage.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.error.attempts()
    }
}

/// How many items failed, and of what.
///
/// Displayed as a list, the most frequent first:
///
/// ```
/// use antflow::{pipeline, stage};
///
/// #[stage]
/// async fn parse(text: &'static str) -> Result<u32, std::num::ParseIntError> {
///     text.parse()
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let run = pipeline!(parse).start()?;
/// run.feed(["1", "x", "y"]).await?;
/// run.join().await;
/// let summary = run.error_summary();
/// assert_eq!(summary.total_failed, 2);
/// assert_eq!(
///     summary.to_string(),
///     "2 items failed\nby type:\n  ParseIntError: 2\nby stage:\n  Parse: 2"
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ErrorSummary {
    /// How many items failed.
    pub total_failed: u64,
    /// How many of them by the name of the error's type.
    pub errors_by_type: BTreeMap<String, u64>,
    /// How many of them by the name of the stage.
    pub errors_by_stage: BTreeMap<String, u64>,
    /// Those that failed, in the order in which they did: all that are kept, which may be the last ones only.
    pub failed_items: Vec<FailedItem>,
}

impl fmt::Display for ErrorSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.total_failed {
            0 => return f.write_str("no errors"),
            1 => f.write_str("1 item failed")?,
            total => write!(f, "{total} items failed")?,
        }
        for (title, counts) in [
            ("by type", &self.errors_by_type),
            ("by stage", &self.errors_by_stage),
        ] {
            write!(f, "\n{title}:")?;
            let mut counts: Vec<_> = counts.iter().collect();
            counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
            for (name, count) in counts {
                write!(f, "\n  {name}: {count}")?;
            }
        }
        Ok(())
    }
}

/// Failures, as they happen: counts of all of them, and the last ones.
#[derive(Debug)]
pub(crate) struct ErrorLog {
    /// So many of the failed items are kept.
    kept: usize,
    log: Mutex<Log>,
}

#[derive(Debug, Default)]
struct Log {
    total: u64,
    by_type: BTreeMap<String, u64>,
    by_stage: BTreeMap<String, u64>,
    last: VecDeque<FailedItem>,
}

impl ErrorLog {
    pub(crate) fn new(kept: usize) -> Self {
        Self {
            kept,
            log: Mutex::default(),
        }
    }

    pub(crate) fn note(&self, failed: FailedItem) {
        let mut log = self.log();
        log.total += 1;
        count(&mut log.by_type, failed.error_type());
        count(&mut log.by_stage, failed.stage());
        log.last.push_back(failed);
        if log.last.len() > self.kept {
            log.last.pop_front();
        }
    }

    pub(crate) fn summary(&self) -> ErrorSummary {
        let log = self.log();
        ErrorSummary {
            total_failed: log.total,
            errors_by_type: log.by_type.clone(),
            errors_by_stage: log.by_stage.clone(),
            failed_items: log.last.iter().cloned().collect(),
        }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => {
            counts.insert(name.to_owned(), 1);
        }
    }
}
