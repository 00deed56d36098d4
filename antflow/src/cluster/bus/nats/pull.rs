//! Posts of the groups that somebody is a member of, each pulled when it is asked for.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::consumer::pull::BatchConfig;
use async_nats::jetstream::{AckKind, Message};
use async_nats::{StatusCode, Subscriber};
use futures_util::StreamExt;
use futures_util::future::{join_all, select_all};
use tokio::time::{Instant, sleep_until, timeout};

use super::super::asked::Source;
use super::super::log::log;
use super::super::{BusError, Post};
use super::error::unavailable;
use super::link::{PATIENCE, Reconnects};
use super::names::{Names, Way};
use super::post;
use super::shared::Shared;
use crate::cluster::protocol::Topic;

/// How long the server keeps in mind that a post was asked for.
const EXPIRES: Duration = Duration::from_secs(30);

/// The pause before something is tried again that did not work.
const PAUSE: Duration = Duration::from_millis(250);

/// The groups that an inbox is a member of: one for each topic.
pub(super) struct Pulls(Vec<Pull>);

/// A group on one topic.
struct Pull {
    shared: Arc<Shared>,
    topic: Topic,
    /// The name of the consumer.
    name: String,
    consumer: PullConsumer,
    /// The answers to what is asked now; `None` while nobody asks.
    answers: Option<Answers>,
    /// Something is wrong with the consumer: it is looked for again then.
    broken: Option<Instant>,
}

struct Answers {
    place: String,
    messages: Subscriber,
    /// Until when the server keeps in mind that a post was asked for; `None` if none was.
    asked: Option<Instant>,
    reconnects: Reconnects,
}

impl Pulls {
    /// Makes the consumers that are not there.
    pub(super) async fn open(
        shared: &Arc<Shared>,
        topics: &[Topic],
        group: &str,
    ) -> Result<Self, BusError> {
        let mut pulls = Vec::new();
        for topic in topics {
            if Names::way(topic) == Way::Plain {
                continue;
            }
            let name = Names::consumer(group, topic, topics);
            pulls.push(Pull {
                consumer: shared.consumer(topic, &name).await?,
                shared: Arc::clone(shared),
                topic: topic.clone(),
                name,
                answers: None,
                broken: None,
            });
        }
        Ok(Self(pulls))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Source for Pulls {
    /// The message, which is confirmed as soon as somebody has it: no work is done under it, so there is never any
    /// progress to be told to the server.
    type Receipt = Message;

    async fn take(&mut self) -> Result<(Post, Message), BusError> {
        let takes = self.0.iter_mut().map(|pull| Box::pin(pull.take()));
        select_all(takes).await.0
    }

    async fn rest(&mut self) {
        join_all(self.0.iter_mut().map(Pull::rest)).await;
    }

    async fn heard(&mut self, message: Message) {
        // If the server does not say that it knows, it gives the post to somebody else: it is heard twice.
        let error = match timeout(PATIENCE, message.double_ack()).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {PATIENCE:?}"),
        };
        log("confirming that a post was heard", &error);
    }

    async fn give_back(&mut self, _: Post, message: Message) {
        give_back(&message).await;
    }
}

/// Gives a message back: at once if the server hears of it, and by its clock otherwise.
async fn give_back(message: &Message) {
    match timeout(PATIENCE, message.ack_with(AckKind::Nak(None))).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => log("giving a post back", &error),
        Err(_) => log("giving a post back", &"the connection is away"),
    }
}

impl Pull {
    /// Whatever was begun goes on here when the future is dropped.
    async fn take(&mut self) -> Result<(Post, Message), BusError> {
        loop {
            if let Some(again) = self.broken {
                sleep_until(again).await;
                self.mend().await?;
            }
            let (answers, expires) = self.ask().await?;
            let message = tokio::select! {
                message = answers.messages.next() => message,
                // A server that was away has forgotten what it was asked for.
                () = answers.reconnects.next() => {
                    answers.asked = None;
                    continue;
                }
                // The server says itself that this is over, unless its answer is lost.
                () = sleep_until(expires + PATIENCE) => {
                    answers.asked = None;
                    continue;
                }
            };
            let Some(message) = message else {
                self.answers = None;
                self.broken = Some(Instant::now() + PAUSE);
                return Err(unavailable(
                    "hearing the server of NATS",
                    "the connection is closed",
                ));
            };
            if message.status == Some(StatusCode::IDLE_HEARTBEAT) {
                continue;
            }
            answers.asked = None;
            match message.status {
                None | Some(StatusCode::OK) => {
                    let post = post::read(&self.topic, &message);
                    return Ok((post, self.shared.link.received(message)));
                }
                Some(StatusCode::TIMEOUT | StatusCode::NOT_FOUND) => {}
                // The consumer is gone, or its server is going.
                Some(_) => self.broken = Some(Instant::now() + PAUSE),
            }
        }
    }

    /// Asks for one post, unless that was done.
    async fn ask(&mut self) -> Result<(&mut Answers, Instant), BusError> {
        const WHAT: &str = "asking the server of NATS for a post";
        let link = &self.shared.link;
        if self.answers.is_none() {
            link.is_up().await?;
            let place = link.client.new_inbox();
            let messages = link.client.subscribe(place.clone()).await;
            self.answers = Some(Answers {
                place,
                messages: messages.map_err(|error| unavailable(WHAT, error))?,
                asked: None,
                reconnects: link.reconnects(),
            });
        }
        // It was put there above.
        let Some(answers) = &mut self.answers else {
            return Err(BusError::Closed);
        };
        let expires = match answers.asked {
            Some(expires) => expires,
            None => {
                link.is_up().await?;
                let one = BatchConfig {
                    batch: 1,
                    expires: Some(EXPIRES),
                    ..BatchConfig::default()
                };
                let asked = self
                    .consumer
                    .request_batch(one, answers.place.clone().into());
                asked.await.map_err(|error| unavailable(WHAT, error))?;
                *answers.asked.insert(Instant::now() + EXPIRES)
            }
        };
        Ok((answers, expires))
    }

    /// Looks for the consumer again, and makes it if it is gone.
    async fn mend(&mut self) -> Result<(), BusError> {
        self.broken = Some(Instant::now() + PAUSE);
        self.consumer = self.shared.consumer(&self.topic, &self.name).await?;
        self.broken = None;
        Ok(())
    }

    /// Asks no more: the server forgets it as nobody listens for the answer. What is on its way goes back.
    async fn rest(&mut self) {
        let Some(mut answers) = self.answers.take() else {
            return;
        };
        let ends = async {
            if let Err(error) = answers.messages.drain().await {
                return log("asking for no more posts", &error);
            }
            while let Some(message) = answers.messages.next().await {
                if message.status.is_none_or(|status| status == StatusCode::OK) {
                    give_back(&self.shared.link.received(message)).await;
                }
            }
        };
        // What is not given back in time comes back by the clock of the server.
        if timeout(PATIENCE, ends).await.is_err() {
            log("asking for no more posts", &"the connection is away");
        }
    }
}
