//! What the tests of Kafka's bus share.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::time::Duration;

use antflow::cluster::bus::{Audience, Bus, Inbox, KafkaBus, Post};
use antflow::cluster::protocol::Topic;

/// Longer than anything takes that comes at all.
pub const LONG: Duration = Duration::from_secs(60);

pub fn topic() -> Topic {
    Topic::Commands("r".into())
}

pub fn group(name: &str) -> Audience {
    Audience::OneOf(name.into())
}

pub fn post(text: &str, key: &str) -> Post {
    Post {
        topic: topic(),
        key: key.into(),
        bytes: text.as_bytes().into(),
    }
}

pub fn text(post: &Post) -> String {
    String::from_utf8(post.bytes.to_vec()).unwrap()
}

pub fn texts(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("{number:05}")).collect()
}

pub async fn say(bus: &KafkaBus, text: &str) {
    bus.publish(post(text, "key")).await.unwrap();
}

pub async fn listen(bus: &KafkaBus, audience: Audience) -> Box<dyn Inbox> {
    bus.subscribe(vec![topic()], audience).await.unwrap()
}

/// The next posts, so many of them.
pub async fn heard(inbox: &mut Box<dyn Inbox>, count: usize) -> Vec<String> {
    let mut all = Vec::new();
    while all.len() < count {
        let next = tokio::time::timeout(LONG, inbox.next()).await;
        let next = next.unwrap_or_else(|_| panic!("after {all:?} came nothing"));
        all.push(text(&next.expect("the bus is open").unwrap()));
    }
    all
}
