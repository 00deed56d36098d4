//! Who makes the tables, and what others do who find them or do not.

use antflow::cluster::graph::Node;
use antflow::cluster::store::{
    Finish, NewDeadLetter, PostgresOptions, PostgresStore, QueryStore, Retention, SteerStore,
    StoreError, TellStore, WorkStore,
};
use antflow_tests::seconds;
use antflow_tests::servers::Postgres;
use antflow_tests::store_suite::bench::request;
use antflow_tests::store_suite::leases::announcement;

use crate::bench::{commit, run_of};

async fn connect(url: &str) -> Result<PostgresStore, StoreError> {
    PostgresStore::connect(url, PostgresOptions::default()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_begin_at_once() {
    let url = Postgres::shared().database();
    let opening = (0..12).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { connect(&url).await })
    });
    let mut stores = Vec::new();
    for store in opening.collect::<Vec<_>>() {
        stores.push(store.await.unwrap().unwrap());
    }
    let run = stores[0]
        .submit(run_of([Node::new("a", "r")]))
        .await
        .unwrap()
        .run;
    for store in &stores {
        assert!(!store.run(run.clone()).await.unwrap().state.is_terminal());
    }
    let versions = Postgres::shared().psql(&url, "SELECT count(*) FROM antflow.versions");
    assert_eq!(versions.trim(), "1");
}

#[tokio::test]
async fn schemas_of_one_database_are_stores_of_their_own() {
    let url = Postgres::shared().database();
    let one = connect(&url).await.unwrap();
    let other = connect(&format!("{url}?schema=other_1")).await.unwrap();
    assert_eq!((one.schema(), other.schema()), ("antflow", "other_1"));
    let run = one.submit(run_of([Node::new("a", "r")])).await.unwrap().run;
    assert!(matches!(
        other.run(run).await,
        Err(StoreError::NotFound { .. })
    ));
    assert!(other.claim(request("w", ["r"])).await.unwrap().is_empty());
    for name in ["", "A", "a-b", "1a", "pg_x", "a;drop", &"x".repeat(64)] {
        let refused = connect(&format!("{url}?schema={name}")).await.unwrap_err();
        assert!(matches!(refused, StoreError::Invalid(_)), "{refused}");
    }
}

#[tokio::test]
async fn tables_of_newer_versions_and_of_others_are_left_alone() {
    let url = Postgres::shared().database();
    connect(&url).await.unwrap();
    Postgres::shared().psql(&url, "INSERT INTO antflow.versions VALUES (77, now())");
    let newer = connect(&url).await.unwrap_err();
    assert!(
        matches!(newer, StoreError::Newer { found: 77, .. }),
        "{newer}"
    );
    Postgres::shared().psql(&url, "CREATE SCHEMA mine; CREATE TABLE mine.nodes (x int)");
    let others = connect(&format!("{url}?schema=mine")).await.unwrap_err();
    assert!(
        others.to_string().contains("choose another schema"),
        "{others}"
    );
    let left = "SELECT count(*) FROM pg_tables WHERE schemaname = 'mine'";
    assert_eq!(Postgres::shared().psql(&url, left).trim(), "1");
}

/// The owner makes the tables; whoever may read and write rows does all the rest.
#[tokio::test]
async fn workers_need_no_more_than_rows() {
    let server = Postgres::shared();
    let url = server.database();
    let role = format!("worker_{}", std::process::id());
    server.psql(&url, &format!("CREATE ROLE {role} LOGIN"));
    let as_worker = url.replace("postgres@", &format!("{role}@"));
    let refused = connect(&as_worker).await.unwrap_err();
    let said = refused.to_string();
    assert!(matches!(refused, StoreError::Refused { .. }), "{said}");
    assert!(said.contains("GRANT CREATE ON DATABASE"), "{said}");
    let only = PostgresOptions::default().migrate(false);
    let missing = PostgresStore::connect(&url, only.clone())
        .await
        .unwrap_err();
    assert!(
        missing.to_string().contains("connect once with migrations"),
        "{missing}"
    );

    connect(&url).await.unwrap();
    let blind = connect(&as_worker).await.unwrap_err();
    assert!(matches!(blind, StoreError::Refused { .. }), "{blind}");
    assert!(blind.to_string().contains("GRANT"), "{blind}");
    server.psql(
        &url,
        &format!(
            "GRANT USAGE ON SCHEMA antflow TO {role};
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA antflow TO {role}"
        ),
    );
    let store = PostgresStore::connect(&as_worker, only).await.unwrap();
    let run = store
        .submit(run_of([Node::new("a", "r")]))
        .await
        .unwrap()
        .run;
    store.announce(announcement("w")).await.unwrap();
    let lease = store
        .claim(request("w", ["r"]))
        .await
        .unwrap()
        .remove(0)
        .lease;
    store.commit(commit(&lease, "x")).await.unwrap();
    drop(store.finish(lease, Finish::default()).await.unwrap());
    assert!(store.run(run).await.unwrap().state.is_terminal());
    store.set_limits(Default::default()).await.unwrap();
    let taken = store.outbox_take(9, seconds(1)).await.unwrap();
    let ids = taken.iter().map(|event| event.id).collect();
    store.outbox_sent(ids).await.unwrap();
    let letter = NewDeadLetter {
        source: antflow::cluster::store::DeadLetterSource::Bus("x".into()),
        code: "x".into(),
        reason: "x".into(),
        raw: vec![0],
    };
    store.bury(letter).await.unwrap();
    drop(store.reap(9).await.unwrap());
    store.purge(Retention::default(), 9).await.unwrap();
    server.psql(&url, &format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}
