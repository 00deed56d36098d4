//! What the store in PostgreSQL makes of a server with the defaults of its package, on this machine, `fsync` and all.
//!
//! `cargo bench -p antflow-benches --bench cluster_postgres`

use std::future::Future;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use antflow::cluster::graph::{Catalog, Graph, Node};
use antflow::cluster::protocol::Metrics;
use antflow::cluster::store::{
    Assignment, BatchCommit, ClaimRequest, CommitRequest, ExtendRequest, Finish, Lease,
    NewArtifact, NewRun, Offer, Payload, PostgresOptions, PostgresStore, QueryStore, SteerStore,
    WorkStore,
};
use antflow_tests::servers::Postgres;
use cpu_time::ProcessTime;
use serde_json::{Map, json};
use tokio::runtime::Runtime;

/// Tells a process of this program which database it works on.
const URL: &str = "ANTFLOW_BENCH_STORE";
const ROUNDS: usize = 5;

async fn open(url: &str) -> PostgresStore {
    PostgresStore::connect(url, PostgresOptions::default())
        .await
        .expect("the server is there")
}

fn request(worker: &str, slots: u32) -> ClaimRequest {
    ClaimRequest {
        worker: worker.into(),
        offers: vec![Offer {
            role: "r".into(),
            fingerprint: None,
        }],
        run: None,
        slots,
        ttl: Duration::from_secs(3_600),
    }
}

async fn submit(store: &PostgresStore, nodes: usize) {
    let nodes = (0..nodes).map(|n| Node::new(format!("n{n}"), "r"));
    let graph = Graph::new(nodes, &Catalog::any()).expect("this is a graph");
    store.submit(NewRun::new(graph)).await.expect("it is new");
}

async fn claim(store: &PostgresStore, worker: &str, slots: u32) -> Vec<Assignment> {
    let given = store.claim(request(worker, slots)).await;
    given.expect("it may claim")
}

fn commit(lease: &Lease, numbers: std::ops::Range<u64>) -> CommitRequest {
    let batch = |number: u64| {
        let uid = format!("batch-{number:08}");
        let payload = json!({ "number": number, "text": "what a batch leaves" });
        BatchCommit {
            artifacts: vec![NewArtifact {
                uid: uid.as_str().into(),
                payload: Payload::from(&payload),
                meta: Map::new(),
            }],
            uid: uid.into(),
            metrics: Metrics::from([("items".into(), 1.0)]),
        }
    };
    CommitRequest {
        lease: lease.clone(),
        batches: numbers.map(batch).collect(),
        cursors: Vec::new(),
        checkpoint: None,
    }
}

async fn all(tasks: impl IntoIterator<Item = impl Future<Output = ()> + Send + 'static>) {
    let tasks: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    for task in tasks {
        task.await.expect("it does not panic");
    }
}

/// Batches per second of workers that have a node each and commit so many batches at once.
async fn commits(url: &str, workers: usize, each: u64, batches: u64) -> f64 {
    let store = open(url).await;
    submit(&store, workers).await;
    let given = claim(&store, "w", 1_000).await;
    let turns = batches / (each * workers as u64);
    let start = Instant::now();
    all(given.into_iter().map(|mine| {
        let store = store.clone();
        async move {
            for turn in 0..turns {
                let request = commit(&mine.lease, turn * each..(turn + 1) * each);
                store.commit(request).await.expect("it is held");
            }
        }
    }))
    .await;
    (turns * each * workers as u64) as f64 / start.elapsed().as_secs_f64()
}

/// Nodes per second of workers that claim fifty at once and commit one batch of each with its end.
async fn nodes(url: &str, workers: usize, all_nodes: usize) -> f64 {
    let store = open(url).await;
    for _ in 0..all_nodes / 50 {
        submit(&store, 50).await;
    }
    let start = Instant::now();
    all((0..workers).map(|worker| {
        let store = store.clone();
        async move {
            loop {
                let given = claim(&store, &format!("w{worker}"), 50).await;
                if given.is_empty() {
                    return;
                }
                let ends = given.into_iter().map(|mine| {
                    let store = store.clone();
                    async move {
                        let request = commit(&mine.lease, 0..1);
                        store.commit(request).await.expect("it is held");
                        let ended = store.finish(mine.lease, Finish::default()).await;
                        drop(ended.expect("it is held"));
                    }
                });
                all(ends).await;
            }
        }
    }))
    .await;
    all_nodes as f64 / start.elapsed().as_secs_f64()
}

/// What it takes to extend ten thousand leases: seconds, and seconds of a core here and at the server.
async fn extend(server: &Postgres, url: &str) -> (f64, f64, f64) {
    const LEASES: usize = 10_000;
    let store = open(url).await;
    let mut leases = Vec::new();
    for _ in 0..LEASES / 500 {
        submit(&store, 500).await;
        let given = claim(&store, "w", 500).await;
        leases.extend(given.into_iter().map(|one| one.lease));
    }
    server.psql(url, "ANALYZE");
    let heartbeat = async || {
        let request = ExtendRequest {
            worker: "w".into(),
            leases: leases.clone(),
            ttl: Duration::from_secs(60),
        };
        let extended = store.extend(request).await.expect("they are held");
        assert!(extended.lost.is_empty());
    };
    heartbeat().await;
    let (here, there) = (ProcessTime::now(), server_time(server, url));
    let start = Instant::now();
    for _ in 0..10 {
        heartbeat().await;
    }
    let took = start.elapsed().as_secs_f64() / 10.0;
    let here = here.elapsed().as_secs_f64() / 10.0;
    (took, here, (server_time(server, url) - there) / 10.0)
}

/// How many seconds of a core all processes of the server have had.
fn server_time(server: &Postgres, url: &str) -> f64 {
    let pids = server.psql(
        url,
        "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
    );
    let ticks = pids.lines().map(|pid| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let fields: Vec<f64> = fields
            .split_whitespace()
            .filter_map(|field| field.parse().ok())
            .collect();
        // User and system time, behind the state and nine others.
        fields
            .get(10)
            .zip(fields.get(11))
            .map_or(0.0, |(user, system)| user + system)
    });
    // A hundred ticks are a second on Linux.
    ticks.sum::<f64>() / 100.0
}

/// Batches per second of so many processes, each of which works for 5 ms on each batch.
async fn processes(url: &str, number: usize) -> f64 {
    const SECONDS: u64 = 4;
    let store = open(url).await;
    submit(&store, number).await;
    let this = std::env::current_exe().expect("this program has a file");
    let start = |_| -> Child {
        let mut command = Command::new(&this);
        let command = command.env(URL, url).stdout(Stdio::null());
        command.spawn().expect("it starts")
    };
    let mut children: Vec<Child> = (0..number).map(start).collect();
    while (done(&store).await) < number as u64 * 20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (before, begun) = (done(&store).await, Instant::now());
    tokio::time::sleep(Duration::from_secs(SECONDS)).await;
    let rate = (done(&store).await - before) as f64 / begun.elapsed().as_secs_f64();
    for child in &mut children {
        // They go on for ever.
        drop(child.kill());
        drop(child.wait());
    }
    rate
}

async fn done(store: &PostgresStore) -> u64 {
    let active = store.active_runs(None).await.expect("the server is there");
    let mut batches = 0;
    for one in active {
        let node = store.node(one.run, one.node).await;
        batches += node.expect("it is there").totals.batches;
    }
    batches
}

async fn work(url: &str) {
    let store = open(url).await;
    let mine = claim(&store, &format!("w{}", std::process::id()), 1)
        .await
        .remove(0);
    for number in 0.. {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let request = commit(&mine.lease, number..number + 1);
        store.commit(request).await.expect("it is held");
    }
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn main() {
    let runtime = Runtime::new().expect("there are threads");
    if let Ok(url) = std::env::var(URL) {
        runtime.block_on(work(&url));
        return;
    }
    // `cargo test --all-targets` only looks whether it runs.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let (rounds, scale) = if is_bench { (ROUNDS, 10) } else { (1, 1) };
    let server = Postgres::shared();
    let measure = |what: &str, unit: &str, of: &dyn Fn(&str) -> f64| {
        let rates = (0..rounds).map(|_| of(&server.database())).collect();
        println!("{what:<50} {:>10.0} {unit}", median(rates));
    };
    for (workers, each) in [(1, 50), (2, 50), (8, 50), (1, 1), (16, 1), (64, 1)] {
        let what = format!("commit, {workers} workers, {each} batches at once");
        let batches = if each > 1 { 2_000 } else { 200 } * scale;
        measure(&what, "batches/s", &|url| {
            runtime.block_on(commits(url, workers, each, batches))
        });
    }
    for workers in [1, 4] {
        let what = format!("claim 50, commit 1 of each, finish, {workers} workers");
        measure(&what, "nodes/s", &|url| {
            runtime.block_on(nodes(url, workers, 100 * scale as usize))
        });
    }
    if !is_bench {
        return;
    }
    let (took, here, there) = runtime.block_on(extend(server, &server.database()));
    println!(
        "extend 10 000 leases: {:.0} ms; of a core {:.0} ms here, {:.0} ms at the server: {:.2} % each 20 s",
        took * 1e3,
        here * 1e3,
        there * 1e3,
        (here + there) / 20.0 * 100.0
    );
    let one = runtime.block_on(processes(&server.database(), 1));
    let two = runtime.block_on(processes(&server.database(), 2));
    println!(
        "processes, 5 ms a batch: {one:.0} batches/s by one, {two:.0} by two: {:.2} times",
        two / one
    );
}
