//! What does the bus over PostgreSQL make of its server: of who may what, of what is old, of a connection that breaks?

use std::time::Duration;

use antflow::cluster::bus::{Audience, Bus, BusError, PostgresBus};
use antflow::cluster::protocol::Topic;
use antflow_tests::bus_suite::bench::{
    comes_to, commands, group, heard_texts, listen, next, post, said, silent, text, texts,
};
use antflow_tests::servers::{Postgres, free_port};
use tokio::task::block_in_place;

async fn connect(url: &str) -> PostgresBus {
    PostgresBus::connect(url).await.expect("it connects")
}

/// Asks until the answer is this one.
async fn comes_to_be(url: &str, question: &str, answer: &str) {
    let mut last = String::new();
    for _ in 0..300 {
        last = block_in_place(|| Postgres::shared().psql(url, question));
        if last.trim() == answer {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("`{question}` is `{last}`, and never `{answer}`");
}

#[tokio::test]
async fn what_is_wrong_with_a_url_is_said_without_secrets() {
    let away = format!("postgres://me:secret@127.0.0.1:{}/work", free_port());
    let error = PostgresBus::connect(&away).await.unwrap_err();
    assert!(matches!(error, BusError::Unavailable { .. }), "{error:?}");
    assert!(
        !format!("{error:?} {error}").contains("secret"),
        "{error:?}"
    );

    let there = format!(
        "postgres://postgres:secret@127.0.0.1:{}",
        Postgres::shared().port()
    );
    for (url, what) in [
        ("nats://me:secret@a".to_owned(), "no URL of PostgreSQL"),
        (format!("{there}/work?prefix=a.b"), "`prefix`"),
        (format!("{there}/work?schema=A"), "`schema`"),
        (format!("{there}/none"), "does not exist"),
    ] {
        let error = PostgresBus::connect(&url).await.unwrap_err();
        assert!(matches!(error, BusError::Refused { .. }), "{error:?}");
        let said = format!("{error:?} {error}");
        assert!(said.contains(what) && !said.contains("secret"), "{said}");
    }
}

#[tokio::test]
async fn schemas_and_prefixes_keep_clusters_apart() {
    let url = Postgres::shared().database();
    let buses = [
        connect(&url).await,
        connect(&format!("{url}?schema=other")).await,
        connect(&format!("{url}?prefix=other")).await,
        connect(&format!("{url}?schema=other&prefix=other")).await,
    ];
    let topic = commands("r");
    let mut inboxes = Vec::new();
    for bus in &buses {
        inboxes.push(listen(bus, [&topic], group("r")).await);
        inboxes.push(listen(bus, [&topic], Audience::Each).await);
    }
    for (n, bus) in buses.iter().enumerate() {
        said(bus, post(&topic, "", &n.to_string())).await;
    }
    for (n, inbox) in inboxes.iter_mut().enumerate() {
        assert_eq!(text(&next(&mut **inbox).await), (n / 2).to_string());
    }
    for inbox in &mut inboxes {
        silent(&mut **inbox).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_inboxes_of_a_bus_share_one_connection() {
    let url = Postgres::shared().database();
    let bus = connect(&url).await;
    let mut inboxes = Vec::new();
    for n in 0..20 {
        inboxes.push(listen(&bus, [&commands(&n.to_string())], group("r")).await);
        inboxes.push(listen(&bus, [&Topic::Runs], Audience::Each).await);
    }
    let question = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                    AND application_name = 'antflow'";
    comes_to_be(&url, question, "1").await;
    // A bus that is closed lets it go, whoever still has the inboxes.
    bus.close();
    comes_to_be(&url, question, "0").await;
    assert!(inboxes[0].next().await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_not_make_tables_needs_them_to_be_there() {
    let server = Postgres::shared();
    let url = server.database();
    let psql = |statements: &str| block_in_place(|| server.psql(&url, statements));
    psql("CREATE ROLE bus_worker LOGIN");
    let worker = url.replace("postgres@", "bus_worker@");
    let error = PostgresBus::connect(&worker).await.unwrap_err();
    assert!(matches!(error, BusError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("permission denied"), "{error}");
    let owner = connect(&url).await;
    PostgresBus::connect(&worker).await.unwrap_err();
    psql(
        "GRANT USAGE ON SCHEMA antflow_bus TO bus_worker; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA antflow_bus TO bus_worker",
    );
    let bus = connect(&worker).await;
    let topic = commands("r");
    let mut inbox = listen(&bus, [&topic], group("r")).await;
    for text in ["a", "b\0"] {
        said(&owner, post(&topic, "", text)).await;
        assert_eq!(
            antflow_tests::bus_suite::bench::text(&next(&mut *inbox).await),
            text
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_old_is_removed() {
    let server = Postgres::shared();
    let url = server.database();
    let bus = connect(&url).await;
    let topic = commands("r");
    let each = listen(&bus, [&topic], Audience::Each).await;
    let of_group = listen(&bus, [&topic], group("r")).await;
    let mut stays = listen(&bus, [&topic], group("stays")).await;
    for text in ["old", "old\0"] {
        said(&bus, post(&topic, "", text)).await;
    }
    let count = "SELECT (SELECT count(*) FROM antflow_bus.groups), (SELECT count(*) FROM antflow_bus.posts), \
                 (SELECT count(*) FROM antflow_bus.large)";
    comes_to_be(&url, count, "2|4|1").await;
    drop((each, of_group));
    block_in_place(|| {
        server.psql(
            &url,
            "UPDATE antflow_bus.groups SET seen = seen - interval '1 hour'; \
             UPDATE antflow_bus.large SET at = at - interval '1 hour'",
        )
    });
    // A bus that connects again tells who listens, and removes what is old.
    let ends = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                WHERE application_name = 'antflow' AND datname = current_database()";
    block_in_place(|| server.psql(&url, ends));
    comes_to_be(&url, count, "1|2|0").await;
    assert_eq!(heard_texts(&mut *stays, 2).await, ["old", "old\0"]);

    // Of very many the newest stay.
    block_in_place(|| {
        server.psql(
            &url,
            "INSERT INTO antflow_bus.posts (name, channel, key, bytes) SELECT name, channel, '', n::text::bytea \
             FROM antflow_bus.groups, generate_series(1, 10050) AS n",
        );
        server.psql(&url, ends)
    });
    comes_to_be(&url, count, "1|10000|0").await;
    while bus.dropped() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(bus.dropped(), 50);
    assert_eq!(text(&next(&mut *stays).await), "51");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_the_server_ends_are_made_again() {
    let server = Postgres::shared();
    let url = server.database();
    let (bus, other) = (connect(&url).await, connect(&url).await);
    let topics = [commands("r"), Topic::Announce];
    let mut of_group = listen(&bus, topics.each_ref(), group("r")).await;
    let mut each = listen(&bus, [&topics[0]], Audience::Each).await;
    for round in ["first", "second"] {
        block_in_place(|| {
            server.psql(
                &url,
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                 WHERE application_name = 'antflow' AND datname = current_database()",
            )
        });
        let says = async {
            loop {
                // What was not said while nobody was connected is said again.
                drop(other.publish(post(&topics[0], "", round)).await);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::select! {
            _ = futures::future::join(comes_to(&mut *of_group, round), comes_to(&mut *each, round)) => {}
            () = says => {}
        }
    }
}

#[tokio::test]
async fn the_last_clone_closes_the_bus() {
    let bus = connect(&Postgres::shared().database()).await;
    let mut each = listen(&bus, [&Topic::Runs], Audience::Each).await;
    let mut of_group = listen(&bus, [&Topic::Runs], group("g")).await;
    drop(bus.clone());
    for text in texts(3) {
        said(&bus, post(&Topic::Runs, "", &text)).await;
    }
    assert_eq!(
        heard_texts(&mut *each, 3).await,
        texts(3).collect::<Vec<_>>()
    );
    drop(bus);
    assert!(each.next().await.is_none());
    assert!(of_group.next().await.is_none());
}
