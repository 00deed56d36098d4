use std::time::Duration;

use rusqlite::Connection;

use super::*;
use crate::cluster::graph::{Catalog, Graph, Node};
use crate::cluster::store::{
    BatchCommit, ClaimRequest, CommitRequest, Finish, NewArtifact, NewRun, Offer, Payload,
    QueryStore, Retention, SteerStore, TellStore, WorkStore,
};

fn run(id: &str) -> NewRun {
    let graph = Graph::new([Node::new("a", "r")], &Catalog::any()).unwrap();
    let mut run = NewRun::new(graph);
    run.id = id.into();
    run
}

/// A file that is removed with those beside it.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let name = format!("antflow-{name}-{}.db", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let mut path = self.0.clone().into_os_string();
            path.push(end);
            // Those beside it go with the last connection.
            drop(std::fs::remove_file(path));
        }
    }
}

#[tokio::test]
async fn whoever_cannot_write_says_so_and_goes_on_later() {
    let file = File::new("locked");
    let options = SqliteOptions::default().patience(Duration::from_millis(5));
    let store = SqliteStore::open(&file.0, options).await.unwrap();
    let other = Connection::open(&file.0).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.submit(run("1")).await.unwrap_err();
    assert!(
        error.is_transient() && error.to_string().contains("locked"),
        "{error}"
    );
    let counts = store.counts().await;
    assert!(counts.is_ok(), "whoever reads does not wait");
    other.execute_batch("ROLLBACK").unwrap();
    assert!(store.submit(run("1")).await.unwrap().is_new);
}

#[tokio::test]
async fn one_that_is_refused_does_not_undo_the_others_of_its_group() {
    let file = File::new("group");
    let options = SqliteOptions::default().unsynced();
    let store = SqliteStore::open(&file.0, options).await.unwrap();
    let connection = Connection::open(&file.0).unwrap();
    // While somebody else writes, what comes waits, and is one group afterwards.
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let submits = (0..30).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut new = run(&format!("{}", n / 2));
            new.params.insert("odd".into(), (n % 2).into());
            store.submit(new).await.is_ok()
        })
    });
    let mut submits: Vec<_> = submits.collect();
    let refused = store.clone();
    submits.push(tokio::spawn(async move {
        let work = |tx: &Tx<'_>| -> Done<()> {
            tx.write("INSERT INTO settings (name, value) VALUES ('x', 'y')", [])?;
            Err(crate::cluster::store::stored::not_found("run", &"x").into())
        };
        refused.write(work).await.is_ok()
    }));
    tokio::task::yield_now().await;
    connection.execute_batch("ROLLBACK").unwrap();
    let mut well = 0;
    for submit in submits {
        well += usize::from(submit.await.unwrap());
    }
    assert_eq!(well, 15, "of two with one id the first");
    assert_eq!(store.counts().await.unwrap().runs["running"], 15);
    let left = store.read(|tx| {
        tx.one("SELECT count(*) FROM settings", [], |row| {
            row.get::<_, i64>(0)
        })
    });
    assert_eq!(left.await.unwrap(), Some(0), "what was refused is undone");
}

#[tokio::test]
async fn a_panic_fails_its_operation_alone() {
    let file = File::new("panic");
    let options = SqliteOptions::default().unsynced();
    let store = SqliteStore::open(&file.0, options).await.unwrap();
    let failed = store
        .write(|_| -> Done<()> { panic!("as a mistake would") })
        .await;
    assert!(matches!(failed, Err(StoreError::Unavailable { .. })));
    assert!(store.submit(run("1")).await.unwrap().is_new);
}

#[test]
fn a_store_can_be_sent_and_shared() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<SqliteStore>();
    shared::<SqliteOptions>();
}

/// What every worker and coordinator asks for again and again reads by an index, and never a whole table.
#[test]
fn nothing_that_is_asked_often_reads_a_whole_table() {
    let mut connection = connection::in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    let sources = [
        include_str!("batches.rs"),
        include_str!("claim.rs"),
        include_str!("end.rs"),
        include_str!("lease.rs"),
        include_str!("outbox.rs"),
        include_str!("read.rs"),
        include_str!("settling.rs"),
        include_str!("submit.rs"),
    ];
    let mut seen = 0;
    for source in sources {
        let statements = source.split('"').skip(1).step_by(2);
        let whole = statements.filter(|text| {
            ["SELECT", "UPDATE", "INSERT"]
                .iter()
                .any(|verb| text.starts_with(verb))
                && (text.contains("WHERE") || text.contains("VALUES"))
        });
        for statement in whole {
            let mut plan = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
                .unwrap();
            let unset = vec![rusqlite::types::Null; plan.parameter_count()];
            let steps = plan.query_map(rusqlite::params_from_iter(unset), |row| {
                row.get::<_, String>(3)
            });
            for step in steps.unwrap() {
                let step = step.unwrap();
                assert!(!step.starts_with("SCAN"), "{step}: {statement}");
            }
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} statements were found");
}

#[tokio::test]
async fn nothing_is_left_of_a_run_that_was_removed() {
    let file = File::new("removed");
    let options = SqliteOptions::default().unsynced();
    let store = SqliteStore::open(&file.0, options).await.unwrap();
    let run = store.submit(run("1")).await.unwrap().run;
    let request = ClaimRequest {
        worker: "w".into(),
        offers: vec![Offer {
            role: "r".into(),
            fingerprint: None,
        }],
        run: None,
        slots: 1,
        ttl: Duration::from_secs(60),
    };
    let lease = store.claim(request).await.unwrap().remove(0).lease;
    let commit = CommitRequest {
        lease: lease.clone(),
        batches: vec![BatchCommit {
            uid: "x".into(),
            artifacts: vec![NewArtifact {
                uid: "x".into(),
                payload: Payload::default(),
                meta: serde_json::Map::new(),
            }],
            metrics: std::collections::BTreeMap::new(),
        }],
        cursors: Vec::new(),
        checkpoint: Some(Payload::default()),
    };
    drop(store.commit(commit).await.unwrap());
    drop(store.finish(lease, Finish::default()).await.unwrap());
    let said = store.outbox_take(100, Duration::ZERO).await.unwrap();
    let ids = said.iter().map(|event| event.id).collect();
    store.outbox_sent(ids).await.unwrap();
    let retention = Retention {
        runs: Some(Duration::ZERO),
        events: None,
        dead_letters: None,
        workers: None,
    };
    while store.run(run.clone()).await.is_ok() {
        // What ended in this very millisecond is not older than nothing.
        store.purge(retention, 1_000).await.unwrap();
    }
    let tables = "runs nodes artifacts batches cursors checkpoints outbox remains";
    for table in tables.split(' ') {
        let count = format!("SELECT count(*) FROM {table}");
        let rows = store.read(move |tx| tx.one(&count, [], |row| row.get::<_, i64>(0)));
        assert_eq!(rows.await.unwrap(), Some(0), "{table}");
    }
}
