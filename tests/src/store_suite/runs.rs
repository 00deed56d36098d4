//! Submitting runs and their input, listing them, and removing them.

use antflow::cluster::RunKey;
use antflow::cluster::graph::{FanIn, Node, Pull};
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{CancelRequest, NewRun, Retention, RunFilter, StoreError};

use super::bench::{Bench, artifact, behind, graph};
use crate::{millis, seconds};

fn is_missing<T>(result: Result<T, StoreError>, missing: &str) -> bool {
    let error = result.err();
    matches!(error, Some(StoreError::NotFound { what, .. }) if what == missing)
}

/// The same run again does nothing, another one under its id is refused.
pub async fn a_run_is_submitted_once(bench: Bench) {
    let mut new = NewRun::new(graph([Node::new("a", "r").timeout(millis(100))]));
    new.params.insert("n".into(), 1.into());
    assert!(bench.store.submit(new.clone()).await.unwrap().is_new);
    let again = bench.store.submit(new.clone()).await.unwrap();
    assert!(!again.is_new && again.effects.is_empty());
    let stored = bench.store.run(new.id.clone()).await.unwrap();
    assert_eq!(
        (stored.state, &stored.params),
        (RunState::Running, &new.params)
    );
    assert_eq!(
        (&stored.graph, stored.cancel_grace),
        (&new.graph, new.cancel_grace)
    );
    new.params.insert("n".into(), 2.into());
    let conflict = bench.store.submit(new.clone()).await;
    assert!(matches!(
        conflict,
        Err(StoreError::Conflict { what: "run", .. })
    ));
    new.params.insert("n".into(), 1.into());
    new.graph = graph([Node::new("a", "r").timeout(millis(200))]);
    assert!(bench.store.submit(new.clone()).await.is_err());
    assert_eq!(bench.said(&new.id, None).await, ["run_started"]);
}

/// What is asked for by an id that nobody has is not there.
pub async fn what_nobody_has_is_not_there(bench: Bench) {
    let run = bench.submit([Node::new("a", "r")]).await;
    let store = &bench.store;
    let nowhere = || RunKey::from("nowhere");
    assert!(is_missing(store.run(nowhere()).await, "run"));
    assert!(is_missing(store.nodes(nowhere()).await, "run"));
    assert!(is_missing(store.events(nowhere(), 0, 9).await, "run"));
    assert!(is_missing(store.node(nowhere(), "a".into()).await, "run"));
    assert!(is_missing(
        store.node(run.clone(), "z".into()).await,
        "node"
    ));
    assert!(is_missing(
        store.close_input(run.clone(), "z".into()).await,
        "node"
    ));
    let append = store.append_input(run.clone(), "z".into(), vec![artifact("1")]);
    assert!(is_missing(append.await, "node"));
    assert!(is_missing(
        store.committed(run.clone(), "z".into(), vec![]).await,
        "node"
    ));
    assert!(is_missing(
        store.batches(run.clone(), "z".into(), None, 9).await,
        "node"
    ));
    let behind = store.batches(run, "a".into(), Some("none".into()), 9);
    assert!(is_missing(behind.await, "batch"));
    let cancel = CancelRequest {
        run: nowhere(),
        reason: String::new(),
        grace: None,
    };
    assert!(is_missing(store.cancel(cancel).await, "run"));
    let filter = RunFilter {
        after: Some(nowhere()),
        ..RunFilter::default()
    };
    assert!(is_missing(store.runs(filter).await, "run"));
    assert!(is_missing(store.retry_dead_letter(7).await, "dead letter"));
}

/// What is there is left out, and a closed node takes nothing new.
pub async fn input_is_appended_once_and_closed(bench: Bench) {
    let read = Node::new("b", "r")
        .pull(Pull::from_nodes(["i"]))
        .streaming();
    let run = bench.submit([Node::input("i"), read]).await;
    let append = |uids: &[&str]| {
        let artifacts = uids.iter().map(|uid| artifact(uid)).collect();
        bench.store.append_input(run.clone(), "i".into(), artifacts)
    };
    let first = append(&["1", "2"]).await.unwrap();
    assert_eq!((first.new, first.last_seq), (2, 2));
    assert_eq!(first.effects.ready[0].node, "b");
    let second = append(&["2", "3"]).await.unwrap();
    assert_eq!((second.new, second.duplicates, second.last_seq), (1, 1, 3));
    bench
        .store
        .close_input(run.clone(), "i".into())
        .await
        .unwrap();
    let again = bench.store.close_input(run.clone(), "i".into()).await;
    assert!(again.unwrap().is_empty());
    assert_eq!(
        append(&["1", "3"]).await.unwrap().duplicates,
        2,
        "all there"
    );
    let late = append(&["3", "4"]).await;
    assert!(matches!(
        late,
        Err(StoreError::WrongState {
            state: "finished",
            ..
        })
    ));
    let page = bench
        .store
        .read_artifacts(behind(&run, "i", 0))
        .await
        .unwrap();
    assert_eq!((page.artifacts.len(), page.is_end), (3, true));
    let node = bench.node(&run, "i").await;
    assert_eq!((node.state, node.totals.batches), (NodeState::Finished, 3));
    assert_eq!(bench.said(&run, Some("i")).await, ["task_done"]);
    let worker = bench
        .store
        .append_input(run.clone(), "b".into(), vec![artifact("1")]);
    assert!(matches!(
        worker.await,
        Err(StoreError::WrongState { state: "ready", .. })
    ));
    let worker = bench.store.close_input(run, "b".into()).await;
    assert!(matches!(worker, Err(StoreError::WrongState { .. })));
}

/// The input of a run that was cancelled is closed for good.
pub async fn cancelled_input_takes_nothing(bench: Bench) {
    let run = bench.submit([Node::input("i")]).await;
    let cancel = CancelRequest {
        run: run.clone(),
        reason: "user_request".into(),
        grace: None,
    };
    bench.store.cancel(cancel).await.unwrap();
    let append = bench
        .store
        .append_input(run.clone(), "i".into(), vec![artifact("1")]);
    assert!(matches!(
        append.await,
        Err(StoreError::WrongState {
            state: "cancelled",
            ..
        })
    ));
    let close = bench.store.close_input(run.clone(), "i".into()).await;
    assert!(matches!(
        close,
        Err(StoreError::WrongState {
            state: "cancelled",
            ..
        })
    ));
}

/// As many parents as were asked for have to come, whichever they are.
pub async fn children_wait_for_as_many_parents_as_asked_for(bench: Bench) {
    for (fan_in, needed) in [(FanIn::Any, 1), (FanIn::Count(2), 2), (FanIn::All, 3)] {
        let mut nodes: Vec<_> = ["a", "b", "c"].map(|id| Node::new(id, "r")).into();
        nodes.push(
            Node::new("z", "s")
                .depends_on(["a", "b", "c"])
                .fan_in(fan_in),
        );
        let run = bench.submit(nodes).await;
        for (done, given) in (1..).zip(bench.claim("w", ["r"]).await) {
            bench.finish(&given.lease).await;
            let is_ready = bench.state(&run, "z").await == NodeState::Ready;
            assert_eq!(is_ready, done >= needed, "{fan_in} after {done}");
        }
        let [z] = bench.claim("w", ["s"]).await.try_into().unwrap();
        bench.finish(&z.lease).await;
    }
}

/// The newest first, page by page, by state; how many nodes are in which state; batches in their order.
pub async fn runs_and_batches_are_listed_in_pages(bench: Bench) {
    let mut runs = Vec::new();
    for _ in 0..5 {
        runs.push(bench.submit([Node::new("a", "r"), Node::input("i")]).await);
    }
    let [first, ..] = bench
        .claim("w", ["r"])
        .await
        .try_into()
        .map(|all: [_; 5]| all)
        .unwrap();
    bench.commit(&first.lease, ["z", "y", "x"]).await;
    bench.finish(&first.lease).await;
    bench
        .store
        .close_input(runs[0].clone(), "i".into())
        .await
        .unwrap();
    let mut filter = RunFilter {
        limit: 2,
        ..RunFilter::default()
    };
    let mut listed = Vec::new();
    loop {
        let page = bench.store.runs(filter.clone()).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.after = Some(last.id.clone());
        listed.extend(page);
    }
    let newest: Vec<_> = runs.iter().rev().collect();
    assert_eq!(listed.iter().map(|run| &run.id).collect::<Vec<_>>(), newest);
    assert_eq!(listed[4].nodes, [("finished".to_owned(), 2)].into());
    assert_eq!(
        listed[0].nodes,
        [("open".into(), 1), ("running".into(), 1)].into()
    );
    let filter = RunFilter {
        states: vec![RunState::Finished, RunState::Failed],
        ..RunFilter::default()
    };
    let finished = bench.store.runs(filter).await.unwrap();
    assert_eq!((finished.len(), &finished[0].id), (1, &runs[0]));
    let counts = bench.store.counts().await.unwrap();
    assert_eq!(
        counts.runs,
        [("finished".into(), 1), ("running".into(), 4)].into()
    );
    assert_eq!(counts.nodes["r"], [("running".to_owned(), 4)].into());

    let batches = |after: Option<&str>, limit| {
        let after = after.map(Into::into);
        bench
            .store
            .batches(runs[0].clone(), "a".into(), after, limit)
    };
    let uids = |page: Vec<antflow::cluster::store::BatchRecord>| -> Vec<String> {
        page.iter().map(|batch| batch.uid.to_string()).collect()
    };
    assert_eq!(uids(batches(None, 2).await.unwrap()), ["z", "y"]);
    assert_eq!(uids(batches(Some("y"), 2).await.unwrap()), ["x"]);
    let nodes = bench.store.nodes(runs[0].clone()).await.unwrap();
    assert_eq!(
        nodes.iter().map(|node| node.place).collect::<Vec<_>>(),
        [0, 1]
    );
}

/// Runs go when their time is over and all was said of them, with all that belongs to them, piece by piece.
pub async fn old_runs_are_removed_whole(bench: Bench) {
    let old = bench.submit([Node::new("a", "r")]).await;
    let lease = bench.claim_one("w").await.lease;
    let uids: Vec<_> = (0..50).map(|n| format!("{n}")).collect();
    let all: [&str; 50] = std::array::from_fn(|n| uids[n].as_str());
    bench.commit(&lease, all).await;
    bench.finish(&lease).await;
    let live = bench.submit([Node::new("a", "r")]).await;
    bench.advance(seconds(100)).await;
    let retention = Retention {
        runs: Some(seconds(60)),
        events: None,
        dead_letters: None,
        workers: None,
    };
    let purged = bench.store.purge(retention, 10).await.unwrap();
    assert_eq!(purged.runs, 0, "not all of it was said");
    let events = bench.store.outbox_take(100, seconds(1)).await.unwrap();
    let ids = events.iter().map(|event| event.id).collect();
    bench.store.outbox_sent(ids).await.unwrap();
    let mut calls = 0;
    loop {
        let purged = bench.store.purge(retention, 10).await.unwrap();
        assert_eq!(purged.runs, u64::from(calls == 0));
        calls += 1;
        if !purged.is_more {
            break;
        }
    }
    assert!(calls > 5, "{calls} calls for more than 100 rows");
    assert!(is_missing(bench.store.run(old.clone()).await, "run"));
    assert_eq!(bench.ended(&live).await.0, RunState::Running);
    assert_eq!(bench.said(&live, None).await, ["run_started"]);
    let mut again = NewRun::new(graph([Node::new("b", "r")]));
    again.id = old.clone();
    assert!(
        bench.store.submit(again).await.unwrap().is_new,
        "its id is free"
    );
    assert_eq!(bench.said(&old, None).await, ["run_started"]);
}
