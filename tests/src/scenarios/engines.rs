//! The engines that scenarios take place on: those of stores, and those of buses.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use antflow::cluster::bus::{Bus, InProcessBus};
use antflow::cluster::store::{SqliteOptions, SqliteStore, Store};
use tempfile::TempDir;

use super::ground::{Buses, Doing, Stores};
use crate::servers::{Kafka, Nats, Postgres};

/// A file of SQLite, which everybody opens for himself.
#[derive(Debug)]
pub struct File(TempDir);

impl File {
    /// A place for a file.
    ///
    /// # Panics
    /// If there is no room for it.
    #[must_use]
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("there is room"))
    }
}

impl Default for File {
    fn default() -> Self {
        Self::new()
    }
}

impl Stores for File {
    fn open(&self) -> Doing<'_, Arc<dyn Store>> {
        Box::pin(async {
            // What is lost without power is for others to try.
            let options = SqliteOptions::default().unsynced();
            let store = SqliteStore::open(self.0.path().join("cluster.db"), options).await;
            Arc::new(store.expect("it opens")) as Arc<dyn Store>
        })
    }
}

/// The bus of this process, which everybody shares.
#[derive(Debug, Default)]
pub struct InProcess(InProcessBus);

impl Buses for InProcess {
    fn open(&self) -> Doing<'_, Arc<dyn Bus>> {
        Box::pin(async { Arc::new(self.0.clone()) as Arc<dyn Bus> })
    }
}

/// Connects to the server of a URL.
pub type Connect<T> = fn(String) -> Doing<'static, Arc<T>>;

/// A server, and a place there that no other case uses: a `Served<dyn Store>` or a `Served<dyn Bus>`.
pub struct Served<T: ?Sized> {
    url: String,
    connect: Connect<T>,
    own: Option<Mutex<Box<dyn Server>>>,
}

/// A server that can crash.
pub trait Server: fmt::Debug + Send {
    /// Ends it as `kill -9` does, and starts it again.
    fn crash(&mut self);
}

impl<T: ?Sized> Served<T> {
    /// A server that others use too.
    #[must_use]
    pub fn shared(url: String, connect: Connect<T>) -> Self {
        Self {
            url,
            connect,
            own: None,
        }
    }

    /// A server that is this case's alone.
    #[must_use]
    pub fn own(url: String, connect: Connect<T>, server: impl Server + 'static) -> Self {
        Self {
            own: Some(Mutex::new(Box::new(server))),
            ..Self::shared(url, connect)
        }
    }

    fn crash(&self) {
        let own = self.own.as_ref().expect("it has a server of its own");
        own.lock().unwrap_or_else(PoisonError::into_inner).crash();
    }
}

impl<T: ?Sized> fmt::Debug for Served<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served")
            .field("url", &self.url)
            .field("own", &self.own)
            .finish_non_exhaustive()
    }
}

impl Stores for Served<dyn Store> {
    fn open(&self) -> Doing<'_, Arc<dyn Store>> {
        (self.connect)(self.url.clone())
    }

    fn restart(&self) {
        self.crash();
    }
}

impl Buses for Served<dyn Bus> {
    fn open(&self) -> Doing<'_, Arc<dyn Bus>> {
        (self.connect)(self.url.clone())
    }

    fn restart(&self) {
        self.crash();
    }
}

macro_rules! servers {
    ($($server:ty)*) => {
        $(impl Server for $server {
            fn crash(&mut self) {
                self.kill();
                self.restart();
            }
        })*
    };
}

servers! { Postgres Nats Kafka }
