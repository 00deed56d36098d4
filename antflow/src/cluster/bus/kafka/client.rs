use std::ops::Deref;
use std::time::Duration;

use rdkafka::admin::AdminClient;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::StreamConsumer;
use rdkafka::producer::FutureProducer;

use super::super::BusError;
use super::address::Address;
use super::error;
use super::member::Member;
use super::reports::Reports;

pub(super) type Producer = FutureProducer<Reports>;
pub(super) type Consumer = StreamConsumer<Member>;

/// Makes the clients of a bus.
#[derive(Debug)]
pub(super) struct Clients {
    address: Address,
    reports: Reports,
    refresh: Option<Duration>,
    session: Duration,
}

/// What all clients have, unless the URL says otherwise.
const COMMON: [(&str, &str); 2] = [
    ("client.id", "antflow"),
    // Hints are for now: who waits for long to connect again is found by looking into the store.
    ("reconnect.backoff.max.ms", "2000"),
];

/// What the producer has, unless the URL says otherwise.
const PRODUCER: [(&str, &str); 3] = [
    ("linger.ms", "0"),
    ("message.timeout.ms", "10000"),
    // As clients of Java have it, so that a key has one partition whoever writes.
    ("partitioner", "murmur2_random"),
];

/// What consumers have, unless the URL says otherwise.
const CONSUMER: [(&str, &str); 7] = [
    // Otherwise a member whose group's broker was gone for long may never look for it again.
    ("enable.sparse.connections", "false"),
    // Members poll all the time. So long they wait for a group that does not answer, before they ask it again.
    ("max.poll.interval.ms", "20000"),
    ("partition.assignment.strategy", "cooperative-sticky"),
    ("queued.max.messages.kbytes", "16384"),
    ("queued.min.messages", "1000"),
    ("session.timeout.ms", "10000"),
    // A member neither joins again nor ends before its last commit was answered: it asks again so often.
    ("socket.timeout.ms", "5000"),
];

impl Clients {
    /// Checks all options.
    pub(super) fn new(address: Address) -> Result<Self, BusError> {
        let mut clients = Self {
            address,
            reports: Reports::default(),
            refresh: None,
            session: Duration::ZERO,
        };
        let config = clients.consumer_config("");
        let native = config
            .create_native_config()
            .map_err(|error| error::of_options(&error))?;
        let millis = |key| {
            let value = native.get(key).ok().and_then(|value| value.parse().ok());
            value.map(Duration::from_millis)
        };
        clients.refresh = millis("topic.metadata.refresh.interval.ms");
        clients.session = millis("session.timeout.ms").unwrap_or_default();
        Ok(clients)
    }

    /// The brokers, with commas between them.
    pub(super) fn servers(&self) -> &str {
        &self.address.servers
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// What clients said beside their answers.
    pub(super) fn reports(&self) -> &Reports {
        &self.reports
    }

    /// How often to look for new partitions; never, if the URL says so.
    pub(super) fn refresh(&self) -> Option<Duration> {
        self.refresh.filter(|refresh| !refresh.is_zero())
    }

    /// How long a member may be silent before its group goes on without it.
    pub(super) fn session(&self) -> Duration {
        self.session
    }

    pub(super) fn producer(&self) -> Result<Closing<Producer>, BusError> {
        let mut config = self.config(&PRODUCER);
        let is_idempotent = match config.get("enable.idempotence") {
            Some(value) => value == "true",
            None => !self.address.is_old(),
        };
        config.set("enable.idempotence", is_idempotent.to_string());
        let limit = "max.in.flight.requests.per.connection";
        let is_limited = config.get(limit).or(config.get("max.in.flight")).is_some();
        if !is_idempotent && !is_limited {
            // A request that is sent again would come behind the one after it, and their order be lost.
            config.set(limit, "1");
        }
        config.set("acks", "all");
        let producer = config.create_with_context(self.reports.clone());
        let producer = producer.map_err(|error| error::of_options(&error))?;
        Ok(Closing(Some(producer)))
    }

    pub(super) fn admin(&self) -> Result<AdminClient<Reports>, BusError> {
        let config = self.config(&[]);
        let admin = config.create_with_context(self.reports.clone());
        admin.map_err(|error| error::of_options(&error))
    }

    /// Makes a consumer, on a thread that may wait, and inside of a runtime.
    pub(super) fn consumer(&self, group: &str, member: Member) -> Result<Consumer, BusError> {
        let consumer = self.consumer_config(group).create_with_context(member);
        consumer.map_err(|error| error::of_options(&error))
    }

    fn consumer_config(&self, group: &str) -> ClientConfig {
        let mut config = self.config(&CONSUMER);
        config.set("group.id", group);
        // What is stored is what was given: the rest is committed at once, this is for what went wrong.
        config.set("enable.auto.commit", "true");
        config.set("enable.auto.offset.store", "false");
        // Where to begin is said at the start. What comes later is heard from its beginning.
        config.set("auto.offset.reset", "earliest");
        config
    }

    fn config(&self, defaults: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set_log_level(RDKafkaLogLevel::Warning);
        config.set("bootstrap.servers", &self.address.servers);
        for (key, value) in COMMON.iter().chain(defaults) {
            config.set(*key, *value);
        }
        for (key, value) in &self.address.settings {
            config.set(key, value);
        }
        config
    }
}

/// A client that takes a while to end: it does so on a thread of its own.
#[derive(Debug)]
pub(super) struct Closing<T: Send + 'static>(Option<T>);

impl<T: Send + 'static> Deref for Closing<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("it is taken when this is dropped")
    }
}

impl<T: Send + 'static> Drop for Closing<T> {
    fn drop(&mut self) {
        let client = self.0.take();
        let thread = std::thread::Builder::new().name(super::listen::THREAD.to_owned());
        // Without a thread to be had, the client has ended here, as the closure is dropped.
        if let Err(error) = thread.spawn(move || drop(client)) {
            crate::log::error!(%error, "there is no thread on which a client of Kafka could end");
        }
    }
}
