//! The outbox, dead letters, and the registry of workers.

use antflow::cluster::graph::{Node, RetryPolicy};
use antflow::cluster::protocol::{Failure, Message};
use antflow::cluster::store::{
    DeadLetterSource, ExtendRequest, NewDeadLetter, OutboxRecord, OutboxRetry, Retention,
};

use super::bench::{Bench, TTL};
use super::leases::announcement;
use crate::{millis, seconds};

fn kinds(events: &[OutboxRecord]) -> Vec<&'static str> {
    let kinds = events.iter().map(|event| event.envelope.message.kind());
    kinds.collect()
}

fn ids(events: &[OutboxRecord]) -> Vec<i64> {
    events.iter().map(|event| event.id).collect()
}

const fn retry(max: u32) -> OutboxRetry {
    OutboxRetry {
        max,
        backoff_min: millis(100),
        backoff_max: millis(300),
    }
}

/// Taken in their order and held; taken again by others after the hold; not after they were said.
pub async fn events_are_taken_held_and_said(bench: Bench) {
    bench.submit([Node::new("a", "r")]).await;
    let lease = bench.claim_one("w").await.lease;
    bench.commit(&lease, ["x", "y"]).await;
    let first = bench.store.outbox_take(2, seconds(5)).await.unwrap();
    assert_eq!(kinds(&first), ["run_started", "task_accepted"]);
    assert_eq!(first[1].topic.to_string(), "status.r.v1");
    let counts = bench.store.counts().await.unwrap();
    assert_eq!(counts.outbox, 4);
    let now = bench.store.now().await.unwrap();
    assert!(counts.outbox_since.is_some_and(|since| since <= now));
    let none = bench.store.outbox_take(9, seconds(5)).await.unwrap();
    assert!(
        none.is_empty(),
        "what comes later of a node waits for what is held of it"
    );
    bench.store.outbox_sent(ids(&first)).await.unwrap();
    bench.store.outbox_sent(ids(&first)).await.unwrap();
    let second = bench.store.outbox_take(9, seconds(5)).await.unwrap();
    assert_eq!(kinds(&second), ["batch_ok", "batch_ok"]);
    assert!(
        bench
            .store
            .outbox_take(9, seconds(5))
            .await
            .unwrap()
            .is_empty()
    );
    bench.advance(seconds(5)).await;
    let again = bench.store.outbox_take(9, seconds(5)).await.unwrap();
    assert_eq!(ids(&again), ids(&second), "whoever took them has ended");
    bench.store.outbox_sent(ids(&again)).await.unwrap();
    let counts = bench.store.counts().await.unwrap();
    assert_eq!((counts.outbox, counts.outbox_since), (0, None));
    let run = lease.run;
    let history = bench.store.events(run, 0, 9).await.unwrap();
    assert_eq!(history.len(), 4);
    assert!(
        history
            .iter()
            .all(|event| event.sent_at.is_some() && event.attempts == 0)
    );
}

/// One node's events wait for its earlier ones; those of others do not.
pub async fn only_events_of_the_same_node_wait(bench: Bench) {
    bench
        .submit([Node::new("a", "r"), Node::new("b", "s")])
        .await;
    let start = bench.store.outbox_take(9, seconds(5)).await.unwrap();
    bench.store.outbox_sent(ids(&start)).await.unwrap();
    let a = bench.claim_one("w").await.lease;
    let held = bench.store.outbox_take(1, seconds(5)).await.unwrap();
    bench.commit(&a, ["x"]).await;
    let [b] = bench.claim("w", ["s"]).await.try_into().unwrap();
    bench.commit(&b.lease, ["x"]).await;
    let others = bench.store.outbox_take(9, seconds(5)).await.unwrap();
    assert!(
        others
            .iter()
            .all(|event| event.envelope.node.as_ref().unwrap() == &b.lease.node)
    );
    assert_eq!(kinds(&others), ["task_accepted", "batch_ok"]);
    bench.store.outbox_sent(ids(&held)).await.unwrap();
    let last = bench.store.outbox_take(9, seconds(5)).await.unwrap();
    assert_eq!(
        (last.len(), last[0].envelope.node.as_ref().unwrap()),
        (1, &a.node)
    );
    bench.commit(&a, ["y"]).await;
    assert!(
        bench
            .store
            .outbox_take(9, seconds(5))
            .await
            .unwrap()
            .is_empty()
    );
}

/// Whoever takes gets as many as there are, also when many wait behind what another one held or said.
pub async fn however_many_wait_the_next_ones_are_given_at_once(bench: Bench) {
    const ALL: usize = 5_000;
    let nodes = ["a", "b"].map(|id| Node::new(id, "r"));
    bench.submit(nodes).await;
    for given in bench.claim("w", ["r"]).await {
        for part in 0..ALL / 500 {
            let uids: Vec<_> = (0..500).map(|n| format!("{part}/{n}")).collect();
            let part: [&str; 500] = std::array::from_fn(|n| uids[n].as_str());
            bench.commit(&given.lease, part).await;
        }
    }
    let dies = bench.store.outbox_take(3, seconds(5)).await.unwrap();
    assert_eq!(
        dies.len(),
        3,
        "the start of the run, and those of the nodes"
    );
    for _ in 0..20 {
        let others = bench.store.outbox_take(200, seconds(5)).await.unwrap();
        assert!(others.is_empty(), "they wait for what is held");
    }
    bench.advance(seconds(5)).await;
    let mut left = 3 + 2 * ALL;
    let mut seen = Vec::new();
    while left > 0 {
        let taken = bench.store.outbox_take(200, seconds(5)).await.unwrap();
        assert_eq!(taken.len(), left.min(200), "with {left} left");
        assert!(taken.is_sorted_by_key(|event| event.id));
        left -= taken.len();
        let others = bench.store.outbox_take(200, seconds(5)).await.unwrap();
        bench.store.outbox_sent(ids(&taken)).await.unwrap();
        // One of the nodes may have been free.
        left -= others.len();
        bench.store.outbox_sent(ids(&others)).await.unwrap();
        seen.extend([taken, others].concat());
    }
    for node in ["a", "b"] {
        let of_node = seen
            .iter()
            .filter(|event| event.envelope.node.as_ref().is_some_and(|of| of == node));
        let of_node: Vec<_> = of_node.map(|event| event.id).collect();
        assert!(
            of_node.is_sorted() && of_node.len() == ALL + 1,
            "in their order, and each once"
        );
    }
}

/// Tried again with growing pauses; then a dead letter, behind which the others go on; and again on request.
pub async fn what_cannot_be_said_becomes_a_dead_letter(bench: Bench) {
    bench.submit([Node::new("a", "r")]).await;
    let lease = bench.claim_one("w").await.lease;
    let events = bench.store.outbox_take(9, seconds(50)).await.unwrap();
    bench.store.outbox_sent(vec![events[0].id]).await.unwrap();
    bench.commit(&lease, ["x"]).await;
    let id = events[1].id;
    for (pause, attempts) in [(100, 1), (200, 2), (300, 3)] {
        bench
            .store
            .outbox_failed(id, "no broker".into(), retry(4))
            .await
            .unwrap();
        bench.advance(millis(pause - 1)).await;
        assert!(
            bench
                .store
                .outbox_take(9, seconds(50))
                .await
                .unwrap()
                .is_empty()
        );
        bench.advance(millis(1)).await;
        let due = bench.store.outbox_take(1, seconds(50)).await.unwrap();
        assert_eq!((ids(&due), due[0].attempts), (vec![id], attempts));
    }
    bench
        .store
        .outbox_failed(id, "no broker".into(), retry(4))
        .await
        .unwrap();
    bench
        .store
        .outbox_failed(id, "told twice".into(), retry(4))
        .await
        .unwrap();
    let next = bench.store.outbox_take(9, seconds(50)).await.unwrap();
    assert_eq!(kinds(&next), ["batch_ok"]);
    bench.store.outbox_sent(ids(&next)).await.unwrap();
    let letters = bench.store.dead_letters(0, 9).await.unwrap();
    assert_eq!(
        (letters.len(), letters[0].code.as_str()),
        (1, "outbox_exhausted")
    );
    assert_eq!(letters[0].source, DeadLetterSource::Outbox(id));
    assert!(letters[0].reason.contains("no broker"));
    assert_eq!(bench.store.counts().await.unwrap().dead_letters, 1);

    let letter = bench.store.retry_dead_letter(letters[0].id).await.unwrap();
    assert!(letter.retried_at.is_some());
    assert_eq!(bench.store.counts().await.unwrap().dead_letters, 0);
    let due = bench.store.outbox_take(9, seconds(50)).await.unwrap();
    assert_eq!((ids(&due), due[0].attempts), (vec![id], 0));
}

/// Kept as they came, cut to the limit of the store, listed in pages.
pub async fn dead_letters_are_kept_and_listed(bench: Bench) {
    let letter = |size: usize| NewDeadLetter {
        source: DeadLetterSource::Bus("status.r.v1".into()),
        code: "not_json".into(),
        reason: "this is no JSON object".into(),
        raw: vec![7; size],
    };
    let mut numbers = Vec::new();
    for size in [10, 4_096, 5_000] {
        numbers.push(bench.store.bury(letter(size)).await.unwrap());
    }
    assert!(numbers.is_sorted());
    let all = bench.store.dead_letters(0, 9).await.unwrap();
    let kept = all
        .iter()
        .map(|letter| (letter.id, letter.raw.len(), letter.is_cut));
    let expected = [
        (numbers[0], 10, false),
        (numbers[1], 4_096, false),
        (numbers[2], 4_096, true),
    ];
    assert_eq!(kept.collect::<Vec<_>>(), expected);
    assert_eq!(
        bench.store.dead_letters(numbers[0], 1).await.unwrap(),
        all[1..2]
    );
    let again = bench.store.retry_dead_letter(numbers[1]).await.unwrap();
    assert_eq!(again.source, all[1].source);
    let retention = Retention {
        dead_letters: Some(seconds(60)),
        ..Retention::default()
    };
    assert_eq!(
        bench.store.purge(retention, 9).await.unwrap().dead_letters,
        0
    );
    bench.advance(seconds(61)).await;
    let purged = bench.store.purge(retention, 2).await.unwrap();
    assert_eq!((purged.dead_letters, purged.is_more), (2, true));
    assert_eq!(
        bench.store.purge(retention, 2).await.unwrap().dead_letters,
        1
    );
}

/// Events that were said go when they are old; those that were not, and newer ones, stay.
pub async fn old_events_are_removed(bench: Bench) {
    let run = bench.submit([Node::new("a", "r")]).await;
    let lease = bench.claim_one("w").await.lease;
    let said = bench.store.outbox_take(9, seconds(1)).await.unwrap();
    bench.store.outbox_sent(ids(&said)).await.unwrap();
    bench.commit(&lease, ["x"]).await;
    let retention = Retention {
        events: Some(seconds(60)),
        ..Retention::default()
    };
    bench.advance(seconds(60)).await;
    assert_eq!(bench.store.purge(retention, 9).await.unwrap().events, 0);
    bench.advance(seconds(1)).await;
    assert_eq!(bench.store.purge(retention, 9).await.unwrap().events, 2);
    bench.advance(seconds(999)).await;
    assert_eq!(
        bench.store.purge(retention, 9).await.unwrap().events,
        0,
        "not said"
    );
    let left = bench.store.events(run, 0, 9).await.unwrap();
    assert!(matches!(left[0].envelope.message, Message::BatchOk { .. }));
    assert_eq!(left.len(), 1);
}

/// Online, silent and named once, back again, gone.
pub async fn workers_come_are_missed_and_go(bench: Bench) {
    for worker in ["w", "x"] {
        bench.store.announce(announcement(worker)).await.unwrap();
    }
    let first_seen = bench.store.now().await.unwrap();
    bench.advance(seconds(30)).await;
    let request = ExtendRequest {
        worker: "w".into(),
        leases: Vec::new(),
        ttl: TTL,
    };
    bench.store.extend(request).await.unwrap();
    bench.advance(seconds(10)).await;
    let silent = bench.store.mark_silent(seconds(20)).await.unwrap();
    assert_eq!(silent, ["x"]);
    assert!(
        bench
            .store
            .mark_silent(seconds(20))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(bench.store.counts().await.unwrap().workers, 1);
    bench.store.announce(announcement("x")).await.unwrap();
    bench.store.goodbye("w".into()).await.unwrap();
    bench.store.goodbye("nobody".into()).await.unwrap();
    let workers = bench.store.workers().await.unwrap();
    let seen: Vec<_> = workers
        .iter()
        .map(|one| one.announcement.status.as_str())
        .collect();
    assert_eq!(seen, ["offline", "online"]);
    assert!(workers.iter().all(|one| one.first_seen == first_seen));
    let retention = Retention {
        workers: Some(seconds(60)),
        ..Retention::default()
    };
    bench.advance(seconds(61)).await;
    assert_eq!(
        bench.store.purge(retention, 9).await.unwrap().workers,
        1,
        "only who is offline"
    );
    assert_eq!(bench.store.workers().await.unwrap().len(), 1);
}

/// Nodes that no live worker can take are named by what they ask for, also those whose pause is over.
pub async fn nodes_that_nobody_can_take_are_named(bench: Bench) {
    let policy = RetryPolicy::default().backoff(seconds(5));
    let nodes = [
        Node::new("a", "r"),
        Node::new("b", "r").fingerprint("2"),
        Node::new("c", "s").retry(policy),
        Node::new("d", "s"),
        Node::function("f", "noop", Default::default()),
    ];
    bench.submit(nodes).await;
    let since = bench.store.now().await.unwrap();
    let mut offer = announcement("w");
    offer
        .capabilities
        .fingerprints
        .insert("r".into(), "1".into());
    bench.store.announce(offer).await.unwrap();
    let [c, _] = bench.claim("x", ["s"]).await.try_into().unwrap();
    bench
        .store
        .fail(c.lease, Failure::transient("timeout", ""))
        .await
        .unwrap();
    let starving = bench.store.starving().await.unwrap();
    assert_eq!(starving.len(), 1, "what is deferred is not to be taken yet");
    let [b] = starving.try_into().unwrap();
    assert_eq!(
        (b.role.as_str(), b.fingerprint.as_deref()),
        ("r", Some("2"))
    );
    assert_eq!(
        (b.nodes, b.since, b.offered),
        (1, since, vec!["1".to_owned()])
    );
    bench.advance(seconds(6)).await;
    let starving = bench.store.starving().await.unwrap();
    assert_eq!((starving[1].role.as_str(), starving[1].nodes), ("s", 1));
    assert_eq!(starving[1].since, since.after(seconds(5)));
    bench.store.goodbye("w".into()).await.unwrap();
    let starving = bench.store.starving().await.unwrap();
    assert_eq!(starving.len(), 3);
    assert!(starving.iter().all(|one| one.offered.is_empty()));
}
