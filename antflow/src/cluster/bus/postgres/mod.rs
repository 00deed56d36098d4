//! The bus over a server of PostgreSQL, by `LISTEN` and `NOTIFY`.

mod error;
mod group;
mod link;
mod names;
mod notice;
mod registry;
mod session;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use tokio::sync::Notify;

use self::group::GroupSource;
use self::link::Link;
use self::names::Names;
use self::registry::Member;
use self::session::Taken;
use super::asked::Asked;
use super::queue::Queue;
use super::refuse::refused;
use super::{Audience, Bus, BusError, BusFuture, Inbox, Post};
use crate::cluster::postgres::Target;
use crate::cluster::protocol::Topic;

/// A bus over a server of PostgreSQL, 12 or newer, by `LISTEN` and `NOTIFY`. Clones are the same bus.
///
/// It takes the URL of the store, so that a cluster needs one server and nothing else.
///
/// ```no_run
/// use antflow::cluster::bus::PostgresBus;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), antflow::cluster::bus::BusError> {
/// let bus = PostgresBus::connect("postgres://antflow:secret@db.example.com/work?schema=antflow").await?;
/// # Ok(())
/// # }
/// ```
///
/// # The URL
/// As of `PostgresStore`, with `schema` (default `antflow`), which has to be that of the store. `prefix` (letters,
/// digits, `-`, `_`; default `antflow`) keeps buses apart that share a schema.
///
/// # What is in the server
/// A bus has one connection, which all its inboxes share, and which listens to a channel for each topic that somebody
/// listens to here. A post that fits into a notification, 7,999 bytes with its key, is said by it; a larger one, or
/// one that is no text, is in a table for two minutes.
///
/// Of a group only one may hear a post: a table has a copy for each group that listens to its topic, and members take
/// it from there, one when they are asked for it and none before; the notification lets them know. The tables are in
/// the schema `{schema}_bus`, which is made if it is not there; whoever may not make it needs `USAGE` on it, and
/// `SELECT`, `INSERT`, `UPDATE` and `DELETE` on its tables. They are not logged, and nobody waits for a disk: a crash
/// of the server forgets what was said and not heard.
///
/// Posts of a group are kept for ten minutes, and 10,000 of them, by those who are in it; groups of which nobody is
/// left go after five minutes. A pooler between has to keep sessions apart (`pool_mode=session`).
///
/// # When the server is away
/// The bus connects again by itself, with pauses of 2 s at most. Meanwhile nothing is said: publishing is
/// [`Unavailable`](BusError::Unavailable) after 5 s. Inboxes go on afterwards. What was taken by somebody who died with
/// it is lost: a post is removed when it is taken.
#[derive(Clone)]
pub struct PostgresBus(Arc<Owner>);

/// Closes the bus when it goes.
struct Owner(Arc<Link>);

/// The inbox of somebody who hears all.
#[derive(Debug)]
struct OfAll(Arc<Queue>);

/// The inbox of a member of a group.
#[derive(Debug)]
struct OfGroup {
    asked: Asked<Taken>,
    /// As long as it is there, the server knows of the group.
    _member: Arc<Member>,
}

impl PostgresBus {
    /// Connects to a server, and makes the tables that are missing.
    ///
    /// # Errors
    /// [`Refused`](BusError::Refused) if the URL is wrong, the server does not know who asks, or tables may not be
    /// made; [`Unavailable`](BusError::Unavailable) if the server cannot be reached. No error has a secret of the URL
    /// in it.
    pub async fn connect(url: &str) -> Result<Self, BusError> {
        let (target, options) = Target::of(url, &["schema", "prefix"]).map_err(refused)?;
        let option = |name| {
            let mut found = options.iter().filter(|(other, _)| other == name);
            found.next_back().map_or("antflow", |(_, value)| value)
        };
        let names = Names::new(option("schema"), option("prefix").to_owned())?;
        Ok(Self(Arc::new(Owner(Link::connect(target, names).await?))))
    }

    /// How many posts were dropped because nobody came for them.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.link().dropped()
    }

    /// Closes the bus: nothing more is taken, and inboxes end. Closing again does nothing.
    ///
    /// What was taken from a group and is not heard goes back. The bus is also closed when its last clone is dropped.
    pub fn close(&self) {
        self.link().closed.cancel();
    }

    fn link(&self) -> &Arc<Link> {
        &self.0.0
    }

    async fn say(&self, post: Post) -> Result<(), BusError> {
        let link = self.link();
        if link.closed.is_cancelled() {
            return Err(BusError::Closed);
        }
        let channel = link.names.channel(&post.topic);
        // Not again if it breaks: it may have been said.
        link.session().await?.say(&channel, &post).await
    }

    async fn listen(
        &self,
        topics: Vec<Topic>,
        audience: Audience,
    ) -> Result<Box<dyn Inbox>, BusError> {
        let link = self.link();
        if link.closed.is_cancelled() {
            return Err(BusError::Closed);
        }
        let named = topics
            .iter()
            .map(|topic| (link.names.channel(topic), topic.clone()));
        let named: HashMap<_, _> = named.collect();
        let channels: Vec<_> = named.keys().cloned().collect();
        // Whoever connects again tells the server of all that are listed: first the list, then the server.
        let Audience::OneOf(group) = audience else {
            let queue = Arc::new(Queue::default());
            link.registry.add_queue(&link.names, &topics, &queue);
            link.announce(&channels, None).await?;
            return Ok(Box::new(OfAll(queue)));
        };
        let member = Arc::new(Member {
            group: link.names.group(&group, &topics),
            channels: named,
            wake: Notify::new(),
        });
        link.registry.add_member(&member);
        link.announce(&channels, Some(&member)).await?;
        let source = GroupSource::new(Arc::clone(link), Arc::clone(&member));
        Ok(Box::new(OfGroup {
            asked: Asked::new(source, link.closed.child_token()),
            _member: member,
        }))
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.closed.cancel();
    }
}

impl fmt::Debug for PostgresBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresBus")
            .field("database", &self.link().target.config().get_dbname())
            .field("schema", &self.link().names.schema())
            .field("prefix", &self.link().names.prefix())
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}

impl Inbox for OfAll {
    fn next(&mut self) -> BusFuture<'_, Option<Result<Post, BusError>>> {
        Box::pin(async { self.0.next().await.map(Ok) })
    }
}

impl Inbox for OfGroup {
    fn next(&mut self) -> BusFuture<'_, Option<Result<Post, BusError>>> {
        Box::pin(self.asked.next())
    }
}

impl Bus for PostgresBus {
    fn publish(&self, post: Post) -> BusFuture<'_, Result<(), BusError>> {
        Box::pin(self.say(post))
    }

    fn subscribe(
        &self,
        topics: Vec<Topic>,
        audience: Audience,
    ) -> BusFuture<'_, Result<Box<dyn Inbox>, BusError>> {
        Box::pin(self.listen(topics, audience))
    }
}
