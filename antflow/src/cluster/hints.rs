//! What is said on the bus of what follows from an operation of the store.

use super::bus::Post;
use super::protocol::{Envelope, Message, Topic};
use super::store::{CancelNotice, Effects, ReadyNode};

/// A hint for each node that may be claimed, and a signal for each worker that has to end one, as posts.
pub(super) fn posts(effects: Effects) -> impl Iterator<Item = Post> {
    envelopes(effects).map(|(topic, envelope)| Post::new(topic, &envelope))
}

/// As [`posts`], before they are written, each with its topic.
pub(super) fn envelopes(effects: Effects) -> impl Iterator<Item = (Topic, Envelope)> {
    let ready = effects.ready.into_iter().map(start);
    ready.chain(effects.cancelling.into_iter().map(cancel))
}

fn start(node: ReadyNode) -> (Topic, Envelope) {
    let envelope = Envelope::new(Message::TaskStart)
        .about(node.run, node.node)
        .role(node.role.clone());
    (Topic::Commands(node.role), envelope)
}

fn cancel(notice: CancelNotice) -> (Topic, Envelope) {
    let message = Message::Cancel {
        reason: notice.reason,
        grace_ms: u64::try_from(notice.grace.as_millis()).unwrap_or(u64::MAX),
        lease_id: notice.lease.id,
    };
    let envelope = Envelope::new(message)
        .about(notice.lease.run, notice.lease.node)
        .epoch(notice.lease.epoch)
        .target(notice.lease.worker);
    (Topic::Signals, envelope)
}
