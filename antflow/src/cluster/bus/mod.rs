//! The bus: hints and events, at least once at best.
//!
//! A bus may lose, repeat, delay and reorder what is said on it, and nothing goes wrong: what is true is in the
//! [store](super::store). A hint that is lost costs time, as idle workers look into the store anyway; an event that
//! has to be said comes from the outbox, which says it again until the bus takes it.
//!
//! ```
//! use antflow::cluster::bus::{Audience, Bus, InProcessBus, Post};
//! use antflow::cluster::protocol::{Envelope, Message, Topic};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bus = InProcessBus::new();
//! let topic = Topic::Commands("parser".into());
//! let mut inbox = bus.subscribe(vec![topic.clone()], Audience::OneOf("parser".into())).await?;
//!
//! let hint = Envelope::new(Message::TaskStart).about("run-1", "parse").role("parser");
//! bus.publish(Post::new(topic, &hint)).await?;
//!
//! let post = inbox.next().await.expect("the bus is open")?;
//! assert_eq!(Envelope::decode(&post.bytes)?.message, Message::TaskStart);
//! # Ok(())
//! # }
//! ```
//!
//! # Who hears what
//! Of those with the same [`Audience::OneOf`], one hears each post; everybody with [`Audience::Each`] hears all. A
//! post counts as heard when [`Inbox::next`] gives it: there is nothing to acknowledge. Workers ask for the next hint
//! only while they have a free slot, so none of them holds back what another could take. Engines fetch no more than
//! they are asked for, on topics with one hearer for each post.
//!
//! Only what is said after `subscribe` has returned is heard for sure.
//!
//! # Engines
//! | bus | feature | for |
//! |---|---|---|
//! | [`InProcessBus`] | none | one process, and tests |
//! | `PostgresBus` | `postgres` | a cluster with a store in PostgreSQL, and no other server |
//! | `NatsBus` | `nats` | very many workers, events that others read later; least to operate |
//! | `KafkaBus` | `kafka` | where Kafka is there anyway, and others read the events |

#[cfg(any(feature = "nats", feature = "postgres"))]
mod asked;
mod in_process;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(any(feature = "nats", feature = "postgres"))]
mod log;
#[cfg(feature = "nats")]
mod nats;
#[cfg(feature = "postgres")]
mod postgres;
mod queue;
#[cfg(any(feature = "nats", feature = "postgres"))]
mod refuse;
#[cfg(test)]
mod tests;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

pub use in_process::InProcessBus;
#[cfg(feature = "kafka")]
pub use kafka::KafkaBus;
#[cfg(feature = "nats")]
pub use nats::NatsBus;
#[cfg(feature = "postgres")]
pub use postgres::PostgresBus;

use super::protocol::{Envelope, Topic};
use super::{Finding, Role};

/// What a bus gives: boxed, so that a bus can be an `Arc<dyn Bus>`.
pub type BusFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A bus; see the [module](self).
pub trait Bus: fmt::Debug + Send + Sync {
    /// Says something. Once this returns without an error, the bus has it as safely as it can.
    ///
    /// Posts with the same key arrive in their order, if they arrive.
    ///
    /// # Errors
    /// The broker cannot be reached or refuses the post. The engine tries to connect again by itself.
    fn publish(&self, post: Post) -> BusFuture<'_, Result<(), BusError>>;

    /// Listens to topics, from now on, until the inbox is dropped.
    ///
    /// # Errors
    /// The broker cannot be reached, or does not allow it.
    fn subscribe(
        &self,
        topics: Vec<Topic>,
        audience: Audience,
    ) -> BusFuture<'_, Result<Box<dyn Inbox>, BusError>>;

    /// Looks at what the bus stands on: its broker's version and permissions, and the topics of these roles. For
    /// [`Cluster::diagnose`](super::Cluster::diagnose); nothing unless the engine says something.
    ///
    /// # Errors
    /// The broker cannot be reached.
    fn examine(&self, roles: Vec<Role>) -> BusFuture<'_, Result<Vec<Finding>, BusError>> {
        drop(roles);
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Is what is said heard in this process alone? No, unless the engine says so.
    fn is_in_process(&self) -> bool {
        false
    }
}

/// Where posts arrive.
pub trait Inbox: fmt::Debug + Send {
    /// The next post, waiting for it; `None` once the bus is closed and all was heard.
    ///
    /// An error is no end: what listens goes on and asks again, and the engine connects again meanwhile, with pauses.
    ///
    /// # Cancel safety
    /// Dropping the future loses no post.
    fn next(&mut self) -> BusFuture<'_, Option<Result<Post, BusError>>>;
}

/// Something that is said: bytes, as decoding is up to whoever hears them.
#[derive(Clone, PartialEq, Eq)]
pub struct Post {
    /// Where.
    pub topic: Topic,
    /// What shares a key keeps its order: `run:node`, or the run or the worker where there is no node.
    pub key: String,
    /// What: an [`Envelope`], if its sender is one of ours.
    pub bytes: Arc<[u8]>,
}

impl Post {
    /// Makes a post of an envelope, with the key that it should have.
    #[must_use]
    pub fn new(topic: Topic, envelope: &Envelope) -> Self {
        let key = match (&envelope.run, &envelope.node, &envelope.worker) {
            (Some(run), Some(node), _) => format!("{run}:{node}"),
            (Some(run), None, _) => run.to_string(),
            (None, _, Some(worker)) => worker.to_string(),
            (None, _, None) => String::new(),
        };
        Self {
            topic,
            key,
            bytes: envelope.encode().into(),
        }
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post")
            .field("topic", &self.topic.to_string())
            .field("key", &self.key)
            .field("bytes", &String::from_utf8_lossy(&self.bytes))
            .finish()
    }
}

/// Who hears a post.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Everybody who listens.
    Each,
    /// One of those who listen under this name to the same topics. Workers listen to each of their roles on its own,
    /// under its name, as others have other roles beside it.
    OneOf(String),
}

/// Why a bus did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BusError {
    /// The broker cannot be reached, or the connection broke. May pass: try again.
    #[error("the bus is not available: {reason}")]
    Unavailable {
        /// What was tried.
        reason: String,
        /// What the engine says.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The broker refuses it: no permission, no such topic, too large. Does not pass by itself.
    #[error("the bus refuses it: {reason}")]
    Refused {
        /// What was tried, and what to do.
        reason: String,
    },
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
}
