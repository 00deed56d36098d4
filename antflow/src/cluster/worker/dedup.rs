use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::cluster::DedupId;

/// Which messages were heard: so many at most, and each for so long.
#[derive(Debug)]
pub(super) struct DedupCache {
    size: usize,
    ttl: Duration,
    seen: HashMap<DedupId, Instant>,
    /// By age, the oldest first. Each id is here once.
    order: VecDeque<(Instant, DedupId)>,
}

impl DedupCache {
    pub(super) fn new(size: usize, ttl: Duration) -> Self {
        Self {
            size: size.max(1),
            ttl,
            seen: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Remembers a message; false if it is remembered already.
    pub(super) fn is_new(&mut self, id: &DedupId) -> bool {
        let now = Instant::now();
        while let Some((at, _)) = self.order.front()
            && now.saturating_duration_since(*at) >= self.ttl
        {
            self.forget_oldest();
        }
        if self.seen.contains_key(id) {
            return false;
        }
        if self.order.len() >= self.size {
            self.forget_oldest();
        }
        self.seen.insert(id.clone(), now);
        self.order.push_back((now, id.clone()));
        true
    }

    fn forget_oldest(&mut self) {
        if let Some((_, id)) = self.order.pop_front() {
            self.seen.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(cache: &mut DedupCache, id: &str) -> bool {
        cache.is_new(&id.into())
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_is_forgotten_when_there_is_no_room() {
        let mut cache = DedupCache::new(2, Duration::from_secs(60));
        assert!(news(&mut cache, "a") && news(&mut cache, "b"));
        assert!(!news(&mut cache, "a"));
        assert!(news(&mut cache, "c"), "in place of a");
        assert!(!news(&mut cache, "b"));
        assert!(news(&mut cache, "a"));
        assert_eq!(cache.seen.len(), 2);
        assert_eq!(cache.order.len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_old_is_forgotten() {
        let mut cache = DedupCache::new(10, Duration::from_secs(60));
        assert!(news(&mut cache, "a"));
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(!news(&mut cache, "a"));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(news(&mut cache, "a"));
    }
}
