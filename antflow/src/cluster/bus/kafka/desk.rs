use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use tokio::sync::Notify;

use super::super::{BusError, Post};

/// Where a thread leaves what it has heard, and an inbox takes it.
pub(super) struct Desk {
    state: Mutex<State>,
    arrived: Notify,
    asked: Notify,
    is_shared: bool,
}

#[derive(Default)]
struct State {
    heard: VecDeque<Heard>,
    error: Option<BusError>,
    /// What the inbox has given, and is not committed.
    given: Vec<Place>,
    is_wanted: bool,
    is_left: bool,
    is_over: bool,
}

/// A post with where it was.
pub(super) struct Heard {
    pub(super) post: Post,
    pub(super) place: Place,
}

/// Where a record is.
pub(super) struct Place {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) offset: i64,
}

/// What the inbox wants of its thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Demand {
    /// The next post.
    Post,
    /// Nothing now.
    Nothing,
    /// Nothing any more.
    End,
}

/// How many posts wait for an inbox that shares them with nobody.
const ROOM: usize = 64;

impl Desk {
    /// A desk; a shared one is of a member of a group, who takes no post before it is asked for.
    pub(super) fn new(is_shared: bool) -> Self {
        Self {
            state: Mutex::default(),
            arrived: Notify::new(),
            asked: Notify::new(),
            is_shared,
        }
    }

    /// For the inbox: the next post, an error if there was one, `None` at the end.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub(super) async fn next(&self) -> Option<Result<Post, BusError>> {
        let _wants = self.is_shared.then(|| Wants::new(self));
        loop {
            // Listens before it looks, so that nothing arrives in between unheard.
            let arrived = self.arrived.notified();
            if let Poll::Ready(next) = self.take() {
                return next;
            }
            arrived.await;
        }
    }

    fn take(&self) -> Poll<Option<Result<Post, BusError>>> {
        let mut state = self.state();
        let was_full = state.heard.len() >= ROOM;
        if let Some(Heard { post, place }) = state.heard.pop_front() {
            if self.is_shared {
                state.given.push(place);
            } else if was_full {
                self.asked.notify_one();
            }
            return Poll::Ready(Some(Ok(post)));
        }
        match state.error.take() {
            Some(error) => Poll::Ready(Some(Err(error))),
            None if state.is_over => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    /// For the inbox: nobody will ask any more.
    pub(super) fn leave(&self) {
        self.state().is_left = true;
        self.asked.notify_one();
    }

    /// For the thread: what is wanted of it.
    pub(super) fn demand(&self) -> Demand {
        let state = self.state();
        let wants = if self.is_shared {
            state.is_wanted && state.heard.is_empty()
        } else {
            state.heard.len() < ROOM
        };
        match (state.is_left, wants) {
            (true, _) => Demand::End,
            (false, true) => Demand::Post,
            (false, false) => Demand::Nothing,
        }
    }

    /// For the thread: waits until it should look again at what is wanted, or was given.
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Has the thread look again.
    pub(super) fn ask(&self) {
        self.asked.notify_one();
    }

    /// For the thread: leaves a post. An error that was before it has passed.
    pub(super) fn put(&self, heard: Heard) {
        let mut state = self.state();
        state.heard.push_back(heard);
        state.error = None;
        drop(state);
        self.arrived.notify_one();
    }

    /// For the thread: leaves an error, unless one is there.
    pub(super) fn fail(&self, error: BusError) {
        self.state().error.get_or_insert(error);
        self.arrived.notify_one();
    }

    /// For the thread: what was given since it last asked.
    pub(super) fn take_given(&self) -> Vec<Place> {
        std::mem::take(&mut self.state().given)
    }

    /// For the thread: takes back what another member will hear.
    pub(super) fn forget(&self, topic: &str, partition: i32) {
        let is_other =
            |heard: &Heard| heard.place.partition != partition || heard.place.topic != topic;
        self.state().heard.retain(is_other);
    }

    /// For the thread: nothing will come any more.
    pub(super) fn end(&self) {
        self.state().is_over = true;
        self.arrived.notify_one();
    }

    /// How many posts lie here.
    pub(super) fn posts(&self) -> usize {
        self.state().heard.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under this lock can panic halfway.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The wish for a post, as long as somebody waits for it.
struct Wants<'a>(&'a Desk);

impl<'a> Wants<'a> {
    fn new(desk: &'a Desk) -> Self {
        desk.state().is_wanted = true;
        desk.ask();
        Self(desk)
    }
}

impl Drop for Wants<'_> {
    fn drop(&mut self) {
        self.0.state().is_wanted = false;
        self.0.ask();
    }
}
