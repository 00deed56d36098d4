use std::time::Duration;

use super::*;
use crate::cluster::protocol::Message;

fn commands() -> Topic {
    Topic::Commands("r".into())
}

fn post(text: &str) -> Post {
    Post {
        topic: commands(),
        key: String::new(),
        bytes: text.as_bytes().into(),
    }
}

async fn listen(bus: &InProcessBus, audience: Audience) -> Box<dyn Inbox> {
    bus.subscribe(vec![commands()], audience).await.unwrap()
}

/// What can be heard without waiting for more to be said.
async fn heard(inbox: &mut Box<dyn Inbox>) -> Vec<String> {
    let mut all = Vec::new();
    while let Ok(Some(post)) = tokio::time::timeout(Duration::from_millis(1), inbox.next()).await {
        all.push(String::from_utf8(post.unwrap().bytes.to_vec()).unwrap());
    }
    all
}

#[tokio::test(start_paused = true)]
async fn each_hears_all_and_of_a_group_one_hears_each() {
    let bus = InProcessBus::new();
    let mut each = [
        listen(&bus, Audience::Each).await,
        listen(&bus, Audience::Each).await,
    ];
    let group = || Audience::OneOf("g".into());
    let mut members = [listen(&bus, group()).await, listen(&bus, group()).await];
    let mut other = bus
        .subscribe(vec![Topic::Signals], Audience::Each)
        .await
        .unwrap();
    for text in ["a", "b", "c"] {
        bus.publish(post(text)).await.unwrap();
    }
    for inbox in &mut each {
        assert_eq!(heard(inbox).await, ["a", "b", "c"]);
    }
    // The first takes one and is busy then: the other takes the rest.
    let first = members[0].next().await.unwrap().unwrap();
    assert_eq!(&*first.bytes, b"a");
    assert_eq!(heard(&mut members[1]).await, ["b", "c"]);
    assert!(heard(&mut members[0]).await.is_empty());
    assert!(heard(&mut other).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_drops_its_oldest_and_counts() {
    let bus = InProcessBus::with_capacity(2);
    let mut inbox = listen(&bus, Audience::Each).await;
    for text in ["a", "b", "c", "d"] {
        bus.publish(post(text)).await.unwrap();
    }
    assert_eq!(heard(&mut inbox).await, ["c", "d"]);
    assert_eq!(bus.dropped(), 2);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_woken_and_a_dropped_wait_loses_nothing() {
    let bus = InProcessBus::new();
    let group = || Audience::OneOf("g".into());
    let mut first = listen(&bus, group()).await;
    let mut second = listen(&bus, group()).await;
    let mut waits = first.next();
    assert!(futures_util::poll!(&mut waits).is_pending());
    let waiting = tokio::spawn(async move { second.next().await });
    tokio::task::yield_now().await;
    // The first one is called, and goes away instead of coming.
    bus.publish(post("a")).await.unwrap();
    drop(waits);
    let post = waiting.await.unwrap().unwrap().unwrap();
    assert_eq!(&*post.bytes, b"a");
}

#[tokio::test(start_paused = true)]
async fn a_closed_bus_is_heard_to_its_end() {
    let bus = InProcessBus::new();
    let group = || Audience::OneOf("g".into());
    let mut inboxes = [listen(&bus, group()).await, listen(&bus, group()).await];
    bus.publish(post("a")).await.unwrap();
    bus.close();
    assert!(matches!(
        bus.publish(post("b")).await,
        Err(BusError::Closed)
    ));
    assert!(inboxes[0].next().await.is_some());
    assert!(inboxes[0].next().await.is_none());
    assert!(inboxes[1].next().await.is_none());

    let bus = InProcessBus::new();
    let mut inbox = listen(&bus, Audience::Each).await;
    let waiting = tokio::spawn(async move { inbox.next().await.is_none() });
    tokio::task::yield_now().await;
    drop(bus);
    assert!(waiting.await.unwrap(), "the last clone is gone");
}

#[tokio::test(start_paused = true)]
async fn nobody_speaks_to_inboxes_that_are_gone() {
    let bus = InProcessBus::with_capacity(1);
    drop(listen(&bus, Audience::Each).await);
    bus.publish(post("a")).await.unwrap();
    bus.publish(post("b")).await.unwrap();
    assert_eq!(bus.dropped(), 0);
}

#[test]
fn a_key_keeps_what_belongs_together() {
    let key = |envelope: Envelope| Post::new(Topic::Signals, &envelope).key;
    let envelope = || Envelope::new(Message::Query);
    assert_eq!(key(envelope().about("r", "n")), "r:n");
    assert_eq!(key(envelope().about_run("r")), "r");
    assert_eq!(key(envelope().worker("w".into())), "w");
    assert_eq!(key(envelope()), "");
}

#[test]
fn a_bus_and_its_inboxes_can_be_sent_and_shared() {
    fn shared<T: Send + Sync + ?Sized>() {}
    fn sent<T: Send + ?Sized>() {}
    shared::<dyn Bus>();
    shared::<dyn crate::cluster::store::Store>();
    sent::<dyn Inbox>();
}
