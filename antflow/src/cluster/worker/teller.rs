use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::shared::Shared;
use crate::cluster::bus::Post;
use crate::cluster::protocol::{Envelope, Message, Topic};
use crate::cluster::store::{Effects, Lease};
use crate::cluster::{RunKey, hints};

/// Says on the bus what may be lost, without anybody waiting for the bus.
#[derive(Debug)]
pub(super) struct Teller(mpsc::Sender<Post>);

/// How many posts wait at most; beyond that they are dropped and counted.
const WAITING: usize = 1024;

impl Teller {
    pub(super) fn new() -> (Self, mpsc::Receiver<Post>) {
        let (posts, waiting) = mpsc::channel(WAITING);
        (Self(posts), waiting)
    }
}

/// Says what waits to be said, until `end`, and then the rest.
pub(super) async fn tell(
    shared: &Shared,
    mut waiting: mpsc::Receiver<Post>,
    end: &CancellationToken,
) {
    loop {
        let next = tokio::select! {
            biased;
            next = waiting.recv() => next,
            () = end.cancelled() => None,
        };
        let Some(post) = next else {
            return;
        };
        if let Err(error) = shared.bus.publish(post).await {
            shared.counters.unsaid.one();
            shared.warn("saying something on the bus", &error);
        }
    }
}

impl Shared {
    pub(super) fn say(&self, topic: Topic, envelope: Envelope) {
        let envelope = envelope.worker(self.key.clone());
        if self.teller.0.try_send(Post::new(topic, &envelope)).is_err() {
            self.counters.unsaid.one();
        }
    }

    /// Hints to others what follows for them.
    pub(super) fn say_effects(&self, effects: Effects) {
        for (topic, envelope) in hints::envelopes(effects) {
            self.say(topic, envelope);
        }
    }

    /// Hints that a node has new artifacts.
    pub(super) fn say_artifacts(&self, lease: &Lease, last_seq: u64) {
        let envelope = Envelope::new(Message::Artifacts { last_seq })
            .about(lease.run.clone(), lease.node.clone())
            .epoch(lease.epoch);
        self.say(Topic::Artifacts, envelope);
    }

    /// Wakes the attempts of this worker that read what has changed.
    pub(super) fn wake_readers(&self, run: &RunKey, node: &crate::cluster::NodeId) {
        for control in self.active.all() {
            if control.lease.run == *run && control.sources.contains(node) {
                control.more.notify_one();
            }
        }
    }
}
