//! A queue of bounded length between who speaks and who listens.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Post;

/// How many posts a queue holds, unless it is said otherwise.
pub(super) const CAPACITY: usize = 10_000;

/// Posts that arrived and are not heard. Those who share it get one each.
#[derive(Debug, Default)]
pub(super) struct Queue {
    posts: Mutex<VecDeque<Post>>,
    arrived: Notify,
    is_closed: AtomicBool,
}

impl Queue {
    /// Puts a post behind the others, and drops the oldest if there are too many; says how many were dropped for it.
    pub(super) fn push(&self, post: Post, capacity: usize) -> u64 {
        let mut posts = lock(&self.posts);
        let is_full = posts.len() >= capacity;
        if is_full {
            posts.pop_front();
        }
        posts.push_back(post);
        drop(posts);
        self.arrived.notify_one();
        u64::from(is_full)
    }

    /// How many posts wait to be heard.
    pub(super) fn len(&self) -> usize {
        lock(&self.posts).len()
    }

    /// Ends it: nobody waits any more once all was heard.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.arrived.notify_waiters();
        self.arrived.notify_one();
    }

    /// The oldest post, and whether there are more.
    fn pop(&self) -> (Option<Post>, bool) {
        let mut posts = lock(&self.posts);
        let next = posts.pop_front();
        (next, !posts.is_empty())
    }

    /// The next post, waiting for it; `None` once it is closed and empty.
    ///
    /// # Cancel safety
    /// Dropping the future loses no post.
    pub(super) async fn next(&self) -> Option<Post> {
        loop {
            // Listens before it looks, so that nothing arrives in between unheard.
            let arrived = self.arrived.notified();
            let (next, is_more) = self.pop();
            let is_closed = self.is_closed.load(Ordering::Acquire);
            if is_more || is_closed {
                self.arrived.notify_one();
            }
            if next.is_some() || is_closed {
                return next;
            }
            arrived.await;
        }
    }
}

/// Nothing that is done under these locks can panic halfway.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
