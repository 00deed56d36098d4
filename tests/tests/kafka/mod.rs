//! What the tests of Kafka's bus share.

#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, reason = "a test fails by it, and says where")]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use antflow::cluster::bus::{Audience, Bus, BusError, Inbox, KafkaBus, Post};
use antflow::cluster::protocol::Topic;
use antflow_tests::bus_suite::bench::Connecting;
use antflow_tests::bus_suite::{Broker, BusBench};
use antflow_tests::servers::Kafka;

/// Longer than anything takes that comes at all.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) fn topic() -> Topic {
    Topic::Commands("r".into())
}

pub(crate) fn group(name: &str) -> Audience {
    Audience::OneOf(name.into())
}

pub(crate) fn post(text: &str, key: &str) -> Post {
    Post {
        topic: topic(),
        key: key.into(),
        bytes: text.as_bytes().into(),
    }
}

pub(crate) fn text(post: &Post) -> String {
    String::from_utf8(post.bytes.to_vec()).unwrap()
}

pub(crate) fn texts(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("{number:05}")).collect()
}

pub(crate) async fn say(bus: &KafkaBus, text: &str) {
    bus.publish(post(text, "key")).await.unwrap();
}

pub(crate) async fn listen(bus: &KafkaBus, audience: Audience) -> Box<dyn Inbox> {
    bus.subscribe(vec![topic()], audience).await.unwrap()
}

/// The next posts, so many of them.
pub(crate) async fn heard(inbox: &mut Box<dyn Inbox>, count: usize) -> Vec<String> {
    let mut all = Vec::new();
    while all.len() < count {
        let next = tokio::time::timeout(LONG, inbox.next()).await;
        let next = next.unwrap_or_else(|_| panic!("after {all:?} came nothing"));
        all.push(text(&next.expect("the bus is open").unwrap()));
    }
    all
}

/// A bus on the broker that tests share.
pub(crate) async fn shared() -> BusBench {
    BrokerOf::bench(Kafka::shared().fresh(), None).await
}

/// A bus on a broker of its own.
pub(crate) async fn own() -> BusBench {
    let kafka = tokio::task::block_in_place(Kafka::start);
    // Cases say something to no broker several times, and have other things to do.
    let url = format!("{}&message.timeout.ms=3000", kafka.fresh());
    BrokerOf::bench(url, Some(Mutex::new(kafka))).await
}

/// What the suite of buses has to know of Kafka.
#[derive(Debug)]
struct BrokerOf {
    url: String,
    bus: KafkaBus,
    /// `None` if it is shared.
    kafka: Option<Mutex<Kafka>>,
}

impl BrokerOf {
    async fn bench(url: String, kafka: Option<Mutex<Kafka>>) -> BusBench {
        let bus = KafkaBus::connect(&url).await.unwrap();
        let broker = Self {
            url,
            bus: bus.clone(),
            kafka,
        };
        BusBench {
            bus: Arc::new(bus),
            broker: Box::new(broker),
        }
    }

    fn kafka(&self) -> MutexGuard<'_, Kafka> {
        let kafka = self.kafka.as_ref().expect("the broker is its own");
        kafka.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connect(url: &str) -> Result<Arc<dyn Bus>, BusError> {
    Ok(Arc::new(KafkaBus::connect(url).await?))
}

impl Broker for BrokerOf {
    fn another(&self) -> Connecting<'_> {
        Box::pin(connect(&self.url))
    }

    fn close(&self) {
        self.bus.close();
    }

    fn stranger(&self) -> Connecting<'_> {
        Box::pin(async {
            let url = self.kafka().fresh();
            connect(&url).await
        })
    }

    fn stop_broker(&self) {
        self.kafka().kill();
    }

    fn start_broker(&self) {
        self.kafka().restart();
    }

    fn deals_in_shares(&self) -> bool {
        true
    }
}
