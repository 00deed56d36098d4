use std::fmt;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::function::control::Active;
use super::function::{FunctionCall, FunctionError, Functions, built_in, of};
use super::say::Mouth;
use super::shared::Shared;
use super::stats::Counters;
use super::{Coordinator, CoordinatorConfig};
use crate::cluster::WorkerKey;
use crate::cluster::build::{BuildError, Place, said_of};
use crate::cluster::bus::Bus;
use crate::cluster::store::{Finish, Store};
use crate::cluster::vars::{DefaultDetector, Sensitive, VarsLimits};

/// Makes a [`Coordinator`].
#[must_use]
pub struct CoordinatorBuilder {
    config: CoordinatorConfig,
    pub(in crate::cluster) place: Place,
    functions: Functions,
    vars_limits: VarsLimits,
    detector: Arc<dyn Sensitive>,
}

impl CoordinatorBuilder {
    pub(super) fn new() -> Self {
        Self {
            config: CoordinatorConfig::default(),
            place: Place::default(),
            functions: built_in(),
            vars_limits: VarsLimits::default(),
            detector: Arc::new(DefaultDetector),
        }
    }

    /// Sets the configuration, in place of the defaults.
    pub fn config(mut self, config: CoordinatorConfig) -> Self {
        self.config = config;
        self
    }

    /// Sets the store. Required.
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.place.store = Some(store);
        self
    }

    /// Sets the bus. Required; [`InProcessBus`](crate::cluster::bus::InProcessBus) will do where nobody else is.
    pub fn bus(mut self, bus: Arc<dyn Bus>) -> Self {
        self.place.bus = Some(bus);
        self
    }

    /// Adds a function that graphs may name in `io.fn`, or replaces one of antflow.
    ///
    /// ```
    /// use antflow::cluster::coordinator::{Coordinator, FunctionCall, FunctionError};
    /// use antflow::cluster::store::Finish;
    /// use antflow::cluster::vars::VarsOp;
    /// use serde_json::{Map, json};
    ///
    /// let builder = Coordinator::builder().function("greet", |call: FunctionCall| async move {
    ///     let name: String = call.args::<Map<_, _>>()?
    ///         .get("name")
    ///         .and_then(|name| name.as_str().map(ToOwned::to_owned))
    ///         .ok_or_else(|| FunctionError::permanent("bad_input", "write `name`"))?;
    ///     let greeting = Map::from_iter([("greeting".to_owned(), json!(format!("hello {name}")))]);
    ///     Ok(Finish { vars: vec![VarsOp::Set(greeting)], ..Finish::default() })
    /// });
    /// ```
    pub fn function<F>(
        mut self,
        name: impl Into<String>,
        function: impl Fn(FunctionCall) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Finish, FunctionError>> + Send + 'static,
    {
        self.functions.insert(name.into(), of(function));
        self
    }

    /// Sets how large changes of variables may be.
    pub fn vars_limits(mut self, limits: VarsLimits) -> Self {
        self.vars_limits = limits;
        self
    }

    /// Sets who says which values of variables look like secrets.
    pub fn detector(mut self, detector: impl Sensitive + 'static) -> Self {
        self.detector = Arc::new(detector);
        self
    }

    /// Makes the coordinator. It does nothing before it is [started](Coordinator::start).
    ///
    /// # Errors
    /// Everything that is wrong, at once: no store, no bus, and what [`CoordinatorConfig::check`] finds.
    pub fn build(self) -> Result<Coordinator, BuildError> {
        let (store, bus) = self.place.engines(said_of(self.config.check()))?;
        let (mouth, waiting) = Mouth::new();
        let key = self.config.coordinator_id.clone();
        let shared = Shared {
            key: key.unwrap_or_else(|| {
                let drawn = WorkerKey::random();
                drawn.as_str().replacen("worker-", "coordinator-", 1).into()
            }),
            config: self.config,
            store,
            bus,
            functions: self.functions,
            vars_limits: self.vars_limits,
            detector: self.detector,
            active: Active::default(),
            counters: Counters::default(),
            mouth,
            waiting,
            work: Notify::new(),
            workers: Notify::new(),
            stop: CancellationToken::new(),
        };
        Ok(Coordinator {
            shared: Arc::new(shared),
        })
    }
}

impl fmt::Debug for CoordinatorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoordinatorBuilder")
            .field("config", &self.config)
            .field("functions", &self.functions.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
