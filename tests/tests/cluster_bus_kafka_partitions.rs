//! Does the bus of Kafka hear what is said on partitions that are added while it listens?

#![allow(clippy::unwrap_used, reason = "a test fails by it, and says where")]

mod kafka;

use std::collections::BTreeSet;

use antflow::cluster::bus::{Audience, KafkaBus};
use antflow_tests::servers::Kafka;

use kafka::{group, listen, texts};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_that_are_added_are_heard_from_their_beginning() {
    let kafka = Kafka::shared();
    let url = format!("{}&prefix=grows", kafka.url());
    let url = format!("{url}&topic.metadata.refresh.interval.ms=1000");
    let bus = KafkaBus::connect(&url).await.unwrap();
    let mut inboxes = [
        listen(&bus, Audience::Each).await,
        listen(&bus, group("g")).await,
    ];
    kafka::say(&bus, "before").await;
    for inbox in &mut inboxes {
        assert_eq!(kafka::heard(inbox, 1).await, ["before"]);
    }
    tokio::task::block_in_place(|| {
        kafka.topics(&["--alter", "--topic", "grows.cmd.r.v1", "--partitions", "16"]);
    });
    // Whoever speaks knows of them at once; who listens notices later.
    let speaker = KafkaBus::connect(&url).await.unwrap();
    let all = texts(0..100);
    for text in &all {
        use antflow::cluster::bus::Bus;
        speaker.publish(kafka::post(text, text)).await.unwrap();
    }
    for inbox in &mut inboxes {
        let heard = kafka::heard(inbox, 100).await;
        assert_eq!(
            heard.into_iter().collect::<BTreeSet<_>>(),
            all.iter().cloned().collect()
        );
    }
}
