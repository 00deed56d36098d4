//! What the embedded store makes of a disk: commits that wait for it alone, with others, and in lists.
//!
//! `cargo bench -p antflow-benches --bench cluster_store`

use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use antflow::cluster::RunKey;
use antflow::cluster::graph::{Catalog, Graph, Node, Pull};
use antflow::cluster::protocol::Metrics;
use antflow::cluster::store::{
    Assignment, BatchCommit, ClaimRequest, CommitRequest, Cursor, Finish, NewArtifact, NewRun,
    Offer, Payload, ReadRequest, SqliteOptions, SqliteStore, SteerStore, WorkStore,
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Map, json};
use tokio::runtime::Runtime;

/// A store in a file that is there once.
async fn open() -> SqliteStore {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("cluster-{}-{number}.db", std::process::id());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    SqliteStore::open(path, SqliteOptions::default())
        .await
        .expect("the disk has room")
}

/// Removes the file, once nobody uses it.
fn remove(store: SqliteStore) {
    let path = store.path().map(Path::to_owned);
    drop(store);
    for end in ["", "-wal", "-shm"] {
        if let Some(path) = &path {
            let mut file = path.clone().into_os_string();
            file.push(end);
            // The last connection has removed those beside it.
            drop(std::fs::remove_file(file));
        }
    }
}

fn claim_request(role: &str, slots: u32) -> ClaimRequest {
    ClaimRequest {
        worker: "w".into(),
        offers: vec![Offer {
            role: role.into(),
            fingerprint: None,
        }],
        run: None,
        slots,
        ttl: Duration::from_secs(3_600),
    }
}

/// Submits a run, and claims its nodes of one role.
async fn claim(
    store: &SqliteStore,
    nodes: impl IntoIterator<Item = Node>,
) -> (RunKey, Vec<Assignment>) {
    let graph = Graph::new(nodes, &Catalog::any()).expect("this is a graph");
    let run = store.submit(NewRun::new(graph)).await.expect("it is new");
    let given = store.claim(claim_request("writer", 1_000)).await;
    (run.run, given.expect("they are ready"))
}

fn batch(number: u64) -> BatchCommit {
    let uid = format!("batch-{number:08}");
    BatchCommit {
        artifacts: vec![NewArtifact {
            uid: uid.as_str().into(),
            payload: Payload::from(&json!({ "number": number, "text": "what a batch leaves" })),
            meta: Map::new(),
        }],
        uid: uid.into(),
        metrics: Metrics::from([("items".into(), 1.0)]),
    }
}

fn commit(of: &Assignment, numbers: std::ops::Range<u64>, cursors: Vec<Cursor>) -> CommitRequest {
    CommitRequest {
        lease: of.lease.clone(),
        batches: numbers.map(batch).collect(),
        cursors,
        checkpoint: None,
    }
}

/// Commits of `each` batches by so many workers at once, until there are as many batches as asked for.
async fn commits(workers: usize, each: u64, batches: u64) -> Duration {
    let store = open().await;
    let nodes = (0..workers).map(|node| Node::new(format!("n{node}"), "writer"));
    let (_, given) = claim(&store, nodes).await;
    let start = Instant::now();
    let working = given.into_iter().map(|mine| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0..batches.div_ceil(each * workers as u64) {
                let request = commit(&mine, number * each..(number + 1) * each, Vec::new());
                black_box(store.commit(request).await.expect("it is held"));
            }
        })
    });
    for worker in working.collect::<Vec<_>>() {
        worker.await.expect("it does not panic");
    }
    let took = start.elapsed();
    remove(store);
    took
}

/// A node that writes batches and one that reads them, each batch in a commit of its own.
async fn two_nodes(batches: u64) -> Duration {
    let store = open().await;
    let read = Node::new("read", "reader")
        .pull(Pull::from_nodes(["write"]))
        .streaming();
    let (run, mut given) = claim(&store, [Node::new("write", "writer"), read]).await;
    let writer = given.remove(0);
    let start = Instant::now();
    let writing = tokio::spawn({
        let store = store.clone();
        async move {
            for number in 0..batches {
                let request = commit(&writer, number..number + 1, Vec::new());
                store.commit(request).await.expect("it is held");
            }
            let end = store.finish(writer.lease, Finish::default()).await;
            drop(end.expect("it is held"));
        }
    });
    let reader = loop {
        let given = store.claim(claim_request("reader", 1)).await;
        if let Some(reader) = given.expect("it may claim").pop() {
            break reader;
        }
    };
    let mut request = ReadRequest {
        run,
        source: "write".into(),
        after_seq: 0,
        partition: None,
        limit: 64,
        max_bytes: 1 << 20,
    };
    loop {
        let page = store.read_artifacts(request.clone()).await;
        let page = page.expect("it is there");
        for artifact in &page.artifacts {
            let cursor = Cursor {
                source: request.source.clone(),
                seq: artifact.seq,
                offset: 0,
            };
            let seq = artifact.seq;
            let request = commit(&reader, seq..seq + 1, vec![cursor]);
            store.commit(request).await.expect("it is held");
        }
        request.after_seq = page.next_after;
        if page.is_end {
            break;
        }
        if page.artifacts.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    writing.await.expect("it does not panic");
    let took = start.elapsed();
    remove(store);
    took
}

fn bench(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("there are threads");
    let mut group = criterion.benchmark_group("cluster_store");
    group.sample_size(10).throughput(Throughput::Elements(1));
    for (workers, each) in [(1, 1), (1, 50), (8, 1), (64, 1)] {
        let name = BenchmarkId::new("commit", format!("{workers}_workers_of_{each}"));
        group.bench_function(name, |bencher| {
            bencher
                .to_async(&runtime)
                .iter_custom(|batches| commits(workers, each, batches));
        });
    }
    group.bench_function("two_nodes", |bencher| {
        bencher.to_async(&runtime).iter_custom(two_nodes);
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
