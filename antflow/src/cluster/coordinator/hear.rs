use std::sync::Arc;

use super::function::lead;
use super::shared::Shared;
use crate::cluster::bus::{Audience, BusError, Inbox, Post};
use crate::cluster::graph::COORDINATOR_FN;
use crate::cluster::handler::pauses;
use crate::cluster::protocol::{Envelope, Message, Topic};
use crate::cluster::store::{DeadLetterSource, NewDeadLetter};

/// The name under which coordinators listen where one of them is enough.
const GROUP: &str = "coordinators";

/// Hears what one coordinator has to hear: that there is a function to run, that workers come and go.
pub(super) async fn hear_shared(shared: Arc<Shared>) {
    let topics = vec![Topic::Commands(COORDINATOR_FN.into()), Topic::Announce];
    listen(shared, topics, Audience::OneOf(GROUP.to_owned())).await;
}

/// Hears what each coordinator has to hear: that a function has to end.
pub(super) async fn hear_signals(shared: Arc<Shared>) {
    listen(shared, vec![Topic::Signals], Audience::Each).await;
}

/// Listens, again and again, as long as there is a bus. Without one, looking into the store is all there is.
async fn listen(shared: Arc<Shared>, topics: Vec<Topic>, audience: Audience) {
    let mut retries = pauses();
    loop {
        match shared.bus.subscribe(topics.clone(), audience.clone()).await {
            Ok(mut inbox) => {
                hear(&shared, &mut *inbox).await;
                return;
            }
            Err(BusError::Closed) => return,
            Err(error) => shared.log("listening to the bus", &error),
        }
        tokio::time::sleep(retries.next().unwrap_or_default()).await;
    }
}

async fn hear(shared: &Shared, inbox: &mut dyn Inbox) {
    let mut retries = pauses();
    while let Some(heard) = inbox.next().await {
        match heard {
            Ok(post) => {
                retries = pauses();
                act(shared, post).await;
            }
            Err(error) => {
                shared.log("hearing the bus", &error);
                tokio::time::sleep(retries.next().unwrap_or_default()).await;
            }
        }
    }
}

async fn act(shared: &Shared, post: Post) {
    let envelope = match Envelope::decode(&post.bytes) {
        Ok(envelope) => envelope,
        Err(error) => {
            let letter = NewDeadLetter {
                source: DeadLetterSource::Bus(post.topic.to_string()),
                code: error.kind().code().to_owned(),
                reason: error.kind().to_string(),
                raw: error.into_raw().into_vec(),
            };
            shared.counters.dead_letters.one();
            if let Err(error) = shared.store.bury(letter).await {
                shared.store_error("storing a dead letter", &error);
            }
            return;
        }
    };
    match envelope.message {
        Message::TaskStart => shared.work.notify_one(),
        Message::WorkerOnline(_) | Message::WorkerOffline(_) => shared.workers.notify_one(),
        // What is true is in the store: a signal that is late or forged ends nothing.
        Message::Cancel { .. } if envelope.target.as_ref() == Some(&shared.key) => {
            if let Err(error) = lead::look(shared).await {
                shared.store_error("looking for cancellations", &error);
            }
        }
        // Others say other things on these topics.
        _ => {}
    }
}
