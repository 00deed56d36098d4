use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use antflow::cluster::bus::{Audience, Bus, BusError, BusFuture, InProcessBus, Inbox, Post};
use antflow::cluster::protocol::Topic;
use tokio::time::Instant;

/// A bus that refuses posts when it should, and writes down when it was asked.
#[derive(Debug, Clone)]
pub struct FlakyBus {
    inner: InProcessBus,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    refused: BTreeMap<Topic, u64>,
    panics: u64,
    asked: Vec<(Topic, Instant)>,
}

impl FlakyBus {
    /// A bus over another one, which refuses nothing yet.
    #[must_use]
    pub fn over(inner: &InProcessBus) -> Self {
        Self {
            inner: inner.clone(),
            state: Arc::default(),
        }
    }

    /// Refuses the next posts on this topic.
    pub fn refuse(&self, topic: Topic, times: u64) {
        self.state().refused.insert(topic, times);
    }

    /// Panics at the next posts.
    pub fn panic(&self, times: u64) {
        self.state().panics = times;
    }

    /// When it was asked to say something on this topic.
    #[must_use]
    pub fn asked(&self, topic: &Topic) -> Vec<Instant> {
        let state = self.state();
        let on_topic = state.asked.iter().filter(|(on, _)| on == topic);
        on_topic.map(|(_, at)| *at).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Is the post to be refused?
    fn refuses(&self, topic: &Topic) -> bool {
        let mut state = self.state();
        state.asked.push((topic.clone(), Instant::now()));
        if state.panics > 0 {
            state.panics -= 1;
            crate::panic_quietly("the bus panics as planned");
        }
        let Some(left) = state.refused.get_mut(topic) else {
            return false;
        };
        let refuses = *left > 0;
        *left = left.saturating_sub(1);
        refuses
    }
}

impl Bus for FlakyBus {
    fn publish(&self, post: Post) -> BusFuture<'_, Result<(), BusError>> {
        Box::pin(async move {
            if self.refuses(&post.topic) {
                return Err(BusError::Unavailable {
                    reason: "as planned".to_owned(),
                    source: None,
                });
            }
            self.inner.publish(post).await
        })
    }

    fn subscribe(
        &self,
        topics: Vec<Topic>,
        audience: Audience,
    ) -> BusFuture<'_, Result<Box<dyn Inbox>, BusError>> {
        self.inner.subscribe(topics, audience)
    }
}
