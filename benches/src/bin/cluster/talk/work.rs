use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Mouth, Word, now_ns};

/// One small piece of work: what a batch of antflow has, and a job of the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Work {
    pub(crate) number: u64,
    /// How long it takes.
    pub(crate) work_us: u64,
    /// When it was handed in, if it was handed in alone.
    pub(crate) sent_ns: Option<u64>,
    text: String,
}

impl Work {
    /// One of many.
    pub(crate) fn new(number: u64, work_us: u64) -> Self {
        Self {
            number,
            work_us,
            sent_ns: None,
            text: "what a batch is about, which nobody reads but everybody stores".to_owned(),
        }
    }

    /// One that is handed in alone, now.
    pub(crate) fn alone() -> Self {
        Self {
            sent_ns: Some(now_ns()),
            ..Self::new(0, 0)
        }
    }

    /// What every handler does with it.
    pub(crate) async fn perform(&self, mouth: &Mouth) {
        if let Some(sent) = self.sent_ns {
            let took_ns = now_ns().saturating_sub(sent);
            return mouth.say(&Word::Reached { took_ns });
        }
        if self.work_us > 0 {
            tokio::time::sleep(Duration::from_micros(self.work_us)).await;
        }
        mouth.handled();
    }
}
