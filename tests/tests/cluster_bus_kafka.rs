//! Does the bus of Kafka do what every bus has to do, and what it promises beside?

mod kafka;

use std::collections::BTreeSet;

use antflow::cluster::bus::{Audience, Bus, BusError, KafkaBus};
use antflow::cluster::protocol::Topic;
use antflow_tests::servers::Kafka;

use kafka::{group, heard, listen, post, say, texts, topic};

mod suite {
    antflow_tests::bus_suite!(crate::kafka::shared);
}

#[tokio::test]
async fn each_hears_all_in_the_order_of_its_key() {
    let url = Kafka::shared().fresh();
    let bus = KafkaBus::connect(&url).await.unwrap();
    let mut inboxes = [
        listen(&bus, Audience::Each).await,
        listen(&KafkaBus::connect(&url).await.unwrap(), Audience::Each).await,
    ];
    let all = texts(0..50);
    for text in &all {
        say(&bus, text).await;
    }
    for inbox in &mut inboxes[..1] {
        assert_eq!(heard(inbox, 50).await, all);
    }
    // The bus of the second one is gone.
    assert!(inboxes[1].next().await.is_none());
}

#[tokio::test]
async fn of_a_group_one_hears_each_post_from_its_first_subscription_on() {
    let url = Kafka::shared().fresh();
    let bus = KafkaBus::connect(&url).await.unwrap();
    say(&bus, "before").await;
    let mut first = listen(&bus, group("g")).await;
    say(&bus, "a").await;
    assert_eq!(heard(&mut first, 1).await, ["a"]);
    // A member that goes and one that comes: what was said between them is heard.
    drop(first);
    say(&bus, "b").await;
    let mut second = listen(&bus, group("g")).await;
    let mut other = listen(&bus, group("other")).await;
    say(&bus, "c").await;
    assert_eq!(heard(&mut second, 2).await, ["b", "c"]);
    assert_eq!(heard(&mut other, 1).await, ["c"]);
}

#[tokio::test]
async fn roles_have_any_name_and_topics_keep_apart() {
    let url = Kafka::shared().fresh();
    let bus = KafkaBus::connect(&url).await.unwrap();
    let odd = Topic::Commands("prüfer/zwei_x20 drei".into());
    let topics = vec![odd.clone(), topic()];
    let mut inbox = bus.subscribe(topics, Audience::Each).await.unwrap();
    let mut one = post("odd", "");
    one.topic = odd.clone();
    bus.publish(one.clone()).await.unwrap();
    let heard = inbox.next().await.unwrap().unwrap();
    assert_eq!(heard, one);
    let empty = antflow::cluster::bus::Post {
        bytes: [].into(),
        ..post("", "k")
    };
    bus.publish(empty.clone()).await.unwrap();
    assert_eq!(inbox.next().await.unwrap().unwrap(), empty);
}

#[tokio::test]
async fn a_prefix_keeps_clusters_apart() {
    let one = KafkaBus::connect(&Kafka::shared().fresh()).await.unwrap();
    let two = KafkaBus::connect(&Kafka::shared().fresh()).await.unwrap();
    let mut hears = listen(&two, Audience::Each).await;
    let mut member = listen(&two, group("g")).await;
    say(&one, "one").await;
    say(&two, "two").await;
    assert_eq!(heard(&mut hears, 1).await, ["two"]);
    assert_eq!(heard(&mut member, 1).await, ["two"]);
}

#[tokio::test]
async fn a_wait_that_is_dropped_loses_nothing() {
    let bus = KafkaBus::connect(&Kafka::shared().fresh()).await.unwrap();
    let mut member = listen(&bus, group("g")).await;
    let all = texts(0..30);
    let mut found = BTreeSet::new();
    for text in &all {
        say(&bus, text).await;
        // Some waits end before anything comes, some may after.
        for millis in [0, 1, 3] {
            let wait = std::time::Duration::from_millis(millis);
            if let Ok(next) = tokio::time::timeout(wait, member.next()).await {
                found.insert(kafka::text(&next.unwrap().unwrap()));
            }
        }
    }
    while found.len() < all.len() {
        found.extend(heard(&mut member, 1).await);
    }
    assert_eq!(found, all.into_iter().collect());
}

#[tokio::test]
async fn what_is_too_large_is_refused_with_what_to_do() {
    let bus = KafkaBus::connect(&Kafka::shared().fresh()).await.unwrap();
    let mut inbox = listen(&bus, Audience::Each).await;
    let error = bus.publish(post(&"x".repeat(1_100_000), "k")).await;
    let error = error.unwrap_err();
    assert!(matches!(error, BusError::Refused { .. }), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("a post of 1100000 bytes is too large") && text.contains("message.max.bytes"),
        "{text}"
    );
    // The broker has a say as well.
    let url = format!("{}&message.max.bytes=3000000", Kafka::shared().fresh());
    let large = KafkaBus::connect(&url).await.unwrap();
    let error = large.publish(post(&"x".repeat(1_100_000), "k")).await;
    let text = error.unwrap_err().to_string();
    assert!(text.contains("is too large"), "{text}");
    say(&bus, "small").await;
    assert_eq!(heard(&mut inbox, 1).await, ["small"]);
}
