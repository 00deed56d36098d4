//! Many at once: nobody waits for nodes of others, nobody is forgotten.

use std::collections::BTreeSet;

use antflow::cluster::graph::Node;
use antflow::cluster::store::{
    CancelRequest, ExtendRequest, Finish, PostgresOptions, PostgresStore, QueryStore, SteerStore,
    TellStore, WorkStore,
};
use antflow_tests::servers::Postgres;
use antflow_tests::store_suite::bench::request;
use antflow_tests::{millis, seconds, within};

use crate::bench::{batch, commit, run_of};

async fn store() -> (String, PostgresStore) {
    let url = Postgres::shared().database();
    let store = PostgresStore::connect(&url, PostgresOptions::default()).await;
    (url, store.unwrap())
}

/// Nodes that somebody else has locked are stepped over, and the next ones are given.
#[tokio::test]
async fn a_claim_waits_for_nobody() {
    let (url, store) = store().await;
    store
        .submit(run_of((0..6).map(|n| Node::new(format!("n{n}"), "r"))))
        .await
        .unwrap();
    let hold = {
        let url = url.clone();
        std::thread::spawn(move || {
            let hold = "BEGIN; SELECT 1 FROM antflow.nodes WHERE id IN ('n0', 'n2') FOR UPDATE;
                SELECT pg_sleep(2); COMMIT";
            Postgres::shared().psql(&url, hold)
        })
    };
    let locked = "SELECT count(*) FROM pg_stat_activity
        WHERE query LIKE '%pg_sleep(2); COMMIT' AND datname = current_database() AND wait_event = 'PgSleep'";
    while Postgres::shared().psql(&url, locked).trim() == "0" {
        tokio::time::sleep(millis(5)).await;
    }
    let mut asks = request("w", ["r"]);
    asks.slots = 2;
    let names = |given: Vec<antflow::cluster::store::Assignment>| -> Vec<String> {
        given.iter().map(|one| one.lease.node.to_string()).collect()
    };
    assert_eq!(
        names(store.claim(asks.clone()).await.unwrap()),
        ["n1", "n3"]
    );
    asks.slots = 10;
    assert_eq!(
        names(store.claim(asks.clone()).await.unwrap()),
        ["n4", "n5"]
    );
    assert!(!hold.is_finished(), "they were held all the time");
    hold.join().unwrap();
    assert_eq!(names(store.claim(asks).await.unwrap()), ["n0", "n2"]);
}

/// Events that come while those before them are being taken and said: none is left behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_left_behind_by_those_who_say_them() {
    const BATCHES: usize = 150;
    let (url, store) = store().await;
    let run = store
        .submit(run_of((0..3).map(|n| Node::new(format!("n{n}"), "r"))))
        .await
        .unwrap()
        .run;
    let writers = store
        .claim(request("w", ["r"]))
        .await
        .unwrap()
        .into_iter()
        .map(|given| {
            let store = store.clone();
            tokio::spawn(async move {
                for n in 0..BATCHES {
                    store
                        .commit(commit(&given.lease, &format!("{n}")))
                        .await
                        .unwrap();
                }
                drop(store.finish(given.lease, Finish::default()).await.unwrap());
            })
        });
    let writers: Vec<_> = writers.collect();
    let said = (0..2).map(|_| {
        let (store, run) = (store.clone(), run.clone());
        tokio::spawn(async move {
            let mut mine: Vec<i64> = Vec::new();
            loop {
                let is_over = store.run(run.clone()).await.unwrap().state.is_terminal();
                let taken = store.outbox_take(7, seconds(60)).await.unwrap();
                if taken.is_empty() && is_over && store.counts().await.unwrap().outbox == 0 {
                    return mine;
                }
                let ids: Vec<i64> = taken.iter().map(|event| event.id).collect();
                mine.extend(&ids);
                store.outbox_sent(ids).await.unwrap();
            }
        })
    });
    let said: Vec<_> = said.collect();
    for writer in writers {
        within(writer).await.unwrap();
    }
    let mut all = Vec::new();
    for teller in said {
        all.extend(within(teller).await.unwrap());
    }
    let once: BTreeSet<_> = all.iter().collect();
    // The start and the end of the run; of each node its acceptance, its batches, its end.
    assert_eq!((all.len(), once.len()), (2 + 3 * (BATCHES + 2), all.len()));
    let stuck = "SELECT count(*) FROM antflow.outbox WHERE due_at IS NOT NULL";
    assert_eq!(Postgres::shared().psql(&url, stuck).trim(), "0");
}

/// Heartbeats, commits, claims and the end of the run at once: all of them end, and the run with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_gets_in_each_others_way_gets_through() {
    let (_, store) = store().await;
    for round in 0..4 {
        let nodes = (0..24).map(|n| Node::new(format!("n{n}"), "r"));
        let run = store.submit(run_of(nodes)).await.unwrap().run;
        let mut asks = request("w", ["r"]);
        (asks.slots, asks.run) = (16, Some(run.clone()));
        let given = store.claim(asks.clone()).await.unwrap();
        let leases: Vec<_> = given.iter().rev().map(|one| one.lease.clone()).collect();
        let beats = (0..2).map(|_| {
            let (store, leases) = (store.clone(), leases.clone());
            tokio::spawn(async move {
                for _ in 0..10 {
                    let extend = ExtendRequest {
                        worker: "w".into(),
                        leases: leases.clone(),
                        ttl: seconds(60),
                    };
                    store.extend(extend).await.unwrap();
                }
            })
        });
        let mut tasks: Vec<_> = beats.collect();
        for one in given {
            let store = store.clone();
            tasks.push(tokio::spawn(async move {
                let mut request = commit(&one.lease, "x");
                request.batches.push(batch("y"));
                store.commit(request).await.unwrap();
                drop(store.finish(one.lease, Finish::default()).await.unwrap());
            }));
        }
        let cancel = CancelRequest {
            run: run.clone(),
            reason: "enough".into(),
            grace: None,
        };
        if round % 2 == 0 {
            drop(store.claim(asks).await.unwrap());
        }
        drop(store.cancel(cancel).await.unwrap());
        for task in tasks {
            within(task).await.unwrap();
        }
        for held in store.active_runs(Some("w".into())).await.unwrap() {
            assert_eq!(held.run, run);
            assert_eq!(held.state.as_str(), "cancelling");
        }
        let (given, effects) = store
            .resume(antflow::cluster::store::ResumeRequest {
                worker: "w".into(),
                offers: Vec::new(),
                ttl: seconds(60),
            })
            .await
            .unwrap();
        assert!(given.is_empty());
        drop(effects);
        assert!(store.run(run).await.unwrap().state.is_terminal());
    }
}
