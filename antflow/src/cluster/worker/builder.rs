use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::control::Active;
use super::counters::Counters;
use super::dedup::DedupCache;
use super::shared::{Factory, Phase, RoleEntry, Shared};
use super::teller::Teller;
use super::{InputAdapter, Worker, WorkerConfig, WorkerObserver};
use crate::cluster::build::{BuildError, Place, said_of};
use crate::cluster::bus::Bus;
use crate::cluster::handler::{ErasedHandler, Handler};
use crate::cluster::nearest::suggestion;
use crate::cluster::store::Store;
use crate::cluster::{Role, RunKey, WorkerKey};

/// Makes a [`Worker`].
#[must_use]
pub struct WorkerBuilder {
    pub(in crate::cluster) config: WorkerConfig,
    pub(in crate::cluster) place: Place,
    run: Option<RunKey>,
    roles: BTreeMap<Role, RoleEntry>,
    adapters: BTreeMap<String, Arc<dyn InputAdapter>>,
    observers: Vec<Arc<dyn WorkerObserver>>,
    mistakes: Vec<String>,
}

impl WorkerBuilder {
    pub(super) fn new() -> Self {
        Self {
            config: WorkerConfig::default(),
            place: Place::default(),
            run: None,
            roles: BTreeMap::new(),
            adapters: BTreeMap::new(),
            observers: Vec::new(),
            mistakes: Vec::new(),
        }
    }

    /// Sets the configuration, in place of the defaults.
    pub fn config(mut self, config: WorkerConfig) -> Self {
        self.config = config;
        self
    }

    /// Lets it work on this run alone.
    pub(crate) fn of_run(mut self, run: RunKey) -> Self {
        self.run = Some(run);
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

    /// Gives a role its handler: `make`, such as `Processor::default`, makes one for each run of a node.
    pub fn handler<H: Handler>(
        self,
        role: impl Into<Role>,
        make: impl Fn() -> H + Send + Sync + 'static,
    ) -> Self {
        self.entry(role.into(), make, None)
    }

    /// As [`handler`](Self::handler), with the fingerprint of its types: nodes that ask for another one are left to
    /// other workers.
    pub fn handler_of<H: Handler>(
        self,
        role: impl Into<Role>,
        fingerprint: impl Into<String>,
        make: impl Fn() -> H + Send + Sync + 'static,
    ) -> Self {
        self.entry(role.into(), make, Some(fingerprint.into()))
    }

    fn entry<H: Handler>(
        self,
        role: Role,
        make: impl Fn() -> H + Send + Sync + 'static,
        fingerprint: Option<String>,
    ) -> Self {
        let factory = Box::new(move || -> Box<dyn ErasedHandler> { Box::new(make()) });
        self.enter(role, factory, fingerprint)
    }

    /// As [`handler_of`](Self::handler_of), of a handler whose types are not known here.
    pub(crate) fn enter(
        mut self,
        role: Role,
        factory: Box<Factory>,
        fingerprint: Option<String>,
    ) -> Self {
        if self.roles.contains_key(&role) {
            self.mistakes
                .push(format!("the role `{role}` has two handlers: keep one"));
        }
        let entry = RoleEntry {
            factory,
            fingerprint,
        };
        self.roles.insert(role, entry);
        self
    }

    /// Adds an input adapter that graphs may name.
    pub fn adapter(mut self, name: impl Into<String>, adapter: impl InputAdapter) -> Self {
        self.adapters.insert(name.into(), Arc::new(adapter));
        self
    }

    /// Adds somebody who hears what the worker does. Several hear it in the order in which they were added.
    pub fn observe(mut self, observer: impl WorkerObserver) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Makes the worker. It does nothing before it is [started](Worker::start).
    ///
    /// # Errors
    /// Everything that is wrong, at once: no store, no bus, no handlers, roles of the configuration without a handler,
    /// and what [`WorkerConfig::check`] finds.
    pub fn build(mut self) -> Result<Worker, BuildError> {
        let mut mistakes = std::mem::take(&mut self.mistakes);
        mistakes.extend(said_of(self.config.check()));
        self.choose_roles(&mut mistakes);
        let (store, bus) = self.place.engines(mistakes)?;
        let (teller, waiting) = Teller::new();
        let key = self.config.worker_id.clone();
        let dedup = DedupCache::new(self.config.dedup_cache_size, self.config.dedup_ttl);
        let shared = Shared {
            key: key.unwrap_or_else(WorkerKey::random),
            config: self.config,
            run: self.run,
            roles: self.roles,
            adapters: self.adapters,
            store,
            bus,
            observers: self.observers,
            active: Arc::new(Active::default()),
            counters: Counters::default(),
            teller,
            phase: watch::Sender::new(Phase::Serving),
            dedup: Mutex::new(dedup),
            last_heartbeat: Mutex::new(None),
        };
        Ok(Worker {
            shared: Arc::new(shared),
            waiting,
        })
    }

    /// Keeps the roles that the configuration names, if it names some.
    fn choose_roles(&mut self, mistakes: &mut Vec<String>) {
        if self.roles.is_empty() {
            mistakes.push("there is no handler: call `handler` for each role".to_owned());
        }
        let wanted = &self.config.roles;
        if wanted.is_empty() {
            return;
        }
        for role in wanted {
            if !self.roles.contains_key(role) {
                let near = suggestion(role.as_str(), self.roles.keys().map(Role::as_str));
                mistakes.push(format!("the role `{role}` has no handler{near}"));
            }
        }
        self.roles.retain(|role, _| wanted.contains(role));
    }
}

impl fmt::Debug for WorkerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerBuilder")
            .field("config", &self.config)
            .field("roles", &self.roles.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
