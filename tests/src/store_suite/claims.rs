//! Claiming.

use antflow::cluster::graph::Node;
use antflow::cluster::state::NodeState;
use antflow::cluster::store::{NewRun, Offer};

use super::bench::{Bench, TTL, graph, request};

/// A node is given once, with its lease, parameters and record.
pub async fn a_ready_node_is_given_once_with_all_it_needs(bench: Bench) {
    let mut new = NewRun::new(graph([Node::new("a", "r").with("size", 3)]));
    new.params.insert("lang".into(), "de".into());
    let run = new.id.clone();
    let submitted = bench.store.submit(new).await.unwrap();
    assert_eq!(submitted.effects.ready[0].node, "a");
    let given = bench.claim_one("w").await;
    assert_eq!((&given.lease.run, given.lease.node.as_str()), (&run, "a"));
    assert_eq!((given.lease.epoch, given.lease.worker.as_str()), (1, "w"));
    let now = bench.store.now().await.unwrap();
    assert_eq!(given.deadline, now.after(TTL));
    assert_eq!(given.node.input_inline["size"], 3);
    assert_eq!(given.params["lang"], "de");
    assert_eq!(given.record, bench.node(&run, "a").await);
    assert_eq!(given.record.state, NodeState::Running);
    assert!(given.cursors.is_empty() && given.checkpoint.is_none());
    assert!(bench.claim("x", ["r"]).await.is_empty());
    assert_eq!(bench.said(&run, Some("a")).await, ["task_accepted"]);
    assert_eq!(bench.said(&run, None).await, ["run_started"]);
}

/// A node with a fingerprint is for whoever offers it; one without is for all that have the role.
pub async fn a_node_is_given_to_whoever_fits(bench: Bench) {
    bench
        .submit([
            Node::new("any", "r"),
            Node::new("v2", "r").fingerprint("2"),
            Node::new("other", "s"),
        ])
        .await;
    let names = |given: Vec<antflow::cluster::store::Assignment>| -> Vec<String> {
        let names = given.iter().map(|given| given.lease.node.to_string());
        names.collect()
    };
    let with = |fingerprint: &str| {
        let mut asks = request("w", ["r"]);
        asks.offers = vec![Offer {
            role: "r".into(),
            fingerprint: Some(fingerprint.into()),
        }];
        asks
    };
    assert_eq!(names(bench.store.claim(with("1")).await.unwrap()), ["any"]);
    assert!(bench.claim("w", ["r"]).await.is_empty());
    assert_eq!(names(bench.store.claim(with("2")).await.unwrap()), ["v2"]);
    assert!(bench.claim("w", []).await.is_empty());
    assert_eq!(names(bench.claim("w", ["r", "s"]).await), ["other"]);
}
