//! The bus of Kafka; see [`KafkaBus`].

mod address;
mod client;
mod desk;
mod each;
mod error;
mod group;
mod inbox;
mod listen;
mod member;
mod names;
mod producer;
mod reports;
mod topics;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::{CancellationToken, DropGuard};

use self::address::Address;
use self::client::Clients;
use self::names::Names;
use self::producer::Speaker;
use self::topics::Topics;
use super::{Audience, Bus, BusError, BusFuture, Inbox, Post};
use crate::cluster::protocol::Topic;

/// How long a broker may take to answer a question, or to make a topic.
const ANSWER: Duration = Duration::from_secs(10);

/// A bus over Apache Kafka. Clones are the same bus.
///
/// ```no_run
/// use antflow::cluster::bus::{Bus, KafkaBus, Post};
/// use antflow::cluster::protocol::{Envelope, Message, Topic};
///
/// # async fn example() -> Result<(), antflow::cluster::bus::BusError> {
/// let bus = KafkaBus::connect("kafka://one:9092,two:9092?prefix=shop&replication=3").await?;
/// bus.publish(Post::new(Topic::Query, &Envelope::new(Message::Query))).await?;
/// # Ok(())
/// # }
/// ```
///
/// # The URL
/// `kafka://host:port,host:port?key=value&key=value`. Ports default to 9092. In values, `%` and two digits stand for a
/// byte, as `%26` for `&`.
///
/// | key | default | what it says |
/// |---|---|---|
/// | `prefix` | `antflow` | what the names of topics and groups begin with: letters, digits, `-` and `_`; may be empty |
/// | `partitions` | 8 | partitions of topics that the bus makes; -1 is the broker's default |
/// | `replication` | -1 | replicas of topics that the bus makes; -1 is the broker's default, from Kafka 2.4 on |
/// | `session.timeout.ms` | 10000 | a worker that is gone is noticed after so long |
/// | `message.timeout.ms` | 10000 | what could not be said for so long is given back |
/// | `max.poll.interval.ms` | 20000 | a group that lets nobody in is asked again after so long; at least the above |
/// | `socket.timeout.ms` | 5000 for inboxes | what no broker answers is asked again after so long |
/// | `topic.metadata.refresh.interval.ms` | 300000 | partitions that were added are noticed after so long |
/// | any other | | goes to librdkafka, whose `CONFIGURATION.md` has them: `security.protocol`, `sasl.username`.. |
///
/// Encryption, and SASL with other mechanisms than `PLAIN`, need the feature `kafka-ssl`. Brokers before 0.11 need
/// `api.version.request=false` and `broker.version.fallback` with their version; they repeat what they have said more
/// often, as their producers are not idempotent (`enable.idempotence`, on by default for all others).
///
/// # Topics
/// `{prefix}.cmd.{role}.v1`, `{prefix}.status.{role}.v1`, `{prefix}.signals.v1` and so on, one for each
/// [`Topic`]; without a prefix, `cmd.{role}.v1` and so on. Of roles, what is no letter, digit, `-` or `_` is written as
/// `_x` and two hexadecimal digits for each byte. The bus makes a topic when it first needs it, by a request to the broker, or by
/// `auto.create.topics.enable` where that is refused; where both are, [`BusError::Refused`] says what to make.
/// [Envelopes](crate::cluster::protocol::Envelope) are the values of records, alone: there are no headers.
/// The key of a post is the record's, and decides its partition as in clients of Java.
///
/// # Who hears
/// [`Audience::OneOf`] is a consumer group, `{prefix}.{name}`, that begins at the end of its topics when it first
/// listens, and goes on where it was from then on, so that it hears what was said while it had no members. Whoever
/// may use the broker needs the rights to these groups.
/// - The offset of a post is committed at once when [`Inbox::next`] gives it. A member that dies at that moment may have
///   it repeated by another one.
/// - A member that is not asked for a post fetches none: its partitions are paused, and it stays a member however long
///   it is busy. What is in them waits for it, as a partition belongs to one member. Members beyond the number of
///   partitions hear nothing. Workers find what they do not hear of in the store.
/// - Members that come and go move partitions by the cooperative protocol. All members of a group have to have the
///   same `partition.assignment.strategy`.
///
/// [`Audience::Each`] is no group: it has all partitions from their ends on, and those that are added later from their
/// beginning.
///
/// # Threads and the end
/// Each inbox has a thread, and those of librdkafka. Dropping an inbox or the bus blocks nobody: the thread leaves the
/// group and ends, which takes `session.timeout.ms` at most, or until brokers answer again if its last commit was under
/// way when they went. Inboxes end when the bus is closed or its last clone
/// gone.
/// What librdkafka logs goes to `tracing`, with the feature of that name, and nowhere else.
#[derive(Clone)]
pub struct KafkaBus {
    inner: Arc<Inner>,
}

struct Inner {
    clients: Arc<Clients>,
    names: Names,
    topics: Topics,
    speaker: Speaker,
    closing: CancellationToken,
    _closes: DropGuard,
}

impl KafkaBus {
    /// Connects to brokers; the [type](Self) says what a URL has.
    ///
    /// # Errors
    /// [`BusError::Refused`] if the URL is wrong, librdkafka does not know an option, or the broker refuses the user.
    /// [`BusError::Unavailable`] if no broker answers for 10 s. Neither has the values of options, which may be secret.
    ///
    /// # Cancel safety
    /// Dropping the future makes no connection, or ends it in the background.
    pub async fn connect(url: &str) -> Result<Self, BusError> {
        let address = Address::of(url)?;
        let names = Names::new(&address.prefix);
        let clients = Arc::new(Clients::new(address)?);
        let speaker = Speaker::new(Arc::clone(&clients))?;
        let topics = Topics::new(Arc::clone(&clients));
        topics.learn(&speaker).await?;
        let closing = CancellationToken::new();
        Ok(Self {
            inner: Arc::new(Inner {
                clients,
                names,
                topics,
                speaker,
                _closes: closing.clone().drop_guard(),
                closing,
            }),
        })
    }

    /// Closes the bus: nothing more is taken, and inboxes end. Closing again does nothing.
    ///
    /// What is being said at that moment may be heard or not. Other buses to the same brokers go on.
    pub fn close(&self) {
        self.inner.closing.cancel();
    }

    /// Does something, unless the bus is closed before it is done.
    async fn while_open<T>(
        &self,
        work: impl Future<Output = Result<T, BusError>>,
    ) -> Result<T, BusError> {
        tokio::select! {
            biased;
            () = self.inner.closing.cancelled() => Err(BusError::Closed),
            done = work => done,
        }
    }

    async fn say(&self, post: &Post) -> Result<(), BusError> {
        let inner = &*self.inner;
        let name = inner.names.topic(&post.topic)?;
        inner.topics.ensure(&name, &inner.speaker).await?;
        let said = inner.speaker.say(&name, post).await;
        if said.as_ref().is_err_and(error::is_topic_gone) {
            inner.topics.forget(&name);
        }
        let reports = inner.clients.reports();
        said.map_err(|error| error::of_publishing(&name, post.bytes.len(), error, reports))
    }

    async fn listen(
        &self,
        topics: Vec<Topic>,
        audience: Audience,
    ) -> Result<Box<dyn Inbox>, BusError> {
        let inner = &*self.inner;
        let mut named = Vec::with_capacity(topics.len());
        for topic in topics {
            let name = inner.names.topic(&topic)?;
            inner.topics.ensure(&name, &inner.speaker).await?;
            named.push((name, topic));
        }
        let group = match &audience {
            Audience::Each => None,
            Audience::OneOf(name) => Some(inner.names.group(name)?),
        };
        let inbox = listen::start(
            Arc::clone(&inner.clients),
            named,
            group,
            inner.closing.child_token(),
        );
        Ok(Box::new(inbox.await?))
    }
}

impl fmt::Debug for KafkaBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaBus")
            .field("servers", &self.inner.clients.servers())
            .field("names", &self.inner.names)
            .finish_non_exhaustive()
    }
}

impl Bus for KafkaBus {
    fn publish(&self, post: Post) -> BusFuture<'_, Result<(), BusError>> {
        Box::pin(async move { self.while_open(self.say(&post)).await })
    }

    fn subscribe(
        &self,
        topics: Vec<Topic>,
        audience: Audience,
    ) -> BusFuture<'_, Result<Box<dyn Inbox>, BusError>> {
        Box::pin(self.while_open(self.listen(topics, audience)))
    }
}
