//! Keeping leases, losing them, and starting again.

use antflow::cluster::graph::{Node, RetryPolicy};
use antflow::cluster::protocol::{Announcement, Capabilities, Capacity};
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{CancelRequest, ExtendRequest, Extended, Lease, ResumeRequest};

use super::bench::{Bench, TTL, commit_of, is_fenced, offers};
use crate::{millis, seconds};

/// What a worker announces that has the role `r`.
pub fn announcement(worker: &str) -> Announcement {
    Announcement {
        worker: worker.into(),
        roles_text: "r".into(),
        capabilities: Capabilities {
            roles: vec!["r".into()],
            fingerprints: Default::default(),
        },
        version: "1".into(),
        capacity: Capacity { tasks: 2 },
        status: "online".into(),
    }
}

fn resume(worker: &str) -> ResumeRequest {
    ResumeRequest {
        worker: worker.into(),
        offers: offers(["r"]),
        ttl: TTL,
    }
}

async fn extend<const N: usize>(bench: &Bench, leases: [&Lease; N], ttl: u64) -> Extended {
    let request = ExtendRequest {
        worker: "w".into(),
        leases: leases.map(Clone::clone).into(),
        ttl: seconds(ttl),
    };
    bench.store.extend(request).await.unwrap()
}

/// Deadlines grow and never shrink; the worker is heard of; each lease that is not held is named.
pub async fn leases_are_extended_and_losses_are_named(bench: Bench) {
    let run = bench
        .submit([Node::new("a", "r"), Node::new("b", "r")])
        .await;
    bench.store.announce(announcement("w")).await.unwrap();
    let [a, b] = bench.claim("w", ["r"]).await.try_into().unwrap();
    bench.advance(seconds(10)).await;
    let now = bench.store.now().await.unwrap();
    assert_eq!(
        extend(&bench, [&a.lease], 5).await.deadline,
        now.after(seconds(5))
    );
    let held = |node: antflow::cluster::store::NodeRecord| node.lease.unwrap().deadline;
    assert_eq!(
        held(bench.node(&run, "a").await),
        a.deadline,
        "it does not go back"
    );
    extend(&bench, [&a.lease], 60).await;
    assert_eq!(held(bench.node(&run, "a").await), now.after(TTL));
    assert_eq!(held(bench.node(&run, "b").await), b.deadline);
    assert_eq!(bench.store.workers().await.unwrap()[0].last_seen, now);

    let of_another = ExtendRequest {
        worker: "x".into(),
        leases: vec![a.lease.clone()],
        ttl: TTL,
    };
    let extended = bench.store.extend(of_another).await.unwrap();
    assert_eq!(extended.lost, std::slice::from_ref(&a.lease));

    bench.finish(&b.lease).await;
    let forged = |change: fn(&mut Lease)| {
        let mut lease = a.lease.clone();
        change(&mut lease);
        lease
    };
    let wrong = [
        b.lease.clone(),
        forged(|lease| lease.epoch = 2),
        forged(|lease| lease.id = "another".into()),
        forged(|lease| lease.worker = "x".into()),
        forged(|lease| lease.node = "nowhere".into()),
        forged(|lease| lease.run = "nowhere".into()),
    ];
    let [w0, w1, w2, w3, w4, w5] = &wrong;
    let extended = extend(&bench, [w0, w1, &a.lease, w2, w3, w4, w5], 60).await;
    assert_eq!(extended.lost, wrong);
    for lease in &wrong[..4] {
        assert!(is_fenced(
            &bench.store.commit(commit_of(lease, ["x"])).await
        ));
    }
}

/// Reaped after its deadline and not at it, shut out, and claimed in the next epoch.
pub async fn a_lease_that_nobody_extends_is_reaped(bench: Bench) {
    let run = bench
        .submit([Node::new("a", "r"), Node::new("b", "r")])
        .await;
    let [lost, kept] = bench.claim("w", ["r"]).await.try_into().unwrap();
    bench.advance(TTL).await;
    assert!(bench.store.reap(10).await.unwrap().0.is_empty(), "not yet");
    extend(&bench, [&kept.lease], 60).await;
    bench.advance(millis(1)).await;
    let now = bench.store.now().await.unwrap();
    assert_eq!(bench.store.next_due().await.unwrap(), Some(now));
    let (reaped, effects) = bench.store.reap(10).await.unwrap();
    assert_eq!(reaped.len(), 1);
    assert_eq!(
        (&reaped[0].lease, reaped[0].state),
        (&lost.lease, NodeState::Ready)
    );
    assert_eq!(
        (effects.ready.len(), effects.ready[0].node.as_str()),
        (1, "a")
    );
    assert!(bench.store.reap(10).await.unwrap().0.is_empty());
    let again = bench.claim_one("x").await;
    assert_eq!((again.lease.epoch, again.record.interruptions), (2, 1));
    let said = bench.said(&run, Some("a")).await;
    assert_eq!(said, ["task_accepted", "lease_expired", "task_accepted"]);
}

/// As many as asked for, those first that are longest overdue.
pub async fn leases_are_reaped_in_pages(bench: Bench) {
    bench
        .submit((0..5).map(|n| Node::new(format!("n{n}"), "r")))
        .await;
    assert_eq!(bench.claim("w", ["r"]).await.len(), 5);
    bench.advance(TTL + TTL).await;
    let mut sizes = Vec::new();
    for _ in 0..4 {
        sizes.push(bench.store.reap(2).await.unwrap().0.len());
    }
    assert_eq!(sizes, [2, 2, 1, 0]);
}

/// A worker that was late and that nobody replaced goes on.
pub async fn a_late_worker_goes_on_unless_it_was_reaped(bench: Bench) {
    let run = bench.submit([Node::new("a", "r")]).await;
    let late = bench.claim_one("w").await.lease;
    bench.advance(TTL + TTL).await;
    bench.commit(&late, ["x"]).await;
    assert!(extend(&bench, [&late], 60).await.lost.is_empty());
    assert!(bench.store.reap(10).await.unwrap().0.is_empty());
    bench.finish(&late).await;
    assert_eq!(bench.ended(&run).await.0, RunState::Finished);
}

/// What kills its workers fails with the code `worker_lost`, and with it the run; progress counts as a new start.
pub async fn a_node_that_loses_its_workers_fails_in_the_end(bench: Bench) {
    let policy = || RetryPolicy::default().max_interruptions(1);
    for is_resumed in [false, true] {
        let nodes = [Node::new("a", "r").retry(policy()), Node::new("b", "s")];
        let run = bench.submit(nodes).await;
        let mut lease = bench.claim_one("w").await.lease;
        for uid in ["x", "y"] {
            bench.advance(TTL + TTL).await;
            bench.store.reap(10).await.unwrap();
            lease = bench.claim_one("w").await.lease;
            bench.commit(&lease, [uid]).await;
            assert_eq!(bench.node(&run, "a").await.interruptions, 0);
        }
        bench.advance(TTL + TTL).await;
        bench.store.reap(10).await.unwrap();
        bench.claim_one("w").await;
        let effects = if is_resumed {
            let (given, effects) = bench.store.resume(resume("w")).await.unwrap();
            assert!(given.is_empty());
            effects
        } else {
            bench.advance(TTL + TTL).await;
            let (reaped, effects) = bench.store.reap(10).await.unwrap();
            assert_eq!(reaped[0].state, NodeState::Failed);
            effects
        };
        assert_eq!(effects.ended[&run], RunState::Failed);
        let reason = Some("node a: worker_lost".to_owned());
        assert_eq!(bench.ended(&run).await, (RunState::Failed, reason));
        assert_eq!(bench.state(&run, "b").await, NodeState::Cancelled);
        let said = bench.said(&run, Some("a")).await;
        assert_eq!(said.last(), Some(&"task_failed"));
        let expired = said.iter().filter(|kind| **kind == "lease_expired").count();
        assert_eq!(expired, if is_resumed { 3 } else { 4 });
        assert!(is_fenced(
            &bench.store.commit(commit_of(&lease, ["z"])).await
        ));
    }
}

/// The same epoch, a new lease, also past the deadline; what it can do no more is given back.
pub async fn a_worker_that_starts_again_goes_on_in_its_epoch(bench: Bench) {
    let run = bench
        .submit([Node::new("a", "r"), Node::new("b", "s")])
        .await;
    let [a, b] = bench.claim("w", ["r", "s"]).await.try_into().unwrap();
    bench.commit(&a.lease, ["x"]).await;
    bench.advance(TTL + TTL).await;
    let (given, effects) = bench.store.resume(resume("w")).await.unwrap();
    let [again] = given.try_into().unwrap();
    assert_eq!((again.lease.node.as_str(), again.lease.epoch), ("a", 1));
    assert_ne!(again.lease.id, a.lease.id);
    assert_eq!(
        (again.record.totals.batches, again.record.interruptions),
        (1, 1)
    );
    let now = bench.store.now().await.unwrap();
    assert_eq!(again.deadline, now.after(TTL));
    assert_eq!(
        (effects.ready.len(), effects.ready[0].node.as_str()),
        (1, "b")
    );
    assert!(is_fenced(
        &bench.store.commit(commit_of(&a.lease, ["y"])).await
    ));
    assert!(is_fenced(
        &bench.store.finish(b.lease, Default::default()).await
    ));
    bench.commit(&again.lease, ["y"]).await;
    let said = bench.said(&run, Some("a")).await;
    assert_eq!(
        said,
        ["task_accepted", "batch_ok", "task_resumed", "batch_ok"]
    );
    let said = bench.said(&run, Some("b")).await;
    assert_eq!(said, ["task_accepted", "task_released"]);
    let others = bench.store.resume(resume("x")).await.unwrap();
    assert!(others.0.is_empty() && others.1.is_empty());
}

/// A worker that starts again hears that its node has to end, and has as long as was left.
pub async fn a_cancelled_node_is_resumed_to_be_ended(bench: Bench) {
    let run = bench.submit([Node::new("a", "r")]).await;
    bench.claim_one("w").await;
    let request = CancelRequest {
        run: run.clone(),
        reason: "user_request".into(),
        grace: Some(seconds(5)),
    };
    bench.store.cancel(request).await.unwrap();
    bench.advance(seconds(2)).await;
    let (given, _) = bench.store.resume(resume("w")).await.unwrap();
    let notice = given[0].cancelling.clone().unwrap();
    assert_eq!((&notice.lease, notice.grace), (&given[0].lease, seconds(3)));
    assert_eq!(given[0].record.interruptions, 0);
    bench.store.cancelled(notice.lease).await.unwrap();
    assert_eq!(bench.ended(&run).await.0, RunState::Cancelled);
}
