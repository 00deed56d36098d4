use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_core::Stream;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use super::turns::{Turn, Turns};
use crate::cluster::handler::{
    Batch, BatchResult, CancelCause, ErrorClass, Handler, RunContext, RunInfo,
};
use crate::cluster::items::{Cause, ITEM, ITEMS, ItemNote, read, write};
use crate::cluster::store::Payload;
use crate::event::Trail;
use crate::item::{BoxError, Cancelled, Item, ItemError, ItemErrorKind, PipelineResult};
use crate::pipeline::{Handle, Launch, Pipeline, StartError};

/// A pipeline that processes batches as items, one run of it for each run of a node.
pub(super) struct PipelineHandler<C: Launch<St>, St> {
    pipeline: Pipeline<C, St>,
    going: Option<Going<C::Input, C::Output>>,
}

/// A stage takes items, and makes none.
#[derive(Debug, thiserror::Error)]
#[error("a stage makes no batches: give the node an input adapter, such as `pull.from_artifacts`")]
struct NoAdapter;

/// A value is not what the pipeline takes.
#[derive(Debug, thiserror::Error)]
#[error("the value is not what the stage takes: {0}")]
struct Unreadable(#[source] serde_json::Error);

/// What the pipeline gave cannot be stored.
#[derive(Debug, thiserror::Error)]
#[error("the output has no JSON: {0}")]
struct Unwritable(#[source] serde_json::Error);

/// What the pipeline gave is more than can be stored.
#[derive(Debug, thiserror::Error)]
#[error(
    "the output has {0} bytes as JSON, of which the store takes {1}: give less, or where it is to be found"
)]
struct TooLarge(usize, usize);

/// What a batch that is an item says of itself cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error("what is said of the item is of another version of antflow: {0}")]
struct UnknownItem(#[source] serde_json::Error);

/// A run of the pipeline, and who waits for its results.
struct Going<In, Out: Send + 'static> {
    handle: Arc<Handle<In, Out>>,
    /// Batches are fed in their order, one at a time, so that it is known which number the item gets: nobody else feeds
    /// the run.
    turns: Turns,
    waiting: Waiting<Out>,
    /// What happens to items, if somebody wants to know.
    trail: Option<Trail>,
    _passing_on: AbortOnDropHandle<()>,
}

/// By the sequence numbers of the items.
type Waiting<Out> = Arc<Mutex<HashMap<u64, oneshot::Sender<PipelineResult<Out>>>>>;

impl<C: Launch<St>, St> PipelineHandler<C, St> {
    pub(super) fn new(pipeline: Pipeline<C, St>) -> Self {
        Self {
            pipeline,
            going: None,
        }
    }

    fn going(&self) -> Result<&Going<C::Input, C::Output>, BoxError> {
        Ok(self.going.as_ref().ok_or("the pipeline was not started")?)
    }
}

impl<In, Out> Going<In, Out>
where
    In: Send + 'static,
    Out: Send + 'static,
{
    /// Lets an item go through the pipeline, unless it is over for what it is in: then its task is dropped with the run.
    async fn process(
        &self,
        item: Item<In>,
        turn: Turn<'_>,
        ctx: &RunContext,
    ) -> Result<PipelineResult<Out>, BoxError> {
        tokio::select! {
            biased;
            result = self.pass(item, turn) => result,
            () = is_over(ctx) => Err(Cancelled.into()),
        }
    }

    async fn pass(&self, item: Item<In>, turn: Turn<'_>) -> Result<PipelineResult<Out>, BoxError> {
        let (sender, result) = oneshot::channel();
        turn.come().await;
        let number = self.handle.submitted();
        lock(&self.waiting).insert(number, sender);
        if let Err(error) = self.handle.feed([item]).await {
            lock(&self.waiting).remove(&number);
            return Err(error.into());
        }
        drop(turn);
        Ok(result.await.map_err(|_| "the pipeline has ended")?)
    }
}

impl<C, St> PipelineHandler<C, St>
where
    C: Launch<St>,
    C::Input: DeserializeOwned,
    C::Output: Serialize,
    St: Send + Sync + 'static,
{
    /// Processes a batch that is a value.
    async fn value(
        &self,
        batch: Batch<Box<RawValue>>,
        turn: Turn<'_>,
        ctx: &RunContext,
    ) -> Result<BatchResult<Box<RawValue>>, BoxError> {
        let value = serde_json::from_str(batch.payload.get()).map_err(Unreadable)?;
        let item = Item::new(value).id(batch.uid.as_str());
        match self.going()?.process(item, turn, ctx).await?.value {
            Ok(output) => Ok(BatchResult::new(to_raw_value(&output).map_err(Unwritable)?)),
            Err(error) if error.is_cancelled() => {
                Ok(BatchResult::nothing().metric("cancelled_items", 1.0))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Processes a batch that is an item of a pipeline that was submitted: it has an outcome, whatever happens.
    async fn item(
        &self,
        batch: Batch<Box<RawValue>>,
        mut note: ItemNote,
        turn: Turn<'_>,
        ctx: &RunContext,
    ) -> Result<BatchResult<Box<RawValue>>, BoxError> {
        let had_ended = note.error.is_some();
        note.happenings.clear();
        let source = batch.source.as_ref();
        let is_fed = source.is_some_and(|source| *source == *ITEMS);
        if let Some(error) = note.error.clone().filter(|_| is_fed) {
            // It could not be stored: that is said here, where its events are.
            note.fail(&error.into());
        }
        let output = if had_ended {
            None
        } else {
            self.outcome(&batch, &mut note, turn, ctx).await?
        };
        let meta = note.meta_within(ctx.max_payload())?;
        ctx.artifacts().upsert_partial(batch.uid, meta)?;
        let output = output.unwrap_or_default();
        let result = BatchResult::new(RawValue::from_string(output.as_str().to_owned())?);
        Ok(match &note.error {
            Some(_) if !had_ended => result.metric("failed_items", 1.0),
            _ => result,
        })
    }

    /// What the stage gives for an item; nothing if the item ends here, which is noted.
    async fn outcome(
        &self,
        batch: &Batch<Box<RawValue>>,
        note: &mut ItemNote,
        turn: Turn<'_>,
        ctx: &RunContext,
    ) -> Result<Option<Payload>, BoxError> {
        let failed = |error: BoxError, type_name| (ItemErrorKind::Failed(error), type_name);
        let unreadable = |error| failed(Unreadable(error).into(), "SchemaMismatch");
        let value = match read(batch.payload.get(), unreadable) {
            Ok(value) => value,
            Err(cause) => {
                note.fail(&self.error(cause));
                return Ok(None);
            }
        };
        let going = self.going()?;
        let result = going.process(note.item.item(value), turn, ctx).await?;
        if let Some(trail) = &going.trail {
            note.happenings = trail.take(result.sequence_id);
        }
        let output = match result.value {
            Ok(output) => output,
            Err(error) => {
                note.error = Some((&error).into());
                return Ok(None);
            }
        };
        let most = ctx.max_payload();
        let written = write(output, |error| {
            failed(Unwritable(error).into(), "BadOutput")
        });
        let written = written.and_then(|output| match output.size() {
            bytes if bytes > most => Err(failed(TooLarge(bytes, most).into(), "BadOutput")),
            _ => Ok(output),
        });
        Ok(written.map_err(|cause| note.fail(&self.error(cause))).ok())
    }

    /// An error that is not the stage's own, in its place.
    fn error(&self, cause: Cause) -> ItemError {
        let stage = self.pipeline.stage_names().into_iter().next();
        ItemError::new(stage.unwrap_or_default().into(), None, None, 1, cause)
    }
}

impl<C, St> Handler for PipelineHandler<C, St>
where
    C: Launch<St>,
    C::Input: DeserializeOwned,
    C::Output: Serialize,
    St: Send + Sync + 'static,
{
    type Input = IgnoredAny;
    type Batch = Box<RawValue>;
    type Output = Box<RawValue>;
    type Error = BoxError;

    async fn init(&mut self, info: &RunInfo) -> Result<(), BoxError> {
        let trail = info.input_inline.contains_key(ITEM).then(Trail::default);
        let handle = match &trail {
            Some(trail) => self.pipeline.clone().observe(trail.clone()).start_sealed(),
            None => self.pipeline.start_sealed(),
        };
        let handle = Arc::new(handle?);
        let waiting = Waiting::default();
        let passing_on = tokio::spawn(pass_on(Arc::clone(&handle), Arc::clone(&waiting)));
        self.going = Some(Going {
            handle,
            turns: Turns::default(),
            waiting,
            trail,
            _passing_on: AbortOnDropHandle::new(passing_on),
        });
        Ok(())
    }

    fn batches(
        &self,
        _: IgnoredAny,
        _: &RunContext,
    ) -> impl Stream<Item = Result<Batch<Box<RawValue>>, BoxError>> + Send {
        futures_util::stream::iter([Err(NoAdapter.into())])
    }

    async fn process_batch(
        &self,
        batch: Batch<Box<RawValue>>,
        ctx: &RunContext,
    ) -> Result<BatchResult<Box<RawValue>>, BoxError> {
        let turn = self.going()?.turns.turn(ctx.turn());
        match ItemNote::read(&batch.meta).map_err(UnknownItem)? {
            Some(note) => self.item(batch, note, turn, ctx).await,
            None => self.value(batch, turn, ctx).await,
        }
    }

    fn classify_error(&self, error: &BoxError) -> ErrorClass {
        if error.is::<StartError>() {
            return ErrorClass::permanent("bad_stage");
        }
        if error.is::<NoAdapter>() {
            return ErrorClass::permanent("bad_input_adapter");
        }
        if error.is::<Unreadable>() || error.is::<UnknownItem>() {
            return ErrorClass::permanent("schema_mismatch");
        }
        if error.is::<Unwritable>() {
            return ErrorClass::permanent("bad_output");
        }
        let kind = error.downcast_ref::<ItemError>().map(ItemError::kind);
        ErrorClass::transient(match kind {
            Some(ItemErrorKind::Failed(_)) => "item_failed",
            Some(ItemErrorKind::Panicked(_)) => "item_panicked",
            Some(ItemErrorKind::TimedOut(_)) => "item_timed_out",
            Some(ItemErrorKind::Cancelled) | None => "unexpected_error",
        })
    }

    async fn cleanup(&self) -> Result<(), BoxError> {
        if let Some(going) = &self.going {
            going.handle.shutdown().await;
        }
        Ok(())
    }
}

/// Waits until nothing that is in hand is wanted any more. A worker that shuts down still has its grace for it.
async fn is_over(ctx: &RunContext) {
    ctx.cancelled().await;
    let cause = ctx.cancel_reason().map(|reason| reason.cause);
    if cause == Some(CancelCause::Shutdown) {
        std::future::pending::<()>().await;
    }
}

/// Gives each result to the batch that waits for it.
async fn pass_on<In, Out>(handle: Arc<Handle<In, Out>>, waiting: Waiting<Out>)
where
    In: Send + 'static,
    Out: Send + 'static,
{
    while let Some(result) = handle.next_result().await {
        let sender = lock(&waiting).remove(&result.sequence_id);
        // A batch that was cut off waits no more.
        if let Some(sender) = sender {
            drop(sender.send(result));
        }
    }
}

/// Nothing that is done under this lock can panic halfway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
