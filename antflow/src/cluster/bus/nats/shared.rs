//! What a bus and its inboxes share.

use std::sync::Mutex;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::{HeaderMap, client};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::super::queue::lock;
use super::super::refuse::refused;
use super::super::{BusError, Post};
use super::error::{silent, unavailable};
use super::link::{Link, PATIENCE};
use super::names::{Names, Way};
use super::options::NatsOptions;
use super::post;
use super::streams::Streams;
use crate::cluster::protocol::Topic;

/// A connection, and what was found and made in its server.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) link: Link,
    pub(super) names: Names,
    options: NatsOptions,
    streams: Mutex<Streams>,
    pub(super) closed: CancellationToken,
}

impl Shared {
    pub(super) async fn connect(options: NatsOptions) -> Result<Self, BusError> {
        let link = Link::connect(&options).await?;
        let names = Names::new(options.prefix.clone());
        let streams = Streams::open(&link.context, &names, &options).await;
        let streams = streams.map_err(|error| link.explained(error))?;
        Ok(Self {
            link,
            names,
            options,
            streams: Mutex::new(streams),
            closed: CancellationToken::new(),
        })
    }

    /// Looks for the streams again: somebody has removed them, or the server has lost them.
    async fn reopen(&self) -> Result<(), BusError> {
        let streams = Streams::open(&self.link.context, &self.names, &self.options).await?;
        *lock(&self.streams) = streams;
        Ok(())
    }

    /// The consumer of a group on a topic.
    pub(super) async fn consumer(
        &self,
        topic: &Topic,
        name: &str,
    ) -> Result<PullConsumer, BusError> {
        self.link.is_up().await?;
        let streams = lock(&self.streams).clone();
        let (way, subject) = (Names::way(topic), self.names.subject(topic));
        let made = streams.consumer(way, name, &subject).await;
        let Err(BusError::Refused { .. }) = made else {
            return made.map_err(|error| self.link.explained(error));
        };
        // There may be no such stream any more.
        self.reopen().await?;
        let streams = lock(&self.streams).clone();
        let made = streams.consumer(way, name, &subject).await;
        made.map_err(|error| self.link.explained(error))
    }

    /// Says a post.
    pub(super) async fn say(&self, said: Post) -> Result<(), BusError> {
        if self.closed.is_cancelled() {
            return Err(BusError::Closed);
        }
        self.link.is_up().await?;
        let headers = post::headers(&said);
        match Names::way(&said.topic) {
            Way::Plain => self.pass(&said, headers).await,
            Way::Hint | Way::Event => match self.keep(&said, headers.clone()).await {
                Err(PublishErrorKind::StreamNotFound) => {
                    self.reopen().await?;
                    let kept = self.keep(&said, headers).await;
                    kept.map_err(|error| self.unsaid(&said, error))
                }
                kept => kept.map_err(|error| self.unsaid(&said, error)),
            },
        }
    }

    /// Says a post to a stream, and waits until the stream has it.
    async fn keep(&self, said: &Post, headers: HeaderMap) -> Result<(), PublishErrorKind> {
        let subject = self.names.subject(&said.topic);
        let context = &self.link.context;
        let sent = context.publish_with_headers(subject, headers, said.bytes.to_vec().into());
        let known = async { sent.await?.await.map(drop) };
        match timeout(PATIENCE, known).await {
            Ok(known) => known.map_err(|error| error.kind()),
            Err(_) => Err(PublishErrorKind::TimedOut),
        }
    }

    fn unsaid(&self, said: &Post, error: PublishErrorKind) -> BusError {
        let what = format!("saying a post on `{}`", said.topic);
        self.link.explained(match error {
            PublishErrorKind::MaxPayloadExceeded => self.too_large(said),
            PublishErrorKind::TimedOut => silent(&what, PATIENCE),
            error => unavailable(what, error.to_string()),
        })
    }

    /// Says a post to those who listen, and waits until it is on its way.
    async fn pass(&self, said: &Post, headers: HeaderMap) -> Result<(), BusError> {
        let what = || format!("saying a post on `{}`", said.topic);
        let subject = self.names.subject(&said.topic);
        let client = &self.link.client;
        let passed = async {
            let bytes = said.bytes.to_vec().into();
            match client.publish_with_headers(subject, headers, bytes).await {
                Ok(()) => {}
                Err(error) if error.kind() == client::PublishErrorKind::MaxPayloadExceeded => {
                    return Err(self.too_large(said));
                }
                Err(error) => return Err(unavailable(what(), error)),
            }
            client
                .flush()
                .await
                .map_err(|error| unavailable(what(), error))
        };
        timeout(PATIENCE, passed)
            .await
            .unwrap_or_else(|_| Err(silent(&what(), PATIENCE)))
    }

    fn too_large(&self, said: &Post) -> BusError {
        refused(format!(
            "a post of {} bytes on `{}` is larger than the server of NATS takes, which is {} bytes with its key: raise \
             `max_payload` in its configuration",
            said.bytes.len(),
            said.topic,
            self.link.client.max_payload()
        ))
    }

    /// Makes sure that the server knows of all subscriptions that were made before: it answers in order.
    pub(super) async fn settle(&self) -> Result<(), BusError> {
        let streams = lock(&self.streams).clone();
        let settled = streams.ask(&self.link.context).await;
        settled.map_err(|error| self.link.explained(error))
    }
}
