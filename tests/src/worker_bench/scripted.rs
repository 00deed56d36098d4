use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use antflow::BoxError;
use antflow::cluster::handler::{
    Batch, BatchResult, ErrorClass, Finalization, Handler, RunContext, RunInfo,
};
use futures::stream::{self, Stream};
use serde_json::{Map, Value, json};

use crate::Log;

type Made = Vec<(String, Value)>;
type Working = Pin<Box<dyn Future<Output = Result<BatchResult<Value>, BoxError>> + Send>>;
type Work = dyn Fn(Batch<Value>, RunContext) -> Working + Send + Sync;
type End = dyn Fn(&RunContext) -> Result<Finalization, BoxError> + Send + Sync;

/// A handler that does what a test says, and writes down what is asked of it.
#[derive(Clone)]
pub struct Scripted {
    /// What was asked: `init`, `batches`, the ids of the batches, `finalize`, `cleanup`.
    pub log: Log<String>,
    batches: Arc<dyn Fn(&RunContext) -> Made + Send + Sync>,
    work: Arc<Work>,
    end: Arc<End>,
    fails_to_init: bool,
    living: Arc<AtomicUsize>,
}

/// An error that says itself how it is classified.
#[derive(Debug, thiserror::Error)]
#[error("{code} as planned")]
pub struct Planned {
    /// Its code.
    pub code: &'static str,
    /// Is there no point in trying again?
    pub permanent: bool,
}

impl Default for Scripted {
    fn default() -> Self {
        Self {
            log: Log::new(),
            batches: Arc::new(|_| Vec::new()),
            work: Arc::new(|batch, _| Box::pin(async { Ok(BatchResult::new(batch.payload)) })),
            end: Arc::new(|_| Ok(Finalization::default())),
            fails_to_init: false,
            living: Arc::default(),
        }
    }
}

impl Scripted {
    /// Makes batches `b0`, `b1`, ... with their numbers as payload, and gives them back.
    #[must_use]
    pub fn counting(batches: u64) -> Self {
        Self::default().makes(move |_| (0..batches).map(|n| (format!("b{n}"), json!(n))).collect())
    }

    /// Sets what batches it makes.
    #[must_use]
    pub fn makes(mut self, batches: impl Fn(&RunContext) -> Made + Send + Sync + 'static) -> Self {
        self.batches = Arc::new(batches);
        self
    }

    /// Sets what it does with a batch.
    #[must_use]
    pub fn works<F>(
        mut self,
        work: impl Fn(Batch<Value>, RunContext) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<BatchResult<Value>, BoxError>> + Send + 'static,
    {
        self.work = Arc::new(move |batch, ctx| Box::pin(work(batch, ctx)));
        self
    }

    /// Sets what it says at the end.
    #[must_use]
    pub fn ends(
        mut self,
        end: impl Fn(&RunContext) -> Result<Finalization, BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.end = Arc::new(end);
        self
    }

    /// Lets `init` fail.
    #[must_use]
    pub fn fails_to_init(mut self) -> Self {
        self.fails_to_init = true;
        self
    }

    /// How many were set up and not cleaned up.
    #[must_use]
    pub fn living(&self) -> usize {
        self.living.load(Ordering::SeqCst)
    }

    /// How often this was asked.
    #[must_use]
    pub fn times(&self, what: &str) -> usize {
        self.log
            .entries()
            .iter()
            .filter(|entry| *entry == what)
            .count()
    }
}

impl Handler for Scripted {
    type Input = Map<String, Value>;
    type Batch = Value;
    type Output = Value;
    type Error = BoxError;

    async fn init(&mut self, _: &RunInfo) -> Result<(), BoxError> {
        self.log.push("init".to_owned());
        self.living.fetch_add(1, Ordering::SeqCst);
        if self.fails_to_init {
            return Err(Planned {
                code: "no_pool",
                permanent: true,
            }
            .into());
        }
        Ok(())
    }

    fn batches(
        &self,
        _: Map<String, Value>,
        ctx: &RunContext,
    ) -> impl Stream<Item = Result<Batch<Value>, BoxError>> + Send {
        self.log.push("batches".to_owned());
        let made = (self.batches)(ctx).into_iter();
        stream::iter(made.map(|(uid, payload)| Ok(Batch::new(uid, payload))))
    }

    async fn process_batch(
        &self,
        batch: Batch<Value>,
        ctx: &RunContext,
    ) -> Result<BatchResult<Value>, BoxError> {
        self.log.push(batch.uid.to_string());
        (self.work)(batch, ctx.clone()).await
    }

    async fn finalize(&self, ctx: &RunContext) -> Result<Finalization, BoxError> {
        self.log.push("finalize".to_owned());
        (self.end)(ctx)
    }

    fn classify_error(&self, error: &BoxError) -> ErrorClass {
        match error.downcast_ref::<Planned>() {
            Some(Planned { code, permanent }) => ErrorClass {
                code: (*code).into(),
                permanent: *permanent,
            },
            None => ErrorClass::transient("unexpected_error"),
        }
    }

    async fn cleanup(&self) -> Result<(), BoxError> {
        self.log.push("cleanup".to_owned());
        self.living.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted")
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}
