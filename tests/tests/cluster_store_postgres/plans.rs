//! What is asked often reads by an index, and no more than it needs, however much there is.

use antflow::cluster::graph::Node;
use antflow::cluster::store::{
    ClaimRequest, ExtendRequest, Finish, Lease, Limits, PostgresOptions, PostgresStore, QueryStore,
    SteerStore, TellStore, WorkStore,
};
use antflow_tests::seconds;
use antflow_tests::servers::Postgres;
use antflow_tests::store_suite::bench::request;
use serde_json::Value;

use crate::bench::{all_of, commit, run_of};

/// A hundred thousand nodes in a thousand runs, ten thousand of them leased and ten thousand ready; and as many
/// artifacts, batches and events that were said.
const FILL: &str = "SET search_path TO antflow;
    INSERT INTO runs (id, state, graph, params, priority, cancel_grace, vars, created_at)
    SELECT 'run-' || g, state, graph, params, priority, cancel_grace, vars, created_at
    FROM runs, generate_series(1, 1000) g WHERE id = 'seed';
    INSERT INTO nodes (run, run_id, id, place, role, priority, state, is_claimable, epoch, worker, lease_id, failures,
        interruptions, batches, artifacts, metrics, ready_at)
    SELECT r.key, r.id, n.id, n.place, n.role, 100,
        CASE WHEN n.place < 80 THEN 'finished' WHEN n.place < 90 THEN 'running' ELSE 'ready' END, n.place >= 90, 1,
        CASE WHEN n.place BETWEEN 80 AND 89 THEN 'worker-' || r.key % 50 END,
        CASE WHEN n.place BETWEEN 80 AND 89 THEN 'lease-' || r.key || '-' || n.place END, 0, 0, 0, 0, '{}', 1
    FROM runs r JOIN nodes n ON n.run_id = 'seed' WHERE r.id <> 'seed';
    INSERT INTO leases (node, id, deadline)
    SELECT key, lease_id, CASE WHEN key % 1000 = 1 THEN 1 ELSE 32503680000000 END
    FROM nodes WHERE worker LIKE 'worker-%';
    INSERT INTO artifacts (node, seq, uid, epoch, created_at, payload, meta)
    SELECT key, g, 'a-' || g, 1, 1, 'null', '{}' FROM nodes, generate_series(1, 100000) g
    WHERE run_id = 'seed' AND id = 'n0';
    INSERT INTO batches (node, place, uid, epoch, committed_at, metrics)
    SELECT key, g, 'a-' || g, 1, 1, '{}' FROM nodes, generate_series(1, 100000) g
    WHERE run_id = 'seed' AND id = 'n0';
    UPDATE nodes SET artifacts = 100000, batches = 100000 WHERE run_id = 'seed' AND id = 'n0';
    INSERT INTO outbox (run, subject, topic, envelope, at, attempts, due_at, sent_at)
    SELECT run, key, 'status.r.v1', '{}', 1, 0, NULL, 1 FROM nodes;
    ANALYZE;";

const BIG: [&str; 6] = ["runs", "nodes", "leases", "artifacts", "batches", "outbox"];

/// A scan of a plan that was carried out: of which table, and how many rows it looked at.
#[derive(Debug)]
struct Scan {
    of: String,
    how: String,
    rows: f64,
}

struct Watched {
    server: Postgres,
    store: PostgresStore,
    url: String,
}

impl Watched {
    /// The plans that were carried out since the log had this length.
    fn scans(&self, since: usize) -> Vec<Scan> {
        let log = std::fs::read_to_string(self.server.home().join("log")).expect("it has a log");
        let mut scans = Vec::new();
        let mut plan: Option<String> = None;
        for line in log[since..].lines().chain([""]) {
            match (&mut plan, line.strip_prefix('\t')) {
                (Some(text), Some(more)) => text.push_str(more),
                (Some(text), None) => {
                    let read: Value = serde_json::from_str(text).expect("it is JSON");
                    collect(&read["Plan"], &mut scans);
                    plan = None;
                }
                (None, _) => {}
            }
            if line.contains("plan:") {
                plan = Some(String::new());
            }
        }
        scans
    }

    fn log(&self) -> usize {
        std::fs::metadata(self.server.home().join("log"))
            .expect("it has a log")
            .len() as usize
    }

    /// Checks what was done since then: no whole table, and no scan of more rows than this.
    fn check(&self, what: &str, since: usize, most: f64) {
        let scans = self.scans(since);
        let of_big = scans.iter().filter(|scan| BIG.contains(&scan.of.as_str()));
        let of_big: Vec<_> = of_big.collect();
        assert!(!of_big.is_empty(), "{what} has no plan");
        for scan in of_big {
            assert!(scan.how != "Seq Scan", "{what}: {scan:?}");
            assert!(scan.rows <= most, "{what}: {scan:?}");
        }
    }
}

fn collect(plan: &Value, scans: &mut Vec<Scan>) {
    let how = plan["Node Type"].as_str().unwrap_or_default();
    let of = plan["Relation Name"].as_str();
    if let (true, Some(of)) = (how.contains("Scan"), of) {
        let number = |name: &str| plan[name].as_f64().unwrap_or_default();
        let rows = number("Actual Rows") + number("Rows Removed by Filter");
        scans.push(Scan {
            of: of.into(),
            how: how.into(),
            rows: rows * number("Actual Loops"),
        });
    }
    for below in plan["Plans"].as_array().into_iter().flatten() {
        collect(below, scans);
    }
}

async fn filled() -> Watched {
    let server = Postgres::start(&[
        "shared_preload_libraries=auto_explain",
        "auto_explain.log_min_duration=0",
        "auto_explain.log_analyze=on",
        "auto_explain.log_timing=off",
        "auto_explain.log_format=json",
        "fsync=off",
    ]);
    let url = server.database();
    let options = PostgresOptions::default().connections(1);
    let store = PostgresStore::connect(&url, options).await.unwrap();
    let mut new = run_of((0..100).map(|n| Node::new(format!("n{n}"), "r")));
    new.id = "seed".into();
    store.submit(new).await.unwrap();
    // Plans are made while there is next to nothing: they have to be good for all that comes.
    let first = store.claim(of_run("seed", 1)).await.unwrap().remove(0);
    store.commit(commit(&first.lease, "x")).await.unwrap();
    store.outbox_take(1, seconds(1)).await.unwrap();
    store
        .read_artifacts(all_of(&"seed".into(), &"n0".into()))
        .await
        .unwrap();
    server.psql(
        &url,
        "DELETE FROM antflow.artifacts; DELETE FROM antflow.batches",
    );
    server.psql(&url, FILL);
    Watched { server, store, url }
}

fn of_run(run: &str, slots: u32) -> ClaimRequest {
    ClaimRequest {
        run: Some(run.into()),
        slots,
        ..request("w", ["r"])
    }
}

#[tokio::test]
async fn nothing_that_is_asked_often_reads_a_whole_table() {
    let watched = filled().await;
    let store = &watched.store;
    // The first time with the plans of the empty tables, the second time with those of a new connection.
    for round in 0..2 {
        look_at_all(&watched, store, round).await;
        let again = PostgresStore::connect(&watched.url, PostgresOptions::default().connections(1));
        look_at_all(&watched, &again.await.unwrap(), 10 + round).await;
    }
}

async fn look_at_all(watched: &Watched, store: &PostgresStore, round: u32) {
    let worker = format!("w{round}");
    let mut asks = request(&worker, ["r", "s"]);
    asks.slots = 10;
    let since = watched.log();
    let given = store.claim(asks.clone()).await.unwrap();
    assert_eq!(given.len(), 10);
    watched.check("claim", since, 200.0);

    let since = watched.log();
    assert_eq!(store.claim(of_run("run-7", 1)).await.unwrap().len(), 1);
    watched.check("claim of a run", since, 500.0);

    let since = watched.log();
    let lease = &given[0].lease;
    store.commit(commit(lease, "first")).await.unwrap();
    store.commit(commit(lease, "second")).await.unwrap();
    store
        .save_checkpoint(lease.clone(), Default::default())
        .await
        .unwrap();
    drop(
        store
            .finish(lease.clone(), Finish::default())
            .await
            .unwrap(),
    );
    watched.check("commit and finish", since, 200.0);

    let since = watched.log();
    let leases: Vec<Lease> = given.iter().map(|one| one.lease.clone()).collect();
    let extend = ExtendRequest {
        worker: worker.as_str().into(),
        leases,
        ttl: seconds(60),
    };
    assert_eq!(store.extend(extend).await.unwrap().lost.len(), 1);
    watched.check("extend", since, 50.0);

    let since = watched.log();
    let mut read = all_of(&"seed".into(), &"n0".into());
    (read.after_seq, read.limit) = (50_000, 100);
    assert_eq!(
        store.read_artifacts(read).await.unwrap().artifacts.len(),
        100
    );
    watched.check("read_artifacts", since, 100.0);

    let since = watched.log();
    let taken = store.outbox_take(5, seconds(60)).await.unwrap();
    let ids = taken.iter().map(|event| event.id).collect();
    store.outbox_sent(ids).await.unwrap();
    watched.check("outbox_take and outbox_sent", since, 300.0);

    let since = watched.log();
    let (reaped, _) = store.reap(1).await.unwrap();
    assert_eq!(reaped.len(), 1);
    assert!(store.next_due().await.unwrap().is_some());
    watched.check("reap", since, 300.0);

    let since = watched.log();
    assert!(!store.starving().await.unwrap().is_empty());
    // It counts those that wait, of which there are ten thousand, and no others.
    watched.check("starving", since, 11_000.0);

    let since = watched.log();
    let limits = Limits {
        global: Some(100_000),
        roles: [("s".into(), 5)].into(),
    };
    store.set_limits(limits).await.unwrap();
    drop(store.claim(asks).await.unwrap());
    store.set_limits(Limits::default()).await.unwrap();
    // It counts those that are leased.
    watched.check("claim within limits", since, 11_000.0);
}
