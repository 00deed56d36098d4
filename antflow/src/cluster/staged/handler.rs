use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_core::Stream;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use crate::cluster::handler::{Batch, BatchResult, ErrorClass, Handler, RunContext, RunInfo};
use crate::item::{BoxError, Item, ItemError, ItemErrorKind, PipelineResult};
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

/// A run of the pipeline, and who waits for its results.
struct Going<In, Out: Send + 'static> {
    handle: Arc<Handle<In, Out>>,
    waiting: Waiting<Out>,
    _passing_on: AbortOnDropHandle<()>,
}

/// By the ids of the batches.
type Waiting<Out> = Arc<Mutex<HashMap<String, oneshot::Sender<PipelineResult<Out>>>>>;

impl<C: Launch<St>, St> PipelineHandler<C, St> {
    pub(super) fn new(pipeline: Pipeline<C, St>) -> Self {
        Self {
            pipeline,
            going: None,
        }
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
    type Batch = C::Input;
    type Output = C::Output;
    type Error = BoxError;

    async fn init(&mut self, _: &RunInfo) -> Result<(), BoxError> {
        let handle = Arc::new(self.pipeline.start()?);
        let waiting = Waiting::default();
        let passing_on = tokio::spawn(pass_on(Arc::clone(&handle), Arc::clone(&waiting)));
        self.going = Some(Going {
            handle,
            waiting,
            _passing_on: AbortOnDropHandle::new(passing_on),
        });
        Ok(())
    }

    fn batches(
        &self,
        _: IgnoredAny,
        _: &RunContext,
    ) -> impl Stream<Item = Result<Batch<C::Input>, BoxError>> + Send {
        futures_util::stream::iter([Err(NoAdapter.into())])
    }

    async fn process_batch(
        &self,
        batch: Batch<C::Input>,
        _: &RunContext,
    ) -> Result<BatchResult<C::Output>, BoxError> {
        let going = self.going.as_ref().ok_or("the pipeline was not started")?;
        let (sender, result) = oneshot::channel();
        let id = batch.uid.as_str().to_owned();
        lock(&going.waiting).insert(id.clone(), sender);
        let item = Item::new(batch.payload).id(id.clone());
        if let Err(error) = going.handle.feed([item]).await {
            lock(&going.waiting).remove(&id);
            return Err(error.to_string().into());
        }
        let result = result.await.map_err(|_| "the pipeline has ended")?;
        match result.value {
            Ok(output) => Ok(BatchResult::new(output)),
            Err(error) if matches!(error.kind(), ItemErrorKind::Cancelled) => {
                Ok(BatchResult::nothing().metric("cancelled_items", 1.0))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn classify_error(&self, error: &BoxError) -> ErrorClass {
        if error.is::<StartError>() {
            return ErrorClass::permanent("bad_stage");
        }
        if error.is::<NoAdapter>() {
            return ErrorClass::permanent("bad_input_adapter");
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

/// Gives each result to the batch that waits for it.
async fn pass_on<In, Out>(handle: Arc<Handle<In, Out>>, waiting: Waiting<Out>)
where
    In: Send + 'static,
    Out: Send + 'static,
{
    while let Some(result) = handle.next_result().await {
        let sender = lock(&waiting).remove(&result.id.to_string());
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
