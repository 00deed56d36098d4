//! What does the bus of Kafka say when it cannot do what it is asked?

#![allow(clippy::unwrap_used, reason = "a test fails by it, and says where")]

mod kafka;

use antflow::cluster::bus::{Audience, Bus, BusError, KafkaBus};
use antflow_tests::servers::{Kafka, free_port};

use kafka::{group, post};

async fn refused(url: &str) -> String {
    let error = KafkaBus::connect(url).await.unwrap_err();
    assert!(matches!(error, BusError::Refused { .. }), "{error:?}");
    let text = format!("{error} {error:?}");
    assert!(!text.contains("secret"), "{text}");
    text
}

#[tokio::test]
async fn a_wrong_url_and_wrong_options_are_refused_without_their_secrets() {
    assert!(
        refused("kafka:secret")
            .await
            .contains("this is no URL of Kafka")
    );
    assert!(
        refused("kafka://a:secret@b")
            .await
            .contains("has a user before its hosts")
    );
    let text = refused("kafka://127.0.0.1?sasl.passwort=secret").await;
    assert!(
        text.contains("there is no option `sasl.passwort`"),
        "{text}"
    );
    let text = refused("kafka://127.0.0.1?session.timeout.ms=secret").await;
    assert!(
        text.contains("the value of the option `session.timeout.ms`"),
        "{text}"
    );
    let text = refused(
        "kafka://127.0.0.1?sasl.mechanism=X&security.protocol=SASL_PLAINTEXT&sasl.password=secret",
    )
    .await;
    assert!(text.contains("the options do not go together"), "{text}");
    let text = refused("kafka://127.0.0.1?security.protocol=secret").await;
    assert!(
        text.contains("the value of the option `security.protocol`"),
        "{text}"
    );
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_unavailable_and_secrets_stay_secret() {
    let url = format!(
        "kafka://127.0.0.1:{}?security.protocol=SASL_PLAINTEXT&sasl.mechanism=PLAIN&sasl.username=me&sasl.password=secret",
        free_port()
    );
    let error = KafkaBus::connect(&url).await.unwrap_err();
    assert!(matches!(error, BusError::Unavailable { .. }), "{error:?}");
    let text = format!("{error} {error:?}");
    assert!(text.contains("Connection refused"), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn what_is_shown_of_a_bus_has_no_options() {
    let url = format!(
        "{}&sasl.username=me&sasl.password=secret",
        Kafka::shared().fresh()
    );
    let bus = KafkaBus::connect(&url).await.unwrap();
    let inbox = kafka::listen(&bus, Audience::Each).await;
    let text = format!("{bus:?} {inbox:?}");
    assert!(
        text.contains("127.0.0.1") && !text.contains("secret"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_that_nobody_makes_are_refused_with_what_to_make() {
    let kafka = tokio::task::block_in_place(|| Kafka::with(&["auto.create.topics.enable=false"]));
    let url = format!("{}&prefix=shop&partitions=3", kafka.url());
    let bus = KafkaBus::connect(&url).await.unwrap();
    let said = bus.publish(post("a", "")).await.unwrap_err();
    let heard = bus
        .subscribe(vec![kafka::topic()], group("g"))
        .await
        .unwrap_err();
    for error in [said, heard] {
        assert!(matches!(error, BusError::Refused { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("there is no topic `shop.cmd.r.v1`"), "{text}");
        assert!(
            text.contains("kafka-topics.sh --create --topic shop.cmd.r.v1 --partitions 3"),
            "{text}"
        );
    }
    // Once somebody has made it, the same bus goes on.
    tokio::task::block_in_place(|| {
        kafka.topics(&[
            "--create",
            "--topic",
            "shop.cmd.r.v1",
            "--partitions",
            "3",
            "--replication-factor",
            "1",
        ]);
    });
    let mut inbox = kafka::listen(&bus, group("g")).await;
    kafka::say(&bus, "a").await;
    assert_eq!(kafka::heard(&mut inbox, 1).await, ["a"]);
}
