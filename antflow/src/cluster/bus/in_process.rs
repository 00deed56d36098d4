use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;

use super::{Audience, Bus, BusError, BusFuture, Inbox, Post};
use crate::cluster::protocol::Topic;

/// A bus inside one process, for the embedded engine and for tests. Clones are the same bus.
///
/// Each inbox, or group of inboxes, has a queue of bounded length. When it is full, its oldest post is dropped and
/// counted in [`dropped`](Self::dropped): nobody who speaks ever waits for who does not listen.
#[derive(Clone)]
pub struct InProcessBus {
    inner: Arc<Inner>,
}

struct Inner {
    capacity: usize,
    is_closed: AtomicBool,
    dropped: AtomicU64,
    listeners: Mutex<Vec<Listener>>,
}

struct Listener {
    topics: Vec<Topic>,
    audience: Audience,
    queue: Weak<Queue>,
}

#[derive(Default)]
struct Queue {
    posts: Mutex<VecDeque<Post>>,
    arrived: Notify,
    is_closed: AtomicBool,
}

#[derive(Clone)]
struct QueueInbox(Arc<Queue>);

/// How many posts a queue holds.
const CAPACITY: usize = 10_000;

impl InProcessBus {
    /// A bus whose queues hold 10,000 posts each.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// A bus whose queues hold so many posts each, one at least.
    #[must_use]
    pub fn with_capacity(posts: usize) -> Self {
        Self {
            inner: Arc::new(Inner {
                capacity: posts.max(1),
                is_closed: AtomicBool::new(false),
                dropped: AtomicU64::new(0),
                listeners: Mutex::default(),
            }),
        }
    }

    /// How many posts were dropped because a queue was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.inner.dropped.load(Ordering::Relaxed)
    }

    /// Closes the bus: nothing more is taken, and inboxes end once they are empty. Closing again does nothing.
    pub fn close(&self) {
        self.inner.close();
    }

    fn say(&self, post: &Post) -> Result<(), BusError> {
        let mut listeners = lock(&self.inner.listeners);
        if self.inner.is_closed.load(Ordering::Acquire) {
            return Err(BusError::Closed);
        }
        listeners.retain(|listener| {
            let Some(queue) = listener.queue.upgrade() else {
                return false;
            };
            if listener.topics.contains(&post.topic) {
                let dropped = queue.push(post.clone(), self.inner.capacity);
                self.inner.dropped.fetch_add(dropped, Ordering::Relaxed);
            }
            true
        });
        Ok(())
    }

    fn listen(&self, topics: Vec<Topic>, audience: Audience) -> Result<QueueInbox, BusError> {
        let mut listeners = lock(&self.inner.listeners);
        if self.inner.is_closed.load(Ordering::Acquire) {
            return Err(BusError::Closed);
        }
        let shares = |listener: &&Listener| {
            audience != Audience::Each && listener.audience == audience && listener.topics == topics
        };
        let shared = listeners.iter().find(shares);
        if let Some(queue) = shared.and_then(|listener| listener.queue.upgrade()) {
            return Ok(QueueInbox(queue));
        }
        let queue = Arc::new(Queue::default());
        listeners.push(Listener {
            topics,
            audience,
            queue: Arc::downgrade(&queue),
        });
        Ok(QueueInbox(queue))
    }
}

impl Default for InProcessBus {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for InProcessBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcessBus")
            .field("capacity", &self.inner.capacity)
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn close(&self) {
        // Under the lock, so that nobody begins to listen meanwhile.
        let listeners = lock(&self.listeners);
        self.is_closed.store(true, Ordering::Release);
        for queue in listeners
            .iter()
            .filter_map(|listener| listener.queue.upgrade())
        {
            queue.is_closed.store(true, Ordering::Release);
            queue.arrived.notify_waiters();
            queue.arrived.notify_one();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

impl Queue {
    /// Puts a post behind the others; says how many were dropped for it.
    fn push(&self, post: Post, capacity: usize) -> u64 {
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

    /// The oldest post, and whether there are more.
    fn pop(&self) -> (Option<Post>, bool) {
        let mut posts = lock(&self.posts);
        let next = posts.pop_front();
        (next, !posts.is_empty())
    }

    async fn next(&self) -> Option<Post> {
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

impl fmt::Debug for QueueInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("posts", &lock(&self.0.posts).len())
            .finish_non_exhaustive()
    }
}

impl Inbox for QueueInbox {
    fn next(&mut self) -> BusFuture<'_, Option<Result<Post, BusError>>> {
        Box::pin(async { self.0.next().await.map(Ok) })
    }
}

impl Bus for InProcessBus {
    fn publish(&self, post: Post) -> BusFuture<'_, Result<(), BusError>> {
        Box::pin(async move { self.say(&post) })
    }

    fn subscribe(
        &self,
        topics: Vec<Topic>,
        audience: Audience,
    ) -> BusFuture<'_, Result<Box<dyn Inbox>, BusError>> {
        Box::pin(async move {
            let inbox = self.listen(topics, audience)?;
            Ok(Box::new(inbox) as Box<dyn Inbox>)
        })
    }

    fn is_in_process(&self) -> bool {
        true
    }
}

/// Nothing that is done under these locks can panic halfway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
