//! Databases of their own, whose clock stands still until it is moved.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use antflow::cluster::graph::{Catalog, Graph, Node};
use antflow::cluster::store::{
    BatchCommit, CommitRequest, Lease, NewArtifact, NewRun, Payload, PostgresOptions,
    PostgresStore, ReadRequest, Store,
};
use antflow::cluster::{NodeId, RunKey};
use antflow_tests::servers::Postgres;
use antflow_tests::store_suite::{Bench, Engine};

/// A database that nobody else uses.
#[derive(Debug)]
pub(crate) struct Database {
    url: String,
    now: AtomicI64,
}

impl Database {
    /// Lets the server's clock stand at this moment.
    fn set_clock(&self, now: i64) {
        let statement = format!(
            "CREATE OR REPLACE FUNCTION antflow.clock_ms() RETURNS bigint LANGUAGE sql VOLATILE
             AS 'SELECT {now}::bigint'"
        );
        Postgres::shared().psql(&self.url, &statement);
        self.now.store(now, Ordering::SeqCst);
    }
}

impl Engine for Database {
    fn advance(&self, by: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let by = i64::try_from(by.as_millis()).expect("it is no long time");
        self.set_clock(self.now.load(Ordering::SeqCst) + by);
        Box::pin(ready(()))
    }

    fn another(&self) -> Pin<Box<dyn Future<Output = Arc<dyn Store>> + Send + '_>> {
        Box::pin(async { Arc::new(open(&self.url).await) as Arc<dyn Store> })
    }
}

/// Opens a store for cases of the suite.
pub(crate) async fn open(url: &str) -> PostgresStore {
    let options = PostgresOptions::default().max_payload(4_096).connections(4);
    PostgresStore::connect(url, options)
        .await
        .expect("it opens")
}

/// An empty store.
pub(crate) async fn fresh() -> Bench {
    let url = Postgres::shared().database();
    let store = open(&url).await;
    let database = Database {
        url,
        now: AtomicI64::default(),
    };
    database.set_clock(1_700_000_000_000);
    Bench {
        store: Arc::new(store),
        engine: Box::new(database),
    }
}

/// A run of these nodes.
pub(crate) fn run_of(nodes: impl IntoIterator<Item = Node>) -> NewRun {
    NewRun::new(Graph::new(nodes, &Catalog::any()).expect("this is a graph"))
}

/// A batch with one artifact.
pub(crate) fn batch(uid: &str) -> BatchCommit {
    BatchCommit {
        uid: uid.into(),
        artifacts: vec![NewArtifact {
            uid: uid.into(),
            payload: Payload::default(),
            meta: Default::default(),
        }],
        metrics: Default::default(),
    }
}

/// A commit of one batch.
pub(crate) fn commit(lease: &Lease, uid: &str) -> CommitRequest {
    CommitRequest {
        lease: lease.clone(),
        batches: vec![batch(uid)],
        cursors: Vec::new(),
        checkpoint: None,
    }
}

/// A question for all artifacts of a node.
pub(crate) fn all_of(run: &RunKey, node: &NodeId) -> ReadRequest {
    ReadRequest {
        run: run.clone(),
        source: node.clone(),
        after_seq: 0,
        partition: None,
        limit: 1_000,
        max_bytes: usize::MAX,
    }
}
