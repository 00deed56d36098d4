//! What becomes of the file of an embedded store: opened again, by two at once, by another version, by mistake?

use std::path::Path;
use std::sync::Arc;

use antflow::cluster::graph::{Catalog, Graph, Node};
use antflow::cluster::state::NodeState;
use antflow::cluster::store::{
    BatchCommit, ClaimRequest, CommitRequest, NewArtifact, NewRun, Offer, Payload, QueryStore,
    ReadRequest, SqliteOptions, SqliteStore, SteerStore, StoreError, WorkStore,
};
use antflow_tests::{seconds, within};

async fn open(path: &Path) -> SqliteStore {
    let options = SqliteOptions::default().unsynced();
    SqliteStore::open(path, options).await.expect("it opens")
}

fn run_of(nodes: impl IntoIterator<Item = Node>) -> NewRun {
    NewRun::new(Graph::new(nodes, &Catalog::any()).expect("this is a graph"))
}

fn request(worker: &str) -> ClaimRequest {
    ClaimRequest {
        worker: worker.into(),
        offers: vec![Offer {
            role: "r".into(),
            fingerprint: None,
        }],
        run: None,
        slots: 1,
        ttl: seconds(60),
    }
}

fn batch(uid: &str) -> BatchCommit {
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

#[tokio::test]
async fn what_was_written_is_there_when_the_file_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cluster.db");
    let store = open(&path).await;
    assert_eq!(store.path(), Some(&*path));
    let run = store
        .submit(run_of([Node::new("a", "r")]))
        .await
        .unwrap()
        .run;
    let lease = store.claim(request("w")).await.unwrap().remove(0).lease;
    drop(store);
    let store = open(&path).await;
    let commit = CommitRequest {
        lease,
        batches: vec![batch("x")],
        cursors: Vec::new(),
        checkpoint: Some(Payload::default()),
    };
    store.commit(commit).await.unwrap();
    let node = store.node(run.clone(), "a".into()).await.unwrap();
    drop(store);
    let store = open(&path).await;
    assert_eq!(store.node(run, "a".into()).await.unwrap(), node);
    assert_eq!((node.state, node.totals.artifacts), (NodeState::Running, 1));
}

#[tokio::test]
async fn files_of_others_and_of_newer_versions_are_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    std::fs::write(&path, "these are notes, and no database at all".repeat(100)).unwrap();
    let before = std::fs::read(&path).unwrap();
    let refused = SqliteStore::open(&path, SqliteOptions::default()).await;
    assert!(
        matches!(refused, Err(StoreError::Corrupt { .. })),
        "{refused:?}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);

    let path = directory.path().join("cluster.db");
    drop(open(&path).await);
    // Where SQLite keeps `user_version`, as a number of four bytes.
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[60..64].copy_from_slice(&77_u32.to_be_bytes());
    std::fs::write(&path, &bytes).unwrap();
    let refused = SqliteStore::open(&path, SqliteOptions::default()).await;
    let error = refused.unwrap_err();
    assert!(
        matches!(error, StoreError::Newer { found: 77, .. }),
        "{error:?}"
    );
    // Where it keeps `application_id`.
    bytes[68..72].copy_from_slice(&[0; 4]);
    std::fs::write(&path, &bytes).unwrap();
    let error = SqliteStore::open(&path, SqliteOptions::default())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("another program"), "{error}");

    let path = directory.path().join("nowhere").join("cluster.db");
    let error = SqliteStore::open(&path, SqliteOptions::default())
        .await
        .unwrap_err();
    assert!(
        error.is_transient() && error.to_string().contains("directory"),
        "{error}"
    );
}

#[tokio::test]
async fn many_may_open_a_new_file_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cluster.db");
    let opening = (0..8).map(|_| {
        let path = path.clone();
        tokio::spawn(async move { open(&path).await })
    });
    let mut stores = Vec::new();
    for store in opening.collect::<Vec<_>>() {
        stores.push(store.await.unwrap());
    }
    let run = stores[0]
        .submit(run_of([Node::new("a", "r")]))
        .await
        .unwrap()
        .run;
    for store in &stores {
        assert!(!store.run(run.clone()).await.unwrap().state.is_terminal());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_on_one_file_do_each_thing_once() {
    const NODES: usize = 12;
    const BATCHES: usize = 25;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cluster.db");
    let stores = [Arc::new(open(&path).await), Arc::new(open(&path).await)];
    let nodes = (0..NODES).map(|n| Node::new(format!("n{n}"), "r"));
    let run = stores[0].submit(run_of(nodes)).await.unwrap().run;
    let workers = (0..6).map(|worker| {
        let store = stores[worker % 2].clone();
        tokio::spawn(async move {
            let mut claims = 0;
            while let Some(given) = store
                .claim(request(&format!("w{worker}")))
                .await
                .unwrap()
                .pop()
            {
                claims += 1;
                for n in 0..BATCHES {
                    let commit = CommitRequest {
                        lease: given.lease.clone(),
                        // Each one twice: the second time with the next.
                        batches: [n.saturating_sub(1), n]
                            .map(|n| batch(&format!("{n}")))
                            .into(),
                        cursors: Vec::new(),
                        checkpoint: None,
                    };
                    let committed = store.commit(commit).await.unwrap();
                    assert_eq!(committed.last_seq, n as u64 + 1);
                }
                drop(store.finish(given.lease, Default::default()).await.unwrap());
            }
            claims
        })
    });
    let mut claims = 0;
    for worker in workers.collect::<Vec<_>>() {
        claims += within(worker).await.unwrap();
    }
    assert_eq!(claims, NODES);
    for node in stores[1].nodes(run.clone()).await.unwrap() {
        assert_eq!((node.state, node.epoch), (NodeState::Finished, 1));
        let read = ReadRequest {
            run: run.clone(),
            source: node.id.clone(),
            after_seq: 0,
            partition: None,
            limit: 1_000,
            max_bytes: usize::MAX,
        };
        let page = stores[0].read_artifacts(read).await.unwrap();
        let seqs: Vec<_> = page.artifacts.iter().map(|one| one.seq).collect();
        assert_eq!(seqs, (1..=BATCHES as u64).collect::<Vec<_>>());
    }
}

/// The store belongs to no runtime: whoever polls it may have none.
#[test]
fn it_works_outside_of_runtimes_and_outlives_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cluster.db");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let store = runtime.block_on(open(&path));
    let run = runtime
        .block_on(store.submit(run_of([Node::new("a", "r")])))
        .unwrap()
        .run;
    drop(runtime);
    let node = futures::executor::block_on(store.node(run, "a".into())).unwrap();
    assert_eq!(node.state, NodeState::Ready);
    let given = futures::executor::block_on(store.claim(request("w"))).unwrap();
    assert_eq!(given.len(), 1);
}

/// Whoever gives up waiting leaves the operation done or not done, and the store goes on.
#[tokio::test]
async fn dropped_futures_leave_whole_operations() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("cluster.db")).await;
    for n in 0..50 {
        let mut new = run_of([Node::new("a", "r"), Node::new("b", "r")]);
        new.id = format!("run-{n}").as_str().into();
        let mut submit = store.submit(new);
        drop(futures::poll!(&mut submit));
        if n % 3 == 0 {
            tokio::task::yield_now().await;
        }
    }
    store.submit(run_of([Node::new("a", "r")])).await.unwrap();
    let counts = store.counts().await.unwrap();
    let runs = counts.runs["running"];
    assert_eq!(counts.nodes["r"]["ready"], (runs - 1) * 2 + 1);
}

/// A runtime with a paused clock knows that the store works, and does not go on to the next timer.
#[tokio::test(start_paused = true)]
async fn a_paused_clock_stands_while_the_store_works() {
    let directory = tempfile::tempdir().unwrap();
    let start = tokio::time::Instant::now();
    let store = open(&directory.path().join("cluster.db")).await;
    let submit = store.submit(run_of([Node::new("a", "r")]));
    let submitted = tokio::time::timeout(seconds(1), submit).await;
    let run = submitted.expect("the clock stands").unwrap().run;
    let read = tokio::time::timeout(seconds(1), store.run(run)).await;
    read.expect("the clock stands").unwrap();
    assert_eq!(start.elapsed(), seconds(0));
}
