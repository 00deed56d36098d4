//! Posts of a group that somebody is a member of, each taken when it is asked for.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::super::asked::Source;
use super::super::log::log;
use super::super::refuse::refused;
use super::super::{BusError, Post};
use super::link::Link;
use super::notice;
use super::registry::Member;
use super::session::Taken;

/// A member of a group, and what it is about to take.
pub(super) struct GroupSource {
    link: Arc<Link>,
    member: Arc<Member>,
    /// There may be something, as far as is known.
    is_promising: bool,
    /// It runs to its end, whoever waits for it: what it takes is nowhere else.
    taking: Option<JoinHandle<Result<Option<Taken>, BusError>>>,
}

impl GroupSource {
    pub(super) fn new(link: Arc<Link>, member: Arc<Member>) -> Self {
        Self {
            link,
            member,
            is_promising: true,
            taking: None,
        }
    }

    fn begin(&self) -> JoinHandle<Result<Option<Taken>, BusError>> {
        let (link, member) = (Arc::clone(&self.link), Arc::clone(&self.member));
        tokio::spawn(async move { link.session().await?.take(&member.group).await })
    }

    /// Ends what was begun, if something was.
    async fn taken(&mut self) -> Option<Result<Option<Taken>, BusError>> {
        let taking = self.taking.as_mut()?;
        let taken = taking.await;
        self.taking = None;
        Some(taken.unwrap_or_else(|_| Err(BusError::Closed)))
    }

    async fn put_back(&self, taken: &Taken) {
        // A bus that is closed gives back what it has.
        let Some(session) = self.link.last_session() else {
            return;
        };
        // What cannot be given back is lost, as what was said while the server was away.
        if let Err(error) = session.give_back(&self.member.group, taken).await {
            log("giving a post back", &error);
        }
    }
}

impl Source for GroupSource {
    type Receipt = Taken;

    async fn take(&mut self) -> Result<(Post, Taken), BusError> {
        loop {
            if self.taking.is_none() {
                if !self.is_promising {
                    self.member.wake.notified().await;
                }
                self.is_promising = true;
                self.taking = Some(self.begin());
            }
            let Some(taken) = self.taken().await else {
                continue;
            };
            let Some(taken) = taken? else {
                self.is_promising = false;
                continue;
            };
            let Some(topic) = self.member.channels.get(&taken.channel) else {
                return Err(refused(
                    "a post of a group is on a channel that the group does not hear",
                ));
            };
            let key = String::from_utf8_lossy(&taken.key).into_owned();
            return Ok((notice::post(topic, key, &taken.bytes), taken));
        }
    }

    async fn rest(&mut self) {
        if let Some(Ok(Some(taken))) = self.taken().await {
            self.put_back(&taken).await;
            self.is_promising = true;
        }
    }

    async fn heard(&mut self, _: Taken) {}

    async fn give_back(&mut self, _: Post, taken: Taken) {
        self.put_back(&taken).await;
        self.is_promising = true;
    }
}
