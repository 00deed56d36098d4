use std::time::Duration;

use futures_util::future::select_all;

use super::heartbeat::look_for_cancellations;
use super::shared::Shared;
use crate::cluster::bus::{Audience, BusError, Inbox, Post};
use crate::cluster::handler::{CancelCause, pauses};
use crate::cluster::protocol::{Envelope, Message, Topic};

/// Where the worker hears of work: each role on its own, as others have other roles beside it.
pub(super) struct Commands(Vec<Box<dyn Inbox>>);

impl Commands {
    pub(super) async fn open(shared: &Shared) -> Result<Self, BusError> {
        let mut inboxes = Vec::new();
        for role in shared.roles.keys() {
            let topics = vec![Topic::Commands(role.clone())];
            let audience = Audience::OneOf(role.to_string());
            inboxes.push(shared.bus.subscribe(topics, audience).await?);
        }
        Ok(Self(inboxes))
    }

    /// Waits for a hint that has not been heard before.
    ///
    /// # Cancel safety
    /// A hint may be lost; whoever drops this looks into the store anyway.
    pub(super) async fn hint(&mut self, shared: &Shared) {
        let mut pauses = pauses();
        loop {
            if self.0.is_empty() {
                return std::future::pending().await;
            }
            let (heard, place, _) = select_all(self.0.iter_mut().map(|inbox| inbox.next())).await;
            match heard {
                Some(Ok(post)) => {
                    let envelope = shared.open(&post).await;
                    if envelope.is_some_and(|envelope| envelope.message == Message::TaskStart) {
                        return;
                    }
                }
                Some(Err(error)) => {
                    shared.warn("hearing of work", &error);
                    tokio::time::sleep(pauses.next().unwrap_or_default()).await;
                }
                // Without a bus, looking into the store is all there is.
                None => drop(self.0.swap_remove(place)),
            }
        }
    }
}

/// Hears what everybody hears: signals, questions, and hints about artifacts.
pub(super) async fn signals(shared: &Shared, mut inbox: Box<dyn Inbox>) {
    let mut pauses = pauses();
    while let Some(heard) = inbox.next().await {
        match heard {
            Ok(post) => signal(shared, &post).await,
            Err(error) => {
                shared.warn("hearing signals", &error);
                tokio::time::sleep(pauses.next().unwrap_or(Duration::from_secs(1))).await;
            }
        }
    }
}

pub(super) async fn open_signals(shared: &Shared) -> Result<Box<dyn Inbox>, BusError> {
    let topics = vec![Topic::Signals, Topic::Query, Topic::Artifacts];
    shared.bus.subscribe(topics, Audience::Each).await
}

async fn signal(shared: &Shared, post: &Post) {
    let Some(envelope) = shared.open(post).await else {
        return;
    };
    let is_for_me = envelope
        .target
        .as_ref()
        .is_none_or(|target| *target == shared.key);
    if !is_for_me {
        return;
    }
    match &envelope.message {
        // What is true is in the store: a signal that is late or forged ends nothing.
        Message::Cancel { .. } => {
            if let Err(error) = look_for_cancellations(shared, CancelCause::Signal).await {
                shared.store_error("looking for cancellations", &error);
            }
        }
        Message::Artifacts { .. } => {
            if let (Some(run), Some(node)) = (&envelope.run, &envelope.node) {
                shared.wake_readers(run, node);
            }
        }
        Message::Query => {
            let reply = Envelope::new(Message::Reply(shared.health())).reply_to(&envelope);
            shared.say(Topic::Reply, reply);
        }
        // Others say other things on these topics.
        _ => {}
    }
}
