//! Who listens to what in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::Notify;

use super::super::Post;
use super::super::queue::{CAPACITY, Queue, lock};
use super::names::Names;
use crate::cluster::protocol::Topic;

/// The inboxes by their channels.
#[derive(Debug, Default)]
pub(super) struct Registry(Mutex<HashMap<String, Channel>>);

#[derive(Debug)]
struct Channel {
    topic: Topic,
    all: Vec<Weak<Queue>>,
    groups: Vec<Weak<Member>>,
}

/// A member of a group.
#[derive(Debug)]
pub(super) struct Member {
    /// The name of the group.
    pub(super) group: Vec<u8>,
    /// The channels that it listens to, each with its topic.
    pub(super) channels: HashMap<String, Topic>,
    /// There may be something to be taken.
    pub(super) wake: Notify,
}

impl Registry {
    /// Adds who hears all of some topics.
    pub(super) fn add_queue(&self, names: &Names, topics: &[Topic], queue: &Arc<Queue>) {
        let mut channels = lock(&self.0);
        for topic in topics {
            let channel = Channel::of(&mut channels, names.channel(topic), topic);
            channel.all.push(Arc::downgrade(queue));
        }
    }

    /// Adds a member of a group.
    pub(super) fn add_member(&self, member: &Arc<Member>) {
        let mut channels = lock(&self.0);
        for (name, topic) in &member.channels {
            let channel = Channel::of(&mut channels, name.clone(), topic);
            channel.groups.push(Arc::downgrade(member));
        }
    }

    /// The channels that somebody listens to.
    pub(super) fn channels(&self) -> Vec<String> {
        lock(&self.0).keys().cloned().collect()
    }

    /// The groups that this process has members of.
    pub(super) fn members(&self) -> Vec<Arc<Member>> {
        let channels = lock(&self.0);
        let all = channels.values().flat_map(|channel| &channel.groups);
        let mut all: Vec<_> = all.filter_map(Weak::upgrade).collect();
        all.sort_by(|one, other| one.group.cmp(&other.group));
        all.dedup_by(|one, other| one.group == other.group);
        all
    }

    /// Removes channels that nobody listens to any more, and names them.
    pub(super) fn sweep(&self) -> Vec<String> {
        let mut left = Vec::new();
        lock(&self.0).retain(|name, channel| {
            channel.all.retain(|queue| queue.strong_count() > 0);
            channel.groups.retain(|member| member.strong_count() > 0);
            let is_heard = !channel.all.is_empty() || !channel.groups.is_empty();
            if !is_heard {
                left.push(name.clone());
            }
            is_heard
        });
        left
    }

    /// The topic of a channel, if somebody hears all of it.
    pub(super) fn topic_for_all(&self, name: &str) -> Option<Topic> {
        let channels = lock(&self.0);
        let channel = channels.get(name)?;
        let is_heard = channel.all.iter().any(|queue| queue.strong_count() > 0);
        is_heard.then(|| channel.topic.clone())
    }

    /// Gives a post to who hears all of a channel. Says how many posts were dropped for it.
    pub(super) fn tell_all(&self, name: &str, post: &Post) -> u64 {
        let channels = lock(&self.0);
        let Some(channel) = channels.get(name) else {
            return 0;
        };
        let queues = channel.all.iter().filter_map(Weak::upgrade);
        queues.map(|queue| queue.push(post.clone(), CAPACITY)).sum()
    }

    /// Wakes the members of groups on a channel.
    pub(super) fn wake(&self, name: &str) {
        if let Some(channel) = lock(&self.0).get(name) {
            channel.wake();
        }
    }

    /// Wakes all members of groups: something may have been missed.
    pub(super) fn wake_all(&self) {
        lock(&self.0).values().for_each(Channel::wake);
    }

    /// Ends all that hear all.
    pub(super) fn close(&self) {
        let channels = lock(&self.0);
        let queues = channels.values().flat_map(|channel| &channel.all);
        queues
            .filter_map(Weak::upgrade)
            .for_each(|queue| queue.close());
    }
}

impl Channel {
    fn of<'a>(
        channels: &'a mut HashMap<String, Self>,
        name: String,
        topic: &Topic,
    ) -> &'a mut Self {
        channels.entry(name).or_insert_with(|| Self {
            topic: topic.clone(),
            all: Vec::new(),
            groups: Vec::new(),
        })
    }

    fn wake(&self) {
        for member in self.groups.iter().filter_map(Weak::upgrade) {
            member.wake.notify_one();
        }
    }
}
