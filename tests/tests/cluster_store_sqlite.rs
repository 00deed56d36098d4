//! Does the embedded store keep what every store has to, in a file and in memory?

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use antflow::cluster::store::{SqliteOptions, SqliteStore, Store};
use antflow::cluster::{ManualClock, Timestamp};
use antflow_tests::store_suite::{Bench, Engine};
use tempfile::TempDir;

/// A store in a directory that goes with it, or in memory.
#[derive(Debug)]
struct Embedded {
    clock: Arc<ManualClock>,
    store: SqliteStore,
    _directory: Option<TempDir>,
}

impl Engine for Embedded {
    fn advance(&self, by: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.clock.advance(by);
        Box::pin(ready(()))
    }

    fn another(&self) -> Pin<Box<dyn Future<Output = Arc<dyn Store>> + Send + '_>> {
        let options = options(&self.clock);
        Box::pin(async move {
            let store = match self.store.path() {
                Some(path) => SqliteStore::open(path, options).await.expect("it opens"),
                None => self.store.clone(),
            };
            Arc::new(store) as Arc<dyn Store>
        })
    }
}

fn options(clock: &Arc<ManualClock>) -> SqliteOptions {
    SqliteOptions::default()
        .clock(clock.clone())
        .max_payload(4_096)
        .unsynced()
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_millis(1_700_000_000_000)))
}

fn bench(clock: Arc<ManualClock>, store: SqliteStore, directory: Option<TempDir>) -> Bench {
    Bench {
        store: Arc::new(store.clone()),
        engine: Box::new(Embedded {
            clock,
            store,
            _directory: directory,
        }),
    }
}

async fn in_a_file() -> Bench {
    let clock = clock();
    let directory = tempfile::tempdir().expect("there is room");
    let path = directory.path().join("cluster.db");
    let store = SqliteStore::open(path, options(&clock))
        .await
        .expect("it opens");
    bench(clock, store, Some(directory))
}

async fn in_memory() -> Bench {
    let clock = clock();
    let store = SqliteStore::in_memory(options(&clock)).expect("there is memory");
    bench(clock, store, None)
}

mod file {
    antflow_tests::store_suite!(super::super::in_a_file);
}

mod memory {
    antflow_tests::store_suite!(super::super::in_memory);
}
