//! Submitting runs and their input.

use antflow::cluster::graph::{Node, Pull};
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{NewRun, StoreError};

use super::bench::{Bench, artifact, behind, graph};

/// The same run again does nothing, another one under its id is refused.
pub async fn a_run_is_submitted_once(bench: Bench) {
    let mut new = NewRun::new(graph([
        Node::new("a", "r").timeout(std::time::Duration::from_millis(100))
    ]));
    new.params.insert("n".into(), 1.into());
    assert!(bench.store.submit(new.clone()).await.unwrap().is_new);
    let again = bench.store.submit(new.clone()).await.unwrap();
    assert!(!again.is_new && again.effects.is_empty());
    let stored = bench.store.run(new.id.clone()).await.unwrap();
    assert_eq!(
        (stored.state, stored.params),
        (RunState::Running, new.params.clone())
    );
    assert_eq!(
        (stored.graph, stored.cancel_grace),
        (new.graph.clone(), new.cancel_grace)
    );
    new.params.insert("n".into(), 2.into());
    let conflict = bench.store.submit(new.clone()).await;
    assert!(matches!(
        conflict,
        Err(StoreError::Conflict { what: "run", .. })
    ));
    let nowhere = bench.store.run("nowhere".into()).await;
    assert!(matches!(
        nowhere,
        Err(StoreError::NotFound { what: "run", .. })
    ));
    let node = bench.store.node(new.id, "nowhere".into()).await;
    assert!(matches!(
        node,
        Err(StoreError::NotFound { what: "node", .. })
    ));
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
    assert!(
        bench
            .store
            .close_input(run.clone(), "i".into())
            .await
            .unwrap()
            .is_empty()
    );
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
}
