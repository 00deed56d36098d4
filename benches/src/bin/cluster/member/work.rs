use std::sync::Arc;

use antflow::BoxError;
use antflow::cluster::handler::{Batch, BatchResult, Handler, RunContext};
use futures::stream::{self, Stream};
use serde_json::{Map, Value};

use crate::talk::{Mouth, Work};

/// The role of nodes that are handed in alone, and under which key they have their piece of work.
pub(super) const ALONE: &str = "alone";
pub(super) const WORK: &str = "work";

/// Does pieces of work that it reads, or the one that its node has.
#[derive(Debug)]
pub(super) struct Performs(Arc<Mouth>);

impl Performs {
    pub(super) fn by(mouth: Arc<Mouth>) -> Self {
        Self(mouth)
    }
}

impl Handler for Performs {
    type Input = Map<String, Value>;
    type Batch = Work;
    type Output = ();
    type Error = BoxError;

    fn batches(
        &self,
        mut input: Map<String, Value>,
        _: &RunContext,
    ) -> impl Stream<Item = Result<Batch<Work>, BoxError>> + Send {
        let work = input.remove(WORK).unwrap_or_default();
        let work = serde_json::from_value(work);
        stream::iter([work.map(|work| Batch::new("b0", work)).map_err(Into::into)])
    }

    async fn process_batch(
        &self,
        batch: Batch<Work>,
        _: &RunContext,
    ) -> Result<BatchResult<()>, BoxError> {
        batch.payload.perform(&self.0).await;
        Ok(BatchResult::nothing())
    }
}
