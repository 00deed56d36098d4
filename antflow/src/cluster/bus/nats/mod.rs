//! The bus over a server of NATS with JetStream.

mod error;
mod link;
mod names;
mod options;
mod post;
mod pull;
mod shared;
mod streams;
mod url;

use std::fmt;
use std::sync::Arc;

use async_nats::Subscriber;
use async_nats::jetstream::Message;
use futures_util::stream::{BoxStream, SelectAll, StreamExt};
use tokio_util::sync::CancellationToken;

use self::error::unavailable;
use self::names::{Names, Way};
use self::options::NatsOptions;
use self::pull::Pulls;
use self::shared::Shared;
use super::asked::Asked;
use super::{Audience, Bus, BusError, BusFuture, Inbox, Post};
use crate::cluster::protocol::Topic;

/// A bus over a server of NATS with JetStream, 2.9 or newer. Clones are the same bus.
///
/// ```no_run
/// use antflow::cluster::bus::NatsBus;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), antflow::cluster::bus::BusError> {
/// let bus = NatsBus::connect("nats://antflow:secret@nats.example.com:4222?prefix=production").await?;
/// # Ok(())
/// # }
/// ```
///
/// # The URL
/// `nats://[user:password@|token@]host:port[,host:port..][?option=value&..]`, or `tls://` where TLS has to be. What
/// is special in a URL is written as `%` and its number.
///
/// | option | what it says | default |
/// |---|---|---|
/// | `prefix` | with what names of streams and subjects begin: letters, digits, `-`, `_` | `antflow` |
/// | `replicas` | how many servers have a copy of each stream that is made, 1 to 5 | 1 |
/// | `events_age` | how long events are kept, such as `12h` | 7 days |
/// | `events_bytes` | how many bytes of events are kept | no limit |
/// | `creds` | the file with the credentials of a user | none |
/// | `tls` | `offered`: as the server wishes; `required`; `first`: before the server says anything | `offered` |
/// | `ca`, `cert`, `key` | PEM files: who may sign the server, and who asks | those of the system, and nobody |
///
/// # What is in the server
/// | topics | subjects | what keeps them |
/// |---|---|---|
/// | commands, announcements | `{prefix}.cmd.{role}.v1`, `{prefix}.workers.announce.v1` | stream `{prefix}-hints` |
/// | statuses | `{prefix}.status.{role}.v1` | stream `{prefix}-events` |
/// | runs, warnings | `{prefix}.runs.v1`, `{prefix}.warnings.v1` | stream `{prefix}-events` |
/// | signals, queries, replies, artifacts | `{prefix}.signals.v1`, .. | nothing: they go to who listens |
///
/// Hints stay until each group has heard them, an hour at most; events as long as `events_age` and `events_bytes` say.
/// A million of each is kept.
///
/// In the name of a role, all but letters, digits, `-` and `_` is written as `=` and its number. Streams that are
/// there are taken as they are, whatever they are like; those that are missing are made. A group is a durable consumer,
/// which goes after a day of which nobody has asked for anything.
///
/// A member of a group fetches one post when it is asked for it, and none before; on the topics that nothing keeps,
/// posts are dealt out at once. The key of a post is in the header `Antflow-Key`.
///
/// # When the server is away
/// The client connects again by itself, with pauses of 2 s at most. Meanwhile nothing is said: publishing is
/// [`Unavailable`](BusError::Unavailable) after 5 s. Inboxes go on afterwards. A post that was fetched by somebody
/// who died with it goes to another one 5 s later.
#[derive(Clone)]
pub struct NatsBus(Arc<Owner>);

/// Closes the bus when it goes.
struct Owner(Arc<Shared>);

struct NatsInbox {
    /// Posts that go to all, or that are dealt out at once.
    told: SelectAll<BoxStream<'static, Post>>,
    /// Posts that are fetched.
    asked: Option<Asked<Message>>,
    closed: CancellationToken,
}

impl NatsBus {
    /// Connects to a server, and makes the streams that are missing.
    ///
    /// # Errors
    /// [`Refused`](BusError::Refused) if the URL is wrong, the server does not know who asks, JetStream is switched
    /// off, or streams may not be made; [`Unavailable`](BusError::Unavailable) if the server cannot be reached. No
    /// error has a secret of the URL in it.
    pub async fn connect(url: &str) -> Result<Self, BusError> {
        let shared = Shared::connect(NatsOptions::parse(url)?).await?;
        Ok(Self(Arc::new(Owner(Arc::new(shared)))))
    }

    /// How often posts were dropped because an inbox that hears all had 10,000 of them already.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared().link.dropped()
    }

    /// Closes the bus: nothing more is taken, and inboxes end. Closing again does nothing.
    ///
    /// What was fetched and is not heard goes back to the server. The bus is also closed when its last
    /// clone is dropped.
    pub fn close(&self) {
        self.shared().closed.cancel();
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.0.0
    }

    async fn listen(&self, topics: Vec<Topic>, audience: Audience) -> Result<NatsInbox, BusError> {
        let shared = self.shared();
        if shared.closed.is_cancelled() {
            return Err(BusError::Closed);
        }
        shared.link.is_up().await?;
        let mut told = SelectAll::new();
        for topic in &topics {
            if audience == Audience::Each || Names::way(topic) == Way::Plain {
                let subscriber = subscribe(shared, topic, &topics, &audience).await?;
                let topic = topic.clone();
                told.push(
                    subscriber
                        .map(move |message| post::read(&topic, &message))
                        .boxed(),
                );
            }
        }
        let asked = match &audience {
            Audience::Each => None,
            Audience::OneOf(group) => {
                let pulls = Pulls::open(shared, &topics, group).await?;
                let end = shared.closed.child_token();
                (!pulls.is_empty()).then(|| Asked::new(pulls, end))
            }
        };
        if !told.is_empty() {
            shared.settle().await?;
        }
        Ok(NatsInbox {
            told,
            asked,
            closed: shared.closed.clone(),
        })
    }
}

/// Has all posts of a topic told to this client, or its share of them.
async fn subscribe(
    shared: &Shared,
    topic: &Topic,
    topics: &[Topic],
    audience: &Audience,
) -> Result<Subscriber, BusError> {
    let subject = shared.names.subject(topic);
    let client = &shared.link.client;
    let subscribed = match audience {
        Audience::Each => client.subscribe(subject).await,
        Audience::OneOf(group) => {
            let queue = Names::consumer(group, topic, topics);
            client.queue_subscribe(subject, queue).await
        }
    };
    subscribed.map_err(|error| unavailable(format!("listening to `{topic}`"), error))
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.closed.cancel();
    }
}

impl fmt::Debug for NatsBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsBus")
            .field("prefix", &self.shared().names.prefix())
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for NatsInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("told", &self.told.len())
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}

impl NatsInbox {
    async fn hear(&mut self) -> Option<Result<Post, BusError>> {
        let asked = async {
            match &self.asked {
                Some(asked) => asked.next().await,
                None => std::future::pending().await,
            }
        };
        let told = async {
            if self.told.is_empty() {
                std::future::pending::<()>().await;
            }
            self.told.next().await.map(Ok)
        };
        tokio::select! {
            () = self.closed.cancelled() => None,
            heard = asked => heard,
            heard = told => heard,
        }
    }
}

impl Inbox for NatsInbox {
    fn next(&mut self) -> BusFuture<'_, Option<Result<Post, BusError>>> {
        Box::pin(self.hear())
    }
}

impl Bus for NatsBus {
    fn publish(&self, post: Post) -> BusFuture<'_, Result<(), BusError>> {
        Box::pin(self.shared().say(post))
    }

    fn subscribe(
        &self,
        topics: Vec<Topic>,
        audience: Audience,
    ) -> BusFuture<'_, Result<Box<dyn Inbox>, BusError>> {
        Box::pin(async move {
            let inbox = self.listen(topics, audience).await?;
            Ok(Box::new(inbox) as Box<dyn Inbox>)
        })
    }
}
