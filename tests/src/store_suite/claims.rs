//! Claiming.

use std::collections::BTreeSet;
use std::sync::Arc;

use antflow::cluster::graph::{Node, RetryPolicy};
use antflow::cluster::protocol::Failure;
use antflow::cluster::state::NodeState;
use antflow::cluster::store::{Assignment, ClaimRequest, Limits, NewRun, Offer, Store};
use serde_json::Map;

use super::bench::{Bench, TTL, graph, request};
use crate::millis;

/// The nodes that were given, as `run/node` with the runs' own names.
fn names(given: &[Assignment]) -> Vec<String> {
    let name = |given: &Assignment| format!("{}/{}", given.lease.run, given.lease.node);
    given.iter().map(name).collect()
}

/// Submits a run under a name, with a priority.
async fn submit(bench: &Bench, name: &str, priority: i32, nodes: Vec<Node>) {
    let mut new = NewRun::new(graph(nodes));
    new.id = name.into();
    new.priority = priority;
    bench.store.submit(new).await.unwrap();
}

/// A node is given once, with its lease, parameters and record.
pub async fn a_ready_node_is_given_once_with_all_it_needs(bench: Bench) {
    let mut new = NewRun::new(graph([Node::new("a", "r").with("size", 3)]));
    new.params.insert("lang".into(), "de".into());
    let run = new.id.clone();
    let submitted = bench.store.submit(new).await.unwrap();
    assert_eq!(submitted.effects.ready[0].node, "a");
    let given = bench.claim_one("w").await;
    assert_eq!(names(std::slice::from_ref(&given)), [format!("{run}/a")]);
    assert_eq!((given.lease.epoch, given.lease.worker.as_str()), (1, "w"));
    let now = bench.store.now().await.unwrap();
    assert_eq!(given.deadline, now.after(TTL));
    assert_eq!(given.node.input_inline["size"], 3);
    assert_eq!(given.params["lang"], "de");
    assert_eq!(given.record, bench.node(&run, "a").await);
    assert_eq!(given.record.state, NodeState::Running);
    assert_eq!(given.record.started_at, Some(now));
    assert!(given.cursors.is_empty() && given.checkpoint.is_none());
    assert!(given.cancelling.is_none());
    assert!(bench.claim("x", ["r"]).await.is_empty());
    assert_eq!(bench.said(&run, Some("a")).await, ["task_accepted"]);
    assert_eq!(bench.said(&run, None).await, ["run_started"]);
    let active = bench.store.active_runs(Some("w".into())).await.unwrap();
    assert_eq!((active.len(), active[0].deadline), (1, given.deadline));
    assert!(
        bench
            .store
            .active_runs(Some("x".into()))
            .await
            .unwrap()
            .is_empty()
    );
}

/// A node with a fingerprint is for whoever offers it; one without is for all that have the role.
pub async fn a_node_is_given_to_whoever_fits(bench: Bench) {
    let any = vec![
        Node::new("any", "r"),
        Node::new("v2", "r").fingerprint("2"),
        Node::new("other", "s"),
    ];
    submit(&bench, "1", 100, any).await;
    let with = |fingerprint: &str| {
        let mut asks = request("w", ["r"]);
        asks.offers = vec![Offer {
            role: "r".into(),
            fingerprint: Some(fingerprint.into()),
        }];
        bench.store.claim(asks)
    };
    assert_eq!(names(&with("1").await.unwrap()), ["1/any"]);
    assert!(bench.claim("w", ["r"]).await.is_empty());
    assert_eq!(names(&with("2").await.unwrap()), ["1/v2"]);
    assert!(bench.claim("w", []).await.is_empty());
    assert_eq!(names(&bench.claim("w", ["r", "s"]).await), ["1/other"]);
}

/// First the lower priority, then who waits longer, then run id and place: over all roles of the worker.
pub async fn those_come_first_that_are_urgent_and_wait_long(bench: Bench) {
    let pair = || vec![Node::new("x", "r"), Node::new("y", "s")];
    submit(&bench, "b", 100, pair()).await;
    submit(&bench, "a", 100, pair()).await;
    bench.advance(millis(1)).await;
    submit(&bench, "late", 100, pair()).await;
    submit(&bench, "urgent", 7, pair()).await;
    let mut asks = request("w", ["s", "r"]);
    let mut order = Vec::new();
    for slots in [1, 4, 0, 10] {
        asks.slots = slots;
        let given = bench.store.claim(asks.clone()).await.unwrap();
        assert!(given.len() <= slots as usize);
        order.extend(names(&given));
    }
    let expected = [
        "urgent/x", "urgent/y", "a/x", "a/y", "b/x", "b/y", "late/x", "late/y",
    ];
    assert_eq!(order, expected);
}

/// What was deferred comes back in its turn, by priority and by when it became ready, and not before its time.
pub async fn deferred_nodes_come_back_in_their_turn(bench: Bench) {
    let node = |wait| vec![Node::new("x", "r").retry(RetryPolicy::default().backoff(millis(wait)))];
    submit(&bench, "soon", 100, node(10)).await;
    submit(&bench, "later", 50, node(20)).await;
    for given in bench.claim("w", ["r"]).await {
        let failure = Failure::transient("timeout", "");
        bench.store.fail(given.lease, failure).await.unwrap();
    }
    submit(&bench, "fresh", 70, node(10)).await;
    bench.advance(millis(9)).await;
    let mut asks = request("w", ["r"]);
    asks.slots = 0;
    assert!(bench.store.claim(asks.clone()).await.unwrap().is_empty());
    bench.advance(millis(10)).await;
    let now = bench.store.now().await.unwrap();
    let due = bench.store.next_due().await.unwrap();
    assert_eq!(
        due,
        Some(now.after(millis(1))),
        "what is due already is not to come"
    );
    bench.advance(millis(1)).await;
    assert_eq!(bench.store.next_due().await.unwrap(), None);
    let order = names(&bench.claim("w", ["r"]).await);
    assert_eq!(order, ["later/x", "fresh/x", "soon/x"]);
}

/// Limits count what is running and what is being cancelled; coordinator functions do not count for all.
pub async fn limits_hold_for_all_and_for_each_role(bench: Bench) {
    let function = |id: &str| Node::function(id, "noop", Map::new());
    let mut nodes: Vec<_> = (0..4).map(|n| Node::new(format!("r{n}"), "r")).collect();
    nodes.extend((0..4).map(|n| Node::new(format!("s{n}"), "s")));
    nodes.extend([function("f0"), function("f1")]);
    submit(&bench, "1", 100, nodes).await;
    let limits = Limits {
        global: Some(3),
        roles: [("r".into(), 2), ("coordinator_fn".into(), 1)].into(),
    };
    bench.store.set_limits(limits.clone()).await.unwrap();
    assert_eq!(bench.store.limits().await.unwrap(), limits);
    let first = bench.claim("w", ["r", "s"]).await;
    assert_eq!(names(&first), ["1/r0", "1/r1", "1/s0"]);
    assert!(bench.claim("x", ["r", "s"]).await.is_empty());
    assert_eq!(names(&bench.claim("c", ["coordinator_fn"]).await), ["1/f0"]);
    bench.finish(&first[2].lease).await;
    assert_eq!(names(&bench.claim("x", ["r", "s"]).await), ["1/s1"]);
    bench.finish(&first[0].lease).await;
    assert_eq!(names(&bench.claim("x", ["r"]).await), ["1/r2"]);
    bench.store.set_limits(Limits::default()).await.unwrap();
    let rest = ["1/r3", "1/s2", "1/s3", "1/f1"];
    assert_eq!(
        names(&bench.claim("x", ["r", "s", "coordinator_fn"]).await),
        rest
    );
}

/// Many workers at once, through two openings of the store: each node once, and never more than the limits allow.
pub async fn concurrent_claims_give_each_node_once_within_limits(bench: Bench) {
    const NODES: usize = 60;
    let nodes = (0..NODES).map(|n| Node::new(format!("n{n}"), if n % 2 == 0 { "r" } else { "s" }));
    let run = bench.submit(nodes).await;
    let limits = Limits {
        global: Some(5),
        roles: [("r".into(), 3)].into(),
    };
    bench.store.set_limits(limits).await.unwrap();
    let stores = [bench.store.clone(), bench.engine.another().await];
    let workers = (0..8).map(|worker| {
        let store = stores[worker % 2].clone();
        tokio::spawn(work_until_there_is_none(store, format!("w{worker}")))
    });
    let mut all = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        all.extend(worker.await.unwrap());
    }
    let once: BTreeSet<_> = all.iter().collect();
    assert_eq!((all.len(), once.len()), (NODES, NODES));
    let nodes = bench.store.nodes(run).await.unwrap();
    assert!(
        nodes
            .iter()
            .all(|node| node.epoch == 1 && node.state == NodeState::Finished)
    );
}

async fn work_until_there_is_none(store: Arc<dyn Store>, worker: String) -> Vec<String> {
    let mut mine = Vec::new();
    let mut asks = request(&worker, ["r", "s"]);
    asks.slots = 2;
    loop {
        let given = store.claim(asks.clone()).await.unwrap();
        let active = store.active_runs(None).await.unwrap();
        let of_r = active.iter().filter(|active| active.role == "r").count();
        assert!(active.len() <= 5 && of_r <= 3, "{active:?}");
        let counts = store.counts().await.unwrap();
        if given.is_empty()
            && counts
                .nodes
                .values()
                .all(|states| !states.contains_key("ready"))
        {
            return mine;
        }
        for given in given {
            mine.push(given.lease.node.to_string());
            tokio::task::yield_now().await;
            store.finish(given.lease, Default::default()).await.unwrap();
        }
    }
}

/// Who asks for a run gets nothing of another one, whatever comes first.
pub async fn the_nodes_of_one_run_are_given_to_who_asks_for_them(bench: Bench) {
    for (name, priority) in [("first", 1), ("second", 5)] {
        let nodes = vec![Node::new("a", "r"), Node::new("b", "r")];
        submit(&bench, name, priority, nodes).await;
    }
    let of = |name: &str, slots| ClaimRequest {
        run: Some(name.into()),
        slots,
        ..request("w", ["r"])
    };
    let given = bench.store.claim(of("second", 1)).await.unwrap();
    assert_eq!(names(&given), ["second/a"]);
    let given = bench.store.claim(of("second", 10)).await.unwrap();
    assert_eq!(names(&given), ["second/b"]);
    assert!(
        bench
            .store
            .claim(of("second", 10))
            .await
            .unwrap()
            .is_empty()
    );
    let given = bench.claim("x", ["r"]).await;
    assert_eq!(names(&given), ["first/a", "first/b"]);
}
