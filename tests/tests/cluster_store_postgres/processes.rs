//! Does a database survive its processes, killed in the middle of their work? Two of them at once.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use antflow::cluster::RunKey;
use antflow::cluster::graph::{Catalog, Graph, Node};
use antflow::cluster::state::NodeState;
use antflow::cluster::store::{
    ClaimRequest, Finish, NewRun, Offer, PostgresOptions, PostgresStore, QueryStore, ReadRequest,
    SteerStore, StoreError, WorkStore,
};
use antflow_tests::servers::Postgres;
use antflow_tests::{millis, within};

use crate::bench::commit;

/// Tells a process of this test which database it works on.
const URL: &str = "ANTFLOW_TEST_STORE";
const RUN: &str = "the-run";
const NODES: u64 = 6;
const BATCHES: u64 = 60;
/// How many batches lie between two kills.
const KILL_EACH: u64 = 40;

async fn open(url: &str) -> PostgresStore {
    let store = PostgresStore::connect(url, PostgresOptions::default()).await;
    store.expect("it opens")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_processes_leave_each_batch_once() {
    let url = Postgres::shared().database();
    let store = open(&url).await;
    let nodes = (0..NODES).map(|n| Node::new(format!("n{n}"), "r"));
    let mut new = NewRun::new(Graph::new(nodes, &Catalog::any()).unwrap());
    new.id = RUN.into();
    store.submit(new).await.unwrap();

    let mut workers = [start(&url), start(&url)];
    let mut kills = 0;
    within(async {
        while !store.run(RUN.into()).await.unwrap().state.is_terminal() {
            if done(&store).await >= (kills + 1) * KILL_EACH {
                let victim = &mut workers[usize::from(kills % 2 == 0)];
                victim.0.kill().unwrap();
                victim.0.wait().unwrap();
                *victim = start(&url);
                kills += 1;
            }
            drop(store.reap(10).await.unwrap());
            tokio::time::sleep(millis(2)).await;
        }
    })
    .await;
    drop(workers);
    assert!(kills >= 3, "{kills} kills");
    let mut epochs = 0;
    for node in store.nodes(RUN.into()).await.unwrap() {
        assert_eq!(node.state, NodeState::Finished);
        assert_eq!(
            (node.totals.batches, node.totals.artifacts),
            (BATCHES, BATCHES)
        );
        epochs += node.epoch;
        let read = ReadRequest {
            run: RUN.into(),
            source: node.id,
            after_seq: 0,
            partition: None,
            limit: 1_000,
            max_bytes: usize::MAX,
        };
        let page = store.read_artifacts(read).await.unwrap();
        let seen = page
            .artifacts
            .iter()
            .map(|one| (one.seq, one.uid.to_string()));
        let expected = (1..=BATCHES).map(|seq| (seq, format!("b{seq}")));
        assert!(seen.eq(expected), "each batch once, and in its place");
    }
    assert!(
        epochs > NODES,
        "somebody went on with what the dead had begun"
    );
}

async fn done(store: &PostgresStore) -> u64 {
    let nodes = store.nodes(RUN.into()).await.expect("it is there");
    nodes.iter().map(|node| node.totals.batches).sum()
}

/// A process that works on the file, and ends with this value.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn start(url: &str) -> Worker {
    let this = std::env::current_exe().expect("this program has a file");
    let child = Command::new(this)
        .args(["--exact", "processes::what_the_processes_do", "--nocapture"])
        .env(URL, url)
        .stdout(Stdio::null())
        .spawn();
    Worker(child.expect("it starts"))
}

/// The work of the processes above; nothing when it is run as a test.
#[tokio::test]
async fn what_the_processes_do() {
    let Ok(url) = std::env::var(URL) else {
        return;
    };
    let store = open(&url).await;
    let run = RunKey::from(RUN);
    let request = ClaimRequest {
        worker: format!("w{}", std::process::id()).as_str().into(),
        offers: vec![Offer {
            role: "r".into(),
            fingerprint: None,
        }],
        run: None,
        slots: 1,
        ttl: Duration::from_millis(300),
    };
    while !store.run(run.clone()).await.unwrap().state.is_terminal() {
        let Some(given) = store.claim(request.clone()).await.unwrap().pop() else {
            tokio::time::sleep(millis(5)).await;
            continue;
        };
        let mut seq = given.record.totals.batches;
        let ended = loop {
            if seq == BATCHES {
                break store.finish(given.lease, Finish::default()).await.map(drop);
            }
            seq += 1;
            if let Err(error) = store.commit(commit(&given.lease, &format!("b{seq}"))).await {
                break Err(error);
            }
        };
        // Whoever was slow for as long as its lease was reaped, and takes another one.
        assert!(
            matches!(ended, Ok(()) | Err(StoreError::Fenced { .. })),
            "{ended:?}"
        );
    }
}
