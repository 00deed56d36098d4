use std::sync::Arc;
use std::time::Duration;

use antflow::BoxError;
use antflow::cluster::handler::{Batch, BatchResult, Handler, RunContext};
use antflow::cluster::worker::{WorkerEvent, WorkerObserver};
use futures::stream::{self, Stream};
use serde::{Deserialize, Serialize};

use crate::talk::{Mouth, Word, now_ns};

/// The role that makes batches, and the one that reads them.
pub(super) const MAKE: &str = "make";
pub(super) const TAKE: &str = "take";

/// What the ids of batches begin with that are numbered.
const LETTER: char = 'b';

/// What is to be made.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) count: u64,
    pub(super) pause_us: u64,
}

/// A batch that was made.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Made {
    number: u64,
    made_ns: u64,
}

/// Makes a batch in each pause.
#[derive(Debug, Default)]
pub(super) struct Makes;

impl Handler for Makes {
    type Input = Plan;
    type Batch = (u64, u64);
    type Output = Made;
    type Error = BoxError;

    fn batches(
        &self,
        plan: Plan,
        _: &RunContext,
    ) -> impl Stream<Item = Result<Batch<(u64, u64)>, BoxError>> + Send {
        let batch = move |number| {
            let uid = format!("{LETTER}{number}");
            Ok(Batch::new(uid, (number, plan.pause_us)))
        };
        stream::iter((0..plan.count).map(batch))
    }

    async fn process_batch(
        &self,
        batch: Batch<(u64, u64)>,
        ctx: &RunContext,
    ) -> Result<BatchResult<Made>, BoxError> {
        let (number, pause_us) = batch.payload;
        ctx.sleep(Duration::from_micros(pause_us)).await?;
        let made_ns = now_ns();
        Ok(BatchResult::new(Made { number, made_ns }))
    }
}

/// Says when batches were committed that [`Makes`] made.
#[derive(Debug)]
pub(super) struct TellsCommits(Arc<Mouth>);

impl TellsCommits {
    pub(super) fn by(mouth: Arc<Mouth>) -> Self {
        Self(mouth)
    }
}

impl WorkerObserver for TellsCommits {
    fn event(&self, event: &WorkerEvent<'_>) {
        let at_ns = now_ns();
        let WorkerEvent::Commit { role, batches, .. } = event else {
            return;
        };
        if role.as_str() != MAKE {
            return;
        }
        for batch in *batches {
            let number = batch.uid.as_str().strip_prefix(LETTER);
            if let Some(number) = number.and_then(|number| number.parse().ok()) {
                self.0.say(&Word::Committed { number, at_ns });
            }
        }
    }
}

/// Says when batches come to it.
#[derive(Debug)]
pub(super) struct Takes(Arc<Mouth>);

impl Takes {
    pub(super) fn by(mouth: Arc<Mouth>) -> Self {
        Self(mouth)
    }
}

impl Handler for Takes {
    type Input = ();
    type Batch = Made;
    type Output = ();
    type Error = BoxError;

    fn batches(
        &self,
        (): (),
        _: &RunContext,
    ) -> impl Stream<Item = Result<Batch<Made>, BoxError>> + Send {
        stream::empty()
    }

    async fn process_batch(
        &self,
        batch: Batch<Made>,
        _: &RunContext,
    ) -> Result<BatchResult<()>, BoxError> {
        let at_ns = now_ns();
        let Made { number, made_ns } = batch.payload;
        self.0.say(&Word::Taken {
            number,
            made_ns,
            at_ns,
        });
        Ok(BatchResult::nothing())
    }
}
