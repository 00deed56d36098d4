use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use super::queue::{CAPACITY, Queue, lock};
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

#[derive(Clone)]
struct QueueInbox(Arc<Queue>);

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
            queue.close();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for QueueInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("posts", &self.0.len())
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
