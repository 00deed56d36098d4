use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    Batch, BatchResult, Body, Ended, Handler, RawBatch, RawEnd, RawResult, RunContext, RunInfo,
};
use crate::cluster::protocol::Failure;
use crate::cluster::store::Payload;
use crate::item::{Cancelled, StageError, panic_message};

/// A stream of batches whose type only their handler knows.
pub(crate) type RawBatches<'a> = Pin<Box<dyn Stream<Item = Result<RawBatch, Ended>> + Send + 'a>>;

/// A [`Handler`] of any types: what the worker holds. None of these panics, whatever the handler does.
pub(crate) trait ErasedHandler: Send + Sync {
    fn init_run<'a>(&'a mut self, info: &'a RunInfo) -> BoxFuture<'a, Result<(), Ended>>;

    fn raw_batches<'a>(
        &'a self,
        input: Map<String, Value>,
        ctx: &'a RunContext,
    ) -> Result<RawBatches<'a>, Ended>;

    fn process<'a>(
        &'a self,
        batch: RawBatch,
        ctx: &'a RunContext,
    ) -> BoxFuture<'a, Result<RawResult, Ended>>;

    fn end<'a>(&'a self, ctx: &'a RunContext) -> BoxFuture<'a, Result<RawEnd, Ended>>;

    fn clean(&self) -> BoxFuture<'_, Result<(), String>>;
}

impl<H: Handler> ErasedHandler for H {
    fn init_run<'a>(&'a mut self, info: &'a RunInfo) -> BoxFuture<'a, Result<(), Ended>> {
        Box::pin(async move {
            let result = caught(async { self.init(info).await }).await?;
            result.map_err(|error| ended(self, error))
        })
    }

    fn raw_batches<'a>(
        &'a self,
        input: Map<String, Value>,
        ctx: &'a RunContext,
    ) -> Result<RawBatches<'a>, Ended> {
        let input = read_input::<H::Input>(input)?;
        let made = std::panic::catch_unwind(AssertUnwindSafe(|| self.batches(input, ctx)));
        let batches = AssertUnwindSafe(made.map_err(|panic| panicked(&*panic))?).catch_unwind();
        Ok(Box::pin(batches.map(move |batch| match batch {
            Ok(Ok(batch)) => Ok(RawBatch {
                uid: batch.uid,
                body: Body::Typed(Box::new(batch.payload)),
                meta: batch.meta,
                source: batch.source,
            }),
            Ok(Err(error)) => Err(ended(self, error)),
            Err(panic) => Err(panicked(&*panic)),
        })))
    }

    fn process<'a>(
        &'a self,
        batch: RawBatch,
        ctx: &'a RunContext,
    ) -> BoxFuture<'a, Result<RawResult, Ended>> {
        Box::pin(async move {
            let batch = Batch {
                payload: read_body::<H::Batch>(batch.body)?,
                uid: batch.uid,
                meta: batch.meta,
                source: batch.source,
            };
            let result = caught(async { self.process_batch(batch, ctx).await }).await?;
            write_result(result.map_err(|error| ended(self, error))?)
        })
    }

    fn end<'a>(&'a self, ctx: &'a RunContext) -> BoxFuture<'a, Result<RawEnd, Ended>> {
        Box::pin(async move {
            let result = caught(async { self.finalize(ctx).await }).await?;
            result.map_err(|error| ended(self, error))
        })
    }

    fn clean(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            match caught(async { self.cleanup().await }).await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(chain(&*error.into_boxed())),
                Err(panic) => Err(panic.text()),
            }
        })
    }
}

/// The panic of a future as its failure. The future is made inside as well.
async fn caught<T>(future: impl Future<Output = T> + Send) -> Result<T, Ended> {
    let result = AssertUnwindSafe(future).catch_unwind().await;
    result.map_err(|panic| panicked(&*panic))
}

pub(crate) fn panicked(panic: &(dyn std::any::Any + Send)) -> Ended {
    Ended::Failed(Failure::transient("panicked", panic_message(panic)))
}

/// What an error of the handler is: given up, or failed as it classifies it.
fn ended<H: Handler>(handler: &H, error: H::Error) -> Ended {
    let class = std::panic::catch_unwind(AssertUnwindSafe(|| handler.classify_error(&error)));
    let error = error.into_boxed();
    if is_cancelled(&*error) {
        return Ended::Cancelled(chain(&*error));
    }
    match class {
        Ok(class) => Ended::Failed(Failure {
            code: class.code,
            permanent: class.permanent,
            error: Some(chain(&*error)),
            batch_uid: None,
        }),
        Err(panic) => {
            let panic = panic_message(&*panic);
            let error = format!("{}; and classifying this panicked: {panic}", chain(&*error));
            Ended::Failed(Failure::transient("panicked", error))
        }
    }
}

fn is_cancelled(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).any(<dyn Error>::is::<Cancelled>)
}

/// An error with its sources.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    for source in std::iter::successors(error.source(), |&error| error.source()) {
        let source = source.to_string();
        // Many errors say their source themselves.
        if !text.ends_with(&source) {
            text.push_str(": ");
            text.push_str(&source);
        }
    }
    text
}

fn read_input<T: DeserializeOwned>(input: Map<String, Value>) -> Result<T, Ended> {
    let is_empty = input.is_empty();
    serde_json::from_value(Value::Object(input)).or_else(|error| {
        // `()` and the like are no objects.
        let nothing = is_empty.then(|| serde_json::from_value(Value::Null).ok());
        nothing.flatten().ok_or_else(|| {
            let error = format!("`input_inline` is not what the handler takes: {error}");
            Ended::Failed(Failure::permanent("bad_input", error))
        })
    })
}

fn read_body<T: DeserializeOwned + 'static>(body: Body) -> Result<T, Ended> {
    let wrong = |error: String| Ended::Failed(Failure::permanent("schema_mismatch", error));
    match body {
        Body::Typed(body) => body
            .downcast()
            .map(|body| *body)
            .map_err(|_| wrong("the batch was made by another handler".to_owned())),
        Body::Stored(payload) => payload
            .read()
            .map_err(|error| wrong(format!("the batch is not what the handler takes: {error}"))),
    }
}

fn write_result<T: serde::Serialize>(result: BatchResult<T>) -> Result<RawResult, Ended> {
    let output = result.output.as_ref().map(Payload::of).transpose();
    let output = output.map_err(|error| {
        let error = format!("the output has no JSON: {error}");
        Ended::Failed(Failure::permanent("bad_output", error))
    })?;
    if let Some((name, value)) = result.metrics.iter().find(|(_, value)| !value.is_finite()) {
        let error = format!("the metric `{name}` is {value}, which is not finite");
        return Err(Ended::Failed(Failure::permanent("bad_output", error)));
    }
    Ok(RawResult {
        output,
        metrics: result.metrics,
        checkpoint: result.checkpoint,
    })
}
