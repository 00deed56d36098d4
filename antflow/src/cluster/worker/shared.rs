use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;

use super::control::Active;
use super::counters::Counters;
use super::dedup::DedupCache;
use super::teller::Teller;
use super::{InputAdapter, WorkerConfig, WorkerEvent, WorkerObserver, WorkerStats};
use crate::cluster::bus::{Bus, Post};
use crate::cluster::handler::ErasedHandler;
use crate::cluster::protocol::{
    Announcement, Capabilities, Capacity, DecodeError, Envelope, Health,
};
use crate::cluster::store::{DeadLetterSource, NewDeadLetter, Offer, Store, StoreError};
use crate::cluster::{Role, RunKey, Timestamp, WorkerKey};

/// Makes a handler for each run.
pub(crate) type Factory = dyn Fn() -> Box<dyn ErasedHandler> + Send + Sync;

/// What a worker has for one of its roles.
pub(super) struct RoleEntry {
    pub(super) factory: Box<Factory>,
    pub(super) fingerprint: Option<String>,
}

/// What all parts of a worker share.
pub(super) struct Shared {
    pub(super) key: WorkerKey,
    pub(super) config: WorkerConfig,
    /// The run that it works on alone, if it does.
    pub(super) run: Option<RunKey>,
    pub(super) roles: BTreeMap<Role, RoleEntry>,
    pub(super) adapters: BTreeMap<String, Arc<dyn InputAdapter>>,
    pub(super) store: Arc<dyn Store>,
    pub(super) bus: Arc<dyn Bus>,
    pub(super) observers: Vec<Arc<dyn WorkerObserver>>,
    pub(super) active: Arc<Active>,
    pub(super) counters: Counters,
    pub(super) teller: Teller,
    pub(super) phase: watch::Sender<Phase>,
    pub(super) dedup: Mutex<DedupCache>,
    pub(super) last_heartbeat: Mutex<Option<(Timestamp, Instant)>>,
}

/// How far a worker is on its way to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// It takes nodes.
    Serving,
    /// It ends those that it has.
    Draining,
    /// It gives back those that it has.
    Stopping,
}

impl Shared {
    pub(super) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Goes on to this phase, and never back.
    pub(super) fn advance(&self, to: Phase) {
        self.phase.send_if_modified(|phase| {
            let is_later = to > *phase;
            *phase = to.max(*phase);
            is_later
        });
    }

    /// Waits for this phase, or a later one.
    pub(super) async fn reached(&self, wanted: Phase) {
        let mut phase = self.phase.subscribe();
        // The sender is `self`, so it is there as long as this waits.
        let _ = phase.wait_for(|phase| *phase >= wanted).await;
    }

    pub(super) fn offers(&self) -> Vec<Offer> {
        let offer = |(role, entry): (&Role, &RoleEntry)| Offer {
            role: role.clone(),
            fingerprint: entry.fingerprint.clone(),
        };
        self.roles.iter().map(offer).collect()
    }

    pub(super) fn announcement(&self, status: &str) -> Announcement {
        let roles: Vec<_> = self.roles.keys().cloned().collect();
        let names: Vec<_> = roles.iter().map(Role::as_str).collect();
        let fingerprint =
            |(role, entry): (&Role, &RoleEntry)| Some((role.clone(), entry.fingerprint.clone()?));
        Announcement {
            worker: self.key.clone(),
            roles_text: names.join(","),
            version: self.config.worker_version.clone(),
            capacity: Capacity {
                tasks: self.config.capacity,
            },
            status: status.to_owned(),
            capabilities: Capabilities {
                fingerprints: self.roles.iter().filter_map(fingerprint).collect(),
                roles,
            },
        }
    }

    /// The word for the phase in announcements.
    pub(super) fn status(&self) -> &'static str {
        match self.phase() {
            Phase::Serving => "online",
            Phase::Draining | Phase::Stopping => "draining",
        }
    }

    pub(super) fn health(&self) -> Health {
        let active = self.active.all();
        Health {
            worker: self.key.clone(),
            roles: self.roles.keys().cloned().collect(),
            busy: active.len() >= self.config.capacity as usize,
            active_task: active.first().map(|control| control.lease.run.clone()),
            last_heartbeat: self.heartbeat().map(|(at, _)| at),
        }
    }

    pub(super) fn stats(&self) -> WorkerStats {
        let age = self.heartbeat().map(|(_, at)| at.elapsed());
        self.counters.snapshot(self.active.count(), age)
    }

    fn heartbeat(&self) -> Option<(Timestamp, Instant)> {
        // A moment is whole whatever panicked beside it.
        *self
            .last_heartbeat
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_heartbeat(&self, at: Timestamp) {
        let mut last = self
            .last_heartbeat
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last = Some((at, Instant::now()));
    }

    /// Something went wrong with the store that its caller can only count.
    pub(super) fn store_error(&self, doing: &str, error: &StoreError) {
        self.counters.store_errors.one();
        self.notify(&WorkerEvent::StoreError { error });
        self.warn(doing, error);
    }

    /// Says what went wrong where no caller hears it.
    #[cfg_attr(
        not(feature = "tracing"),
        expect(clippy::unused_self, reason = "it is said by a feature")
    )]
    pub(super) fn warn(&self, doing: &str, error: &dyn fmt::Display) {
        #[cfg(feature = "tracing")]
        tracing::warn!(worker = %self.key, %error, "{doing} failed");
        #[cfg(not(feature = "tracing"))]
        let _ = (doing, error);
    }

    /// The message of a post, if it can be understood and was not heard before. What cannot be understood goes to the
    /// dead letters.
    pub(super) async fn open(&self, post: &Post) -> Option<Envelope> {
        self.counters.messages.one();
        let envelope = match Envelope::decode(&post.bytes) {
            Ok(envelope) => envelope,
            Err(error) => {
                self.bury(post, error).await;
                return None;
            }
        };
        // Nothing that is done under this lock can panic halfway.
        let mut dedup = self.dedup.lock().unwrap_or_else(PoisonError::into_inner);
        if dedup.is_new(&envelope.dedup_id) {
            return Some(envelope);
        }
        self.counters.repeated_messages.one();
        None
    }

    async fn bury(&self, post: &Post, error: DecodeError) {
        let letter = NewDeadLetter {
            source: DeadLetterSource::Bus(post.topic.to_string()),
            code: error.kind().code().to_owned(),
            reason: error.kind().to_string(),
            raw: error.into_raw().into_vec(),
        };
        self.counters.dead_letters.one();
        if let Err(error) = self.store.bury(letter).await {
            self.store_error("storing a dead letter", &error);
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("id", &self.key)
            .field("roles", &self.roles.keys().collect::<Vec<_>>())
            .field("phase", &self.phase())
            .field("active", &self.active.count())
            .finish_non_exhaustive()
    }
}
