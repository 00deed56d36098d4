//! What does the bus over NATS make of its server: of what is there, what is missing, and what is not allowed?

use std::process::Command;
use std::time::Duration;

use antflow::cluster::bus::{Audience, Bus, BusError, NatsBus, Post};
use antflow::cluster::protocol::Topic;
use antflow_tests::bus_suite::bench::{
    comes_to, commands, group, heard_texts, listen, next, post, said, silent, text, texts,
};
use antflow_tests::servers::{Home, Nats, free_port};
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::stream::{Config, RetentionPolicy};
use async_nats::jetstream::{self, Context};
use futures::{StreamExt, TryStreamExt};

async fn jetstream(server: &Nats) -> Context {
    let client = async_nats::connect(server.url()).await;
    jetstream::new(client.expect("it connects"))
}

async fn refused(url: &str) -> String {
    match NatsBus::connect(url).await {
        Err(BusError::Refused { reason }) => reason,
        other => panic!("this is not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_without_secrets() {
    let url = format!("nats://me:secret@127.0.0.1:{}", free_port());
    let error = NatsBus::connect(&url).await.unwrap_err();
    assert!(matches!(error, BusError::Unavailable { .. }), "{error:?}");
    assert!(
        !format!("{error:?} {error}").contains("secret"),
        "{error:?}"
    );
}

#[tokio::test]
async fn whoever_is_not_known_is_told() {
    let server = Nats::configured(
        "jetstream {}\nauthorization { users: [{ user: me, password: \"s:e@c\" }] }",
    );
    let url = |who: &str| format!("nats://{who}127.0.0.1:{}", server.port());
    for who in ["", "me:wrong@", "wrong@"] {
        let reason = refused(&url(who)).await;
        assert!(reason.contains("does not know who asks"), "{reason}");
        assert!(!reason.contains("wrong"), "{reason}");
    }
    let bus = NatsBus::connect(&url("me:s%3Ae%40c@")).await.unwrap();
    assert!(!format!("{bus:?}").contains("s:e@c"));

    let server = Nats::configured("jetstream {}\nauthorization { token: secret }");
    let url = format!("nats://secret@127.0.0.1:{}", server.port());
    NatsBus::connect(&url).await.unwrap();
    let missing = format!("{}?creds=/none/a.creds", server.url());
    assert!(
        refused(&missing)
            .await
            .contains("`/none/a.creds` cannot be read")
    );
}

#[tokio::test]
async fn without_jetstream_it_says_how_to_switch_it_on() {
    let server = Nats::configured("");
    let reason = refused(&server.url()).await;
    assert!(
        reason.contains("start `nats-server` with `-js`"),
        "{reason}"
    );
    let server = Nats::configured(
        "jetstream {}\naccounts { A { users: [{ user: a, password: a }] } }\nno_auth_user: a",
    );
    let reason = refused(&server.url()).await;
    assert!(reason.contains("into the account"), "{reason}");
}

#[tokio::test]
async fn what_is_not_allowed_is_named() {
    let server = Nats::configured(
        "jetstream {}\nauthorization { users: [{ user: a, password: a, permissions: { publish: { deny: [\
         \"$JS.API.STREAM.CREATE.>\", \"antflow.signals.>\"] } } }, { user: b, password: b }] }",
    );
    let url = |who: &str| format!("nats://{who}:{who}@127.0.0.1:{}", server.port());
    let reason = refused(&url("a")).await;
    assert!(
        reason.contains("$JS.API.STREAM.CREATE.antflow-hints"),
        "{reason}"
    );
    // Whoever may makes them; then the others may do without.
    NatsBus::connect(&url("b")).await.unwrap();
    let bus = NatsBus::connect(&url("a")).await.unwrap();
    let mut inbox = listen(&bus, [&commands("r")], group("r")).await;
    said(&bus, post(&commands("r"), "", "a")).await;
    assert_eq!(text(&next(&mut *inbox).await), "a");
}

#[tokio::test]
async fn streams_that_are_there_are_taken_as_they_are() {
    let server = Nats::start();
    let context = jetstream(&server).await;
    let hints = Config {
        name: "antflow-hints".to_owned(),
        subjects: vec![
            "antflow.cmd.*.v1".to_owned(),
            "antflow.workers.>".to_owned(),
        ],
        retention: RetentionPolicy::WorkQueue,
        max_messages: 7,
        ..Config::default()
    };
    let events = Config {
        name: "audit".to_owned(),
        subjects: ["runs.v1", "warnings.v1", "status.>"]
            .map(|name| format!("antflow.{name}"))
            .into(),
        max_age: Duration::from_secs(77),
        ..Config::default()
    };
    context.create_stream(hints).await.unwrap();
    context.create_stream(events).await.unwrap();
    let bus = NatsBus::connect(&server.url()).await.unwrap();
    for topic in [
        commands("r"),
        Topic::Announce,
        Topic::Runs,
        Topic::Status("r".into()),
    ] {
        let mut inbox = listen(&bus, [&topic], group("g")).await;
        said(&bus, post(&topic, "k", "a")).await;
        assert_eq!(next(&mut *inbox).await, post(&topic, "k", "a"));
    }
    let names: Vec<_> = context.stream_names().try_collect().await.unwrap();
    assert_eq!(names.len(), 2, "none is made beside them: {names:?}");
    let hints = context.get_stream("antflow-hints").await.unwrap();
    assert_eq!(hints.cached_info().config.max_messages, 7);
    // A work queue has one group for each role, and says so to a second one.
    let second = bus.subscribe(vec![commands("r")], group("h")).await;
    assert!(
        matches!(second, Err(BusError::Refused { .. })),
        "{second:?}"
    );
}

#[tokio::test]
async fn events_can_be_read_afterwards() {
    let server = Nats::shared();
    let url = server.fresh();
    let prefix = url.split("prefix=").nth(1).unwrap();
    let bus = NatsBus::connect(&format!("{url}&events_age=1h&events_bytes=100000"))
        .await
        .unwrap();
    let topic = Topic::Status("a.b".into());
    said(&bus, post(&topic, "run:node", "a")).await;
    said(&bus, post(&topic, "run:node", "b")).await;
    let mut late = listen(&bus, [&topic], Audience::Each).await;
    let mut late_group = listen(&bus, [&topic], group("g")).await;
    silent(&mut *late).await;
    silent(&mut *late_group).await;
    let context = jetstream(server).await;
    let stream = context
        .get_stream(format!("{prefix}-events"))
        .await
        .unwrap();
    let config = &stream.cached_info().config;
    assert_eq!(
        (config.max_age.as_secs(), config.max_bytes),
        (3600, 100_000)
    );
    let first = stream.get_raw_message(1).await.unwrap();
    assert_eq!(first.subject.as_str(), format!("{prefix}.status.a=2Eb.v1"));
    assert_eq!(&*first.payload, b"a");
    assert_eq!(
        first.headers.get("Antflow-Key").unwrap().as_str(),
        "run:node"
    );
    assert_eq!(stream.cached_info().state.messages, 2);
}

#[tokio::test]
async fn hints_are_gone_once_they_are_heard() {
    let server = Nats::shared();
    let url = server.fresh();
    let prefix = url.split("prefix=").nth(1).unwrap();
    let bus = NatsBus::connect(&url).await.unwrap();
    let topic = commands("r");
    said(&bus, post(&topic, "", "nobody")).await;
    let mut inbox = listen(&bus, [&topic], group("r")).await;
    for text in texts(20) {
        said(&bus, post(&topic, "", &text)).await;
    }
    let mut stream = jetstream(server)
        .await
        .get_stream(format!("{prefix}-hints"))
        .await
        .unwrap();
    assert_eq!(stream.info().await.unwrap().state.messages, 20);
    assert_eq!(heard_texts(&mut *inbox, 20).await.len(), 20);
    silent(&mut *inbox).await;
    for _ in 0..100 {
        if stream.info().await.unwrap().state.messages == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("hints stay that were heard");
}

#[tokio::test]
async fn what_is_too_large_is_refused_with_what_to_do() {
    let server = Nats::configured("jetstream {}\nmax_payload: 65536");
    let bus = NatsBus::connect(&server.url()).await.unwrap();
    for topic in [commands("r"), Topic::Signals] {
        let large = Post {
            bytes: vec![b'a'; 70_000].into(),
            ..post(&topic, "", "")
        };
        let error = bus.publish(large).await.unwrap_err();
        assert!(matches!(error, BusError::Refused { .. }), "{error}");
        assert!(error.to_string().contains("raise `max_payload`"), "{error}");
        assert!(error.to_string().contains("70000 bytes"), "{error}");
    }
    let mut inbox = listen(&bus, [&commands("r")], group("r")).await;
    said(&bus, post(&commands("r"), "", "small")).await;
    assert_eq!(text(&next(&mut *inbox).await), "small");
}

/// Somebody of the group fetches a post, and dies before it is heard.
#[tokio::test]
async fn what_a_dead_consumer_has_fetched_goes_to_another() {
    let server = Nats::shared();
    let url = server.fresh();
    let prefix = url.split("prefix=").nth(1).unwrap();
    let bus = NatsBus::connect(&url).await.unwrap();
    let topic = commands("r");
    let mut inbox = listen(&bus, [&topic], group("r")).await;
    said(&bus, post(&topic, "", "a")).await;
    let stream = jetstream(server)
        .await
        .get_stream(format!("{prefix}-hints"))
        .await
        .unwrap();
    let name = stream.consumer_names().next().await.unwrap().unwrap();
    let consumer: PullConsumer = stream.get_consumer(&name).await.unwrap();
    let mut fetched = consumer.fetch().max_messages(1).messages().await.unwrap();
    assert_eq!(&*fetched.next().await.unwrap().unwrap().payload, b"a");
    assert_eq!(text(&next(&mut *inbox).await), "a");
    silent(&mut *inbox).await;
}

#[tokio::test]
async fn what_was_taken_outlives_a_crash_of_the_server() {
    let mut server = Nats::start();
    let bus = NatsBus::connect(&server.url()).await.unwrap();
    let topic = commands("r");
    let mut inbox = listen(&bus, [&topic], group("r")).await;
    for text in texts(200) {
        said(&bus, post(&topic, "", &text)).await;
    }
    let mut heard = heard_texts(&mut *inbox, 50).await;
    server.kill();
    server.restart();
    while heard.len() < 200 {
        let next = tokio::time::timeout(Duration::from_secs(60), inbox.next()).await;
        match next.expect("posts are missing") {
            Some(Ok(post)) if heard.contains(&text(&post)) => {}
            Some(Ok(post)) => heard.push(text(&post)),
            Some(Err(_)) => tokio::time::sleep(Duration::from_millis(50)).await,
            None => panic!("the inbox has ended"),
        }
    }
    heard.sort();
    assert_eq!(heard, texts(200).collect::<Vec<_>>());
}

#[tokio::test]
async fn streams_that_somebody_removes_are_made_again() {
    let server = Nats::start();
    let bus = NatsBus::connect(&server.url()).await.unwrap();
    let topic = commands("r");
    let mut inbox = listen(&bus, [&topic], group("r")).await;
    let context = jetstream(&server).await;
    let waiting = tokio::spawn(async move {
        comes_to(&mut *inbox, "again").await;
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    context.delete_stream("antflow-hints").await.unwrap();
    context.delete_stream("antflow-events").await.unwrap();
    said(&bus, post(&Topic::Runs, "", "a")).await;
    // It fails by itself if nothing comes.
    while !waiting.is_finished() {
        said(&bus, post(&topic, "", "again")).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    waiting.await.unwrap();
}

#[tokio::test]
async fn the_last_clone_closes_the_bus() {
    let bus = NatsBus::connect(&Nats::shared().fresh()).await.unwrap();
    let mut each = listen(&bus, [&Topic::Runs], Audience::Each).await;
    let mut of_group = listen(&bus, [&Topic::Runs], group("g")).await;
    drop(bus.clone());
    said(&bus, post(&Topic::Runs, "", "a")).await;
    assert_eq!(text(&next(&mut *each).await), "a");
    drop(bus);
    assert!(each.next().await.is_none());
    assert!(of_group.next().await.is_none());
}

/// A certificate for 127.0.0.1, and its key.
fn certificate(home: &Home) -> (String, String) {
    let place = |name: &str| home.path().join(name).display().to_string();
    let (cert, key) = (place("cert.pem"), place("key.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args([
            "-nodes", "-days", "2", "-subj", "/CN=nats", "-keyout", &key, "-out", &cert,
        ])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .output();
    let made = made.expect("openssl is there");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    (cert, key)
}

#[tokio::test]
async fn tls_is_taken_and_the_server_is_checked() {
    let home = Home::new();
    let (cert, key) = certificate(&home);
    let server = Nats::configured(&format!(
        "jetstream {{}}\ntls {{ cert_file: \"{cert}\", key_file: \"{key}\" }}"
    ));
    let port = server.port();
    for url in [
        format!("tls://127.0.0.1:{port}?ca={cert}"),
        format!("nats://127.0.0.1:{port}?ca={cert}"),
    ] {
        let bus = NatsBus::connect(&url).await.unwrap();
        let mut inbox = listen(&bus, [&Topic::Signals], Audience::Each).await;
        said(&bus, post(&Topic::Signals, "", "a")).await;
        assert_eq!(text(&next(&mut *inbox).await), "a");
    }
    let strange = NatsBus::connect(&format!("tls://127.0.0.1:{port}")).await;
    assert!(
        matches!(strange, Err(BusError::Unavailable { .. })),
        "{strange:?}"
    );
    let plain = Nats::shared();
    let refused = NatsBus::connect(&format!("{}?tls=required", plain.url())).await;
    assert!(refused.is_err(), "it insists on TLS");
}
