use std::time::Duration;

use super::*;
use crate::cluster::Timestamp;
use crate::cluster::graph::{Node, RetryPolicy};
use crate::cluster::protocol::Failure;
use crate::cluster::state::{AfterLoss, NodeState};

const TTL: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn request() -> ClaimRequest {
    ClaimRequest {
        worker: "w".into(),
        offers: Vec::new(),
        run: None,
        slots: 1,
        ttl: TTL,
    }
}

fn claimed() -> (NodeRecord, Lease) {
    let mut node = NodeRecord::new("r".into(), 0, &Node::new("n", "role"));
    node.settle(NodeState::Ready, None, SECOND, at(0));
    node.claim(&request(), at(1));
    let lease = node.held_lease().unwrap();
    (node, lease)
}

fn is_fenced(node: &NodeRecord, lease: &Lease) -> bool {
    matches!(node.standing(lease), Err(StoreError::Fenced { .. }))
}

#[test]
fn a_claim_begins_an_epoch() {
    let (node, lease) = claimed();
    assert_eq!((node.epoch, lease.epoch), (1, 1));
    assert_eq!(node.lease.as_ref().unwrap().deadline, at(61));
    assert_eq!((node.ready_at, node.started_at), (Some(at(0)), Some(at(1))));
    assert_eq!(node.standing(&lease).unwrap(), Standing::Held);
    assert!(!node.is_claimable(at(100)));
}

#[test]
fn a_deadline_never_goes_back_and_only_allows_to_reap() {
    let (mut node, lease) = claimed();
    node.extend(SECOND, at(2));
    assert_eq!(node.lease.as_ref().unwrap().deadline, at(61));
    assert!(!node.is_expired(at(61)));
    assert!(node.is_expired(at(62)));
    assert_eq!(
        node.standing(&lease).unwrap(),
        Standing::Held,
        "late, and not replaced"
    );
    node.extend(TTL, at(62));
    assert!(!node.is_expired(at(100)));
}

#[test]
fn whoever_was_replaced_is_fenced() {
    let (mut node, first) = claimed();
    assert_eq!(
        node.resume(TTL, &RetryPolicy::default(), at(5)),
        AfterLoss::GoOn
    );
    let second = node.held_lease().unwrap();
    assert_eq!(second.epoch, first.epoch, "the same epoch");
    assert!(is_fenced(&node, &first));
    node.reap(&RetryPolicy::default(), at(100));
    assert_eq!((node.state, node.epoch), (NodeState::Ready, 1));
    assert!(is_fenced(&node, &second), "before anybody else has it");
    node.claim(&request(), at(101));
    assert_eq!(node.epoch, 2);
    assert!(is_fenced(&node, &second));
    assert_eq!(node.started_at, Some(at(1)));
}

#[test]
fn a_failure_defers_until_tries_are_used_up_and_progress_gives_new_ones() {
    let policy = RetryPolicy::default().max(1).backoff(TTL);
    let failure = || Failure::transient("timeout", "too slow");
    let (mut node, lease) = claimed();
    node.fail(failure(), &policy, at(10));
    assert_eq!(
        (node.state, node.retry_at),
        (NodeState::Deferred, Some(at(70)))
    );
    assert_eq!(node.standing(&lease).unwrap(), Standing::Ended);
    assert!(!node.is_claimable(at(69)));
    assert!(node.is_claimable(at(70)));
    node.claim(&request(), at(70));
    assert_eq!(node.retry_at, None);
    node.made_progress();
    node.fail(failure(), &policy, at(80));
    assert_eq!(node.state, NodeState::Deferred);
    node.claim(&request(), at(140));
    node.fail(failure(), &policy, at(150));
    assert_eq!(
        (node.state, node.ended_at),
        (NodeState::Failed, Some(at(150)))
    );
}

#[test]
fn what_kills_its_workers_fails_in_the_end() {
    let policy = RetryPolicy::default().max_interruptions(1);
    let (mut node, _) = claimed();
    node.reap(&policy, at(100));
    node.claim(&request(), at(101));
    assert_eq!(node.resume(TTL, &policy, at(102)), AfterLoss::GiveUp);
    assert_eq!(node.state, NodeState::Failed);
    assert_eq!(node.last_failure.unwrap().code, "worker_lost");
}

#[test]
fn a_node_that_has_to_end_is_told_and_ends_whatever_happens() {
    let cancelling = || {
        let (mut node, lease) = claimed();
        node.settle(NodeState::Cancelling, Some("user_request"), SECOND, at(10));
        (node, lease)
    };
    let (mut node, lease) = cancelling();
    let notice = node.cancel_notice(at(10)).unwrap();
    assert_eq!((notice.lease, notice.grace), (lease, SECOND));
    assert_eq!(notice.reason, "user_request");
    node.extend(TTL, at(11));
    assert!(!node.is_expired(at(11)));
    assert!(node.is_expired(at(12)), "an extended lease is no way out");
    node.reap(&RetryPolicy::default(), at(12));
    assert_eq!((node.state, node.epoch), (NodeState::Cancelled, 1));
    assert_eq!(node.cancel_reason.as_deref(), Some("user_request"));

    let (mut node, _) = cancelling();
    node.fail(
        Failure::transient("timeout", ""),
        &RetryPolicy::default(),
        at(11),
    );
    assert_eq!(node.state, NodeState::Cancelled, "no retry");
    let (mut node, _) = cancelling();
    node.finish(Some(Payload::default()), at(11));
    assert_eq!(node.state, NodeState::Finished, "what is done is done");
    let (mut node, _) = cancelling();
    node.release(at(11));
    assert_eq!(node.state, NodeState::Cancelled);
}

#[test]
fn offers_with_another_fingerprint_do_not_fit() {
    let offer = |fingerprint: Option<&str>| Offer {
        role: "r".into(),
        fingerprint: fingerprint.map(ToOwned::to_owned),
    };
    assert!(offer(None).fits(&"r".into(), None));
    assert!(offer(Some("a")).fits(&"r".into(), None));
    assert!(offer(Some("a")).fits(&"r".into(), Some("a")));
    assert!(!offer(Some("b")).fits(&"r".into(), Some("a")));
    assert!(!offer(None).fits(&"r".into(), Some("a")));
    assert!(!offer(None).fits(&"s".into(), None));
}

#[test]
fn payloads_are_json() {
    assert!(Payload::from_text("{\"a\":").is_err());
    let payload = Payload::from_text("{\"a\":[1]}").unwrap();
    let written = serde_json::to_string(&payload).unwrap();
    assert_eq!(written, "{\"a\":[1]}", "as JSON, and not as text");
    assert_eq!(serde_json::from_str::<Payload>(&written).unwrap(), payload);
}

#[test]
fn a_node_record_is_read_as_it_was_written() {
    let (node, _) = claimed();
    let text = serde_json::to_string(&node).unwrap();
    assert_eq!(serde_json::from_str::<NodeRecord>(&text).unwrap(), node);
}
