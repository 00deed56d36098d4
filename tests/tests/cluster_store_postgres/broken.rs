//! Servers that go away in the middle, connections that break, futures that are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use antflow::cluster::graph::Node;
use antflow::cluster::state::NodeState;
use antflow::cluster::store::{
    Finish, PostgresOptions, PostgresStore, QueryStore, SteerStore, StoreError, WorkStore,
};
use antflow_tests::servers::Postgres;
use antflow_tests::store_suite::bench::request;
use antflow_tests::{millis, seconds, within};

use crate::bench::{all_of, commit, run_of};

/// Asks until the server is there.
async fn patiently<T, F>(mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, StoreError>>,
{
    loop {
        match ask().await {
            Ok(given) => return given,
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
        tokio::time::sleep(millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarts_in_the_middle_leaves_each_batch_once() {
    const BATCHES: u64 = 400;
    let mut server = Postgres::start(&[]);
    let url = server.database();
    let store = PostgresStore::connect(&url, PostgresOptions::default())
        .await
        .unwrap();
    let run = store
        .submit(run_of((0..4).map(|n| Node::new(format!("n{n}"), "r"))))
        .await
        .unwrap()
        .run;
    let is_first = Arc::new(AtomicBool::new(true));
    let given = store.claim(request("w", ["r"])).await.unwrap();
    let work = given.into_iter().map(|given| {
        let (store, is_first) = (store.clone(), is_first.clone());
        tokio::spawn(async move {
            for n in 1..=BATCHES {
                if n == BATCHES / 2 {
                    // Here the server goes, sooner or later.
                    is_first.store(false, Ordering::SeqCst);
                }
                let uid = format!("{n}");
                let committed = patiently(|| store.commit(commit(&given.lease, &uid))).await;
                assert_eq!(
                    committed.last_seq, n,
                    "each one once, also if it was asked for twice"
                );
            }
            drop(patiently(|| store.finish(given.lease.clone(), Finish::default())).await);
        })
    });
    let work: Vec<_> = work.collect();
    while is_first.load(Ordering::SeqCst) {
        tokio::time::sleep(millis(1)).await;
    }
    for _ in 0..2 {
        server.kill();
        let away = store.run(run.clone()).await;
        assert!(away.is_err_and(|error| error.is_transient()));
        server.restart();
    }
    for worker in work {
        within(worker).await.unwrap();
    }
    for node in store.nodes(run.clone()).await.unwrap() {
        assert_eq!((node.state, node.epoch), (NodeState::Finished, 1));
        let page = store.read_artifacts(all_of(&run, &node.id)).await.unwrap();
        let seen = page
            .artifacts
            .iter()
            .map(|one| (one.seq, one.uid.to_string()));
        assert!(seen.eq((1..=BATCHES).map(|n| (n, format!("{n}")))));
    }
}

/// Whoever gives up waiting leaves the operation done or not done; its connection is given to nobody as it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_futures_leave_whole_operations() {
    let url = Postgres::shared().database();
    let options = PostgresOptions::default().connections(3);
    let store = PostgresStore::connect(&url, options).await.unwrap();
    for n in 0..60 {
        let mut new = run_of([Node::new("a", "r"), Node::new("b", "r")]);
        new.id = format!("run-{n}").as_str().into();
        let mut submit = store.submit(new);
        // Each time a step further.
        for _ in 0..n % 40 {
            if futures::poll!(&mut submit).is_ready() {
                break;
            }
            tokio::time::sleep(millis(1)).await;
        }
    }
    store.submit(run_of([Node::new("a", "r")])).await.unwrap();
    let counts = store.counts().await.unwrap();
    let runs = counts.runs["running"];
    assert!(
        runs > 3 && runs < 60,
        "some were done, and some were not: {runs}"
    );
    assert_eq!(counts.nodes["r"]["ready"], (runs - 1) * 2 + 1);
    let mut asks = request("w", ["r"]);
    asks.slots = 1;
    for _ in 0..6 {
        let lease = store.claim(asks.clone()).await.unwrap().remove(0).lease;
        let mut finish = store.finish(lease.clone(), Finish::default());
        drop(futures::poll!(&mut finish));
        drop(finish);
        drop(
            within(store.finish(lease, Finish::default()))
                .await
                .unwrap(),
        );
    }
    let held = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
        WHERE datname = current_database() AND (locktype = 'advisory' OR mode = 'RowExclusiveLock')";
    within(async {
        while Postgres::shared().psql(&url, held).trim() != "0" {
            tokio::time::sleep(millis(5)).await;
        }
    })
    .await;
}

/// What somebody else holds for too long is not waited for for ever, and the store goes on afterwards.
#[tokio::test]
async fn what_takes_too_long_is_not_available() {
    let url = Postgres::shared().database();
    let store = PostgresStore::connect(&url, PostgresOptions::default())
        .await
        .unwrap();
    let options = PostgresOptions::default().timeout(seconds(1));
    let hasty = patiently(|| PostgresStore::connect(&url, options.clone())).await;
    let run = store
        .submit(run_of([Node::new("a", "r")]))
        .await
        .unwrap()
        .run;
    let lease = store
        .claim(request("w", ["r"]))
        .await
        .unwrap()
        .remove(0)
        .lease;
    let hold = {
        let url = url.clone();
        std::thread::spawn(move || {
            let hold = "BEGIN; SELECT 1 FROM antflow.nodes FOR UPDATE; SELECT pg_sleep(3); COMMIT";
            Postgres::shared().psql(&url, hold)
        })
    };
    within(async {
        let locked = "SELECT count(*) FROM pg_stat_activity
            WHERE query LIKE '%pg_sleep(3); COMMIT' AND datname = current_database() AND wait_event = 'PgSleep'";
        while Postgres::shared().psql(&url, locked).trim() == "0" {
            tokio::time::sleep(millis(5)).await;
        }
    })
    .await;
    let late = hasty.commit(commit(&lease, "x")).await.unwrap_err();
    assert!(late.is_transient(), "{late}");
    let read = store.node(run.clone(), "a".into()).await.unwrap();
    assert_eq!(
        read.state,
        NodeState::Running,
        "whoever reads does not wait"
    );
    hold.join().unwrap();
    let committed = store.commit(commit(&lease, "x")).await.unwrap();
    assert_eq!(committed.last_seq, 1);
}

/// Sessions that the server ends are replaced, one after the other.
#[tokio::test]
async fn sessions_that_are_ended_are_replaced() {
    let url = Postgres::shared().database();
    let store = PostgresStore::connect(&url, PostgresOptions::default())
        .await
        .unwrap();
    for _ in 0..3 {
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        Postgres::shared().psql(&url, end);
        let found = within(patiently(|| store.limits()));
        found.await;
    }
    tokio::time::timeout(seconds(10), store.counts())
        .await
        .unwrap()
        .unwrap();
}
