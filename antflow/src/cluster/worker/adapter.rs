use std::fmt;
use std::pin::Pin;

use futures_core::Stream;
use serde_json::{Map, Value};

use crate::cluster::handler::{Batch, RunContext};
use crate::cluster::protocol::Failure;

/// A stream of batches that an adapter reads.
pub type AdapterBatches<'a> =
    Pin<Box<dyn Stream<Item = Result<Batch<Value>, Failure>> + Send + 'a>>;

/// A way to get batches from somewhere else, which graphs name in `io.input_inline.input_adapter`.
///
/// Registered by [`WorkerBuilder::adapter`](super::WorkerBuilder::adapter). The payloads are read as what the handler
/// takes.
pub trait InputAdapter: fmt::Debug + Send + Sync + 'static {
    /// The batches, in their order, with ids that are the same each time: those that are committed are skipped.
    ///
    /// # Errors
    /// The arguments are wrong: as a rule a permanent failure with the code `bad_input_args`.
    fn batches<'a>(
        &'a self,
        args: &'a Map<String, Value>,
        ctx: &'a RunContext,
    ) -> Result<AdapterBatches<'a>, Failure>;
}
