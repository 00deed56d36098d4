//! The connection that all inboxes of a bus share, made again whenever it breaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_postgres::Notification;
use tokio_util::sync::CancellationToken;

use super::super::log::log;
use super::super::{BusError, Post};
use super::error::away;
use super::names::Names;
use super::notice::{self, Notice};
use super::registry::{Member, Registry};
use super::session::{Notifications, Session};
use crate::cluster::postgres::Target;

/// How long somebody waits for a connection that broke.
const PATIENCE: Duration = Duration::from_secs(5);

/// The first and the longest pause between two tries to connect again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// How often groups say that they are there, and old posts are removed. It shows too whether the server is there.
const TICK: Duration = Duration::from_secs(30);

/// How long the connection of a bus stands that is closed.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A connection, who listens on it, and what is known of both.
pub(super) struct Link {
    pub(super) target: Target,
    pub(super) names: Names,
    pub(super) registry: Registry,
    session: watch::Sender<Option<Arc<Session>>>,
    dropped: AtomicU64,
    pub(super) closed: CancellationToken,
}

impl Link {
    /// Connects, and keeps the connection until it is closed.
    pub(super) async fn connect(target: Target, names: Names) -> Result<Arc<Self>, BusError> {
        let (session, notifications) = Session::open(&target, &names).await?;
        let session = Arc::new(session);
        let link = Arc::new(Self {
            target,
            names,
            registry: Registry::default(),
            session: watch::Sender::new(Some(Arc::clone(&session))),
            dropped: AtomicU64::new(0),
            closed: CancellationToken::new(),
        });
        tokio::spawn(keep(Arc::clone(&link), session, notifications));
        Ok(link)
    }

    /// The connection, waiting for it if it broke.
    pub(super) async fn session(&self) -> Result<Arc<Session>, BusError> {
        let mut sessions = self.session.subscribe();
        let there = sessions.wait_for(|session| {
            session
                .as_ref()
                .is_some_and(|session| !session.end.is_cancelled())
        });
        tokio::select! {
            there = timeout(PATIENCE, there) => match there {
                Ok(Ok(session)) => session.clone().ok_or_else(away),
                _ => Err(away()),
            },
            () = self.closed.cancelled() => Err(BusError::Closed),
        }
    }

    /// How many posts were dropped because nobody came for them.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// The connection as it is, for last words: also behind the end of the bus.
    pub(super) fn last_session(&self) -> Option<Arc<Session>> {
        self.session.borrow().clone()
    }

    /// Tells the server who listens now, again if the connection breaks meanwhile, for a while.
    pub(super) async fn announce(
        &self,
        channels: &[String],
        member: Option<&Member>,
    ) -> Result<(), BusError> {
        let begun = Instant::now();
        loop {
            let session = self.session().await?;
            let mut done = session.listen(channels).await;
            if let (Ok(()), Some(member)) = (&done, member) {
                done = session.join(&member.group, channels).await;
            }
            let is_broken = done.is_err() && session.end.is_cancelled();
            if !is_broken || begun.elapsed() > PATIENCE {
                return done;
            }
        }
    }

    /// Hears a notification.
    async fn hear(&self, session: &Session, said: &Notification) {
        let channel = said.channel();
        self.registry.wake(channel);
        let Some(topic) = self.registry.topic_for_all(channel) else {
            return;
        };
        let post = match Notice::read(said.payload()) {
            Some(Notice::Post { key, bytes }) => notice::post(&topic, key, &bytes),
            Some(Notice::Large(id)) => match session.large(id).await {
                Ok(Some((key, bytes))) => {
                    let key = String::from_utf8_lossy(&key).into_owned();
                    notice::post(&topic, key, &bytes)
                }
                // It is too old, or the server has crashed meanwhile.
                Ok(None) | Err(_) => return self.lose(1),
            },
            Some(Notice::Wake) | None => return,
        };
        self.tell(channel, &post);
    }

    /// If there were more notifications than anybody could hear, something may wait that nobody knows of.
    fn catch_up(&self, session: &Session) {
        let missed = session.missed();
        if missed > 0 {
            self.lose(missed);
            self.registry.wake_all();
        }
    }

    fn tell(&self, channel: &str, post: &Post) {
        self.lose(self.registry.tell_all(channel, post));
    }

    fn lose(&self, posts: u64) {
        self.dropped.fetch_add(posts, Ordering::Relaxed);
    }

    /// Tells the server who listens here, and removes what is old.
    async fn tidy(&self, session: &Session) -> Result<(), BusError> {
        let left = self.registry.sweep();
        if !left.is_empty() {
            session.unlisten(&left).await?;
            // Somebody may have begun to listen to one of them meanwhile.
            self.listen(session).await?;
        }
        let groups = self.join(session).await?;
        self.lose(session.sweep(&groups).await?);
        Ok(())
    }

    async fn listen(&self, session: &Session) -> Result<(), BusError> {
        session.listen(&self.registry.channels()).await
    }

    async fn join(&self, session: &Session) -> Result<Vec<Vec<u8>>, BusError> {
        let mut groups = Vec::new();
        for member in self.registry.members() {
            let channels: Vec<_> = member.channels.keys().cloned().collect();
            session.join(&member.group, &channels).await?;
            groups.push(member.group.clone());
        }
        Ok(groups)
    }

    async fn open_again(&self) -> Result<(Arc<Session>, Notifications), BusError> {
        let (session, notifications) = Session::open(&self.target, &self.names).await?;
        self.listen(&session).await?;
        self.join(&session).await?;
        Ok((Arc::new(session), notifications))
    }

    /// Connects again, and lets everybody go on.
    async fn reconnect(&self) -> (Arc<Session>, Notifications) {
        let mut pause = PAUSES.0;
        loop {
            match self.open_again().await {
                Ok((session, notifications)) => {
                    self.session.send_replace(Some(Arc::clone(&session)));
                    self.registry.wake_all();
                    return (session, notifications);
                }
                Err(error) => log("connecting the bus again", &error),
            }
            sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }
}

/// Hears what is said until the bus is closed, on one connection after the other.
async fn keep(link: Arc<Link>, session: Arc<Session>, notifications: Notifications) {
    let hears = async {
        let (mut session, mut notifications) = (session, notifications);
        loop {
            hear_all(&link, &session, &mut notifications).await;
            session.end.cancel();
            link.session.send_replace(None);
            (session, notifications) = link.reconnect().await;
        }
    };
    tokio::select! {
        () = link.closed.cancelled() => {}
        () = hears => {}
    }
    link.registry.close();
    // Who has taken something gives it back meanwhile.
    sleep(LAST_WORDS).await;
    link.session.send_replace(None);
}

/// Hears what is said on one connection, until it breaks.
async fn hear_all(link: &Link, session: &Session, notifications: &mut Notifications) {
    // The first one at once; then not all processes at the same moments.
    let mut ticks = interval(TICK.mul_f64(0.75 + fastrand::f64() / 2.0));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            said = notifications.recv() => match said {
                Some(said) => {
                    link.hear(session, &said).await;
                    link.catch_up(session);
                }
                None => return,
            },
            _ = ticks.tick() => {
                if let Err(error) = link.tidy(session).await {
                    log("telling the server who listens, and removing old posts", &error);
                }
            }
        }
    }
}
