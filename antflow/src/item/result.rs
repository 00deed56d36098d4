use std::sync::Arc;

use super::{Details, ItemError, ItemId, Metadata, Tag};

/// How one item ended: its value after the last stage, or why it has none.
///
/// ```
/// # use antflow::PipelineResult;
/// fn report(results: Vec<PipelineResult<u64>>) {
///     for result in results {
///         match result.value {
///             Ok(row) => println!("{}: row {row}", result.id),
///             Err(error) => eprintln!("{}: {error}", result.id),
///         }
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct PipelineResult<T> {
    /// The id that the item was fed with, or its sequence number.
    pub id: ItemId,
    /// The item's place in the order of feeding, from 0, counted per run.
    pub sequence_id: u64,
    /// What the last stage returned, or what became of the parts of an item that was divided; else what ended the item.
    pub value: Result<T, ItemError>,
    /// The metadata that the item was fed with.
    pub metadata: Metadata,
}

impl<T> PipelineResult<T> {
    /// Whether the item went through the last stage.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.value.is_ok()
    }

    /// What ended the item, if it has no value.
    #[must_use]
    pub fn error(&self) -> Option<&ItemError> {
        self.value.as_ref().err()
    }
}

impl<Out> PipelineResult<Out> {
    #[inline]
    pub(crate) fn new(tag: Tag, value: Result<Out, ItemError>) -> Self {
        let (id, metadata) = tag.details.map_or((None, Metadata::none()), said);
        Self {
            id: id.unwrap_or(ItemId::Number(tag.sequence_id)),
            sequence_id: tag.sequence_id,
            value,
            metadata,
        }
    }
}

/// What was said of an item.
#[cold]
fn said(details: Arc<Details>) -> (Option<ItemId>, Metadata) {
    match Arc::try_unwrap(details) {
        Ok(details) => (details.id, details.metadata),
        Err(shared) => (shared.id.clone(), shared.metadata.clone()),
    }
}
