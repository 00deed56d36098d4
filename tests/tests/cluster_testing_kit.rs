//! Does the kit for tests do what it says: does each fault really happen, and the same with the same seed?

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use antflow::cluster::bus::{Audience, Bus, BusError, InProcessBus, Inbox, Post};
use antflow::cluster::graph::{Catalog, Graph, Node, Pull};
use antflow::cluster::protocol::{Envelope, Message, Topic};
use antflow::cluster::state::NodeState;
use antflow::cluster::store::{NewRun, QueryStore, SteerStore, StoreError};
use antflow::cluster::testing::{BusFaults, FaultyBus, StoreFaults, TestCluster, numbers};
use antflow::cluster::{RunKey, WorkerKey};
use antflow_tests::worker_bench::{ROLE, Scripted, node};
use antflow_tests::{millis, quiet, seconds};
use futures::FutureExt;
use tokio::time::Instant;

const NONE: BusFaults = BusFaults {
    lost: 0.0,
    repeated: 0.0,
    delayed: 0.0,
    reordered: 0.0,
    longest_delay: seconds(10),
};

/// A bus with these faults, and what is heard of it on this topic.
async fn heard_on(topic: Topic, faults: BusFaults, seed: u64) -> (FaultyBus, Box<dyn Inbox>) {
    let bus = FaultyBus::over(Arc::new(InProcessBus::new()), seed);
    bus.set_faults(faults);
    let inbox = bus.subscribe(vec![topic], Audience::Each).await;
    (bus, inbox.expect("the bus is open"))
}

fn post(topic: Topic, number: usize) -> Post {
    let envelope = Envelope::new(Message::Query).about(RunKey::from(number.to_string()), "n");
    Post::new(topic, &envelope)
}

async fn say(bus: &FaultyBus, count: usize) {
    for number in 0..count {
        let said = bus.publish(post(Topic::Query, number)).await;
        said.expect("it is taken, whatever becomes of it");
    }
}

/// The numbers of what has arrived.
fn arrived(inbox: &mut dyn Inbox) -> Vec<usize> {
    let mut all = Vec::new();
    while let Some(Some(Ok(post))) = inbox.next().now_or_never() {
        let run = Envelope::decode(&post.bytes).expect("it is ours").run;
        let run = run.expect("it is about a run").to_string();
        all.push(run.parse().expect("its name is a number"));
    }
    all
}

#[tokio::test(start_paused = true)]
async fn posts_are_lost_repeated_late_or_behind_the_next_one() {
    let lost = BusFaults { lost: 1.0, ..NONE };
    let (bus, mut inbox) = heard_on(Topic::Query, lost, 1).await;
    say(&bus, 5).await;
    tokio::time::sleep(seconds(60)).await;
    assert!(arrived(&mut *inbox).is_empty());
    assert_eq!((bus.counts().asked, bus.counts().lost), (5, 5));

    let repeated = BusFaults {
        repeated: 1.0,
        ..NONE
    };
    let (bus, mut inbox) = heard_on(Topic::Query, repeated, 1).await;
    say(&bus, 2).await;
    assert_eq!(arrived(&mut *inbox), [0, 0, 1, 1]);
    assert_eq!(bus.counts().repeated, 2);

    let delayed = BusFaults {
        delayed: 1.0,
        ..NONE
    };
    let (bus, mut inbox) = heard_on(Topic::Query, delayed, 1).await;
    say(&bus, 100).await;
    quiet().await;
    let at_once = arrived(&mut *inbox).len();
    tokio::time::sleep(seconds(5)).await;
    let halfway = arrived(&mut *inbox).len();
    tokio::time::sleep(seconds(5)).await;
    assert!(
        at_once < 5 && halfway > 20,
        "{at_once} at once, {halfway} halfway"
    );
    assert_eq!(at_once + halfway + arrived(&mut *inbox).len(), 100);

    let reordered = BusFaults {
        reordered: 1.0,
        ..NONE
    };
    let (bus, mut inbox) = heard_on(Topic::Query, reordered, 1).await;
    say(&bus, 5).await;
    assert_eq!(arrived(&mut *inbox), [1, 0, 3, 2]);
    tokio::time::sleep(millis(9_900)).await;
    assert!(arrived(&mut *inbox).is_empty(), "it waits for the next one");
    tokio::time::sleep(millis(200)).await;
    assert_eq!(arrived(&mut *inbox), [4], "which does not come");
    assert_eq!(bus.counts().reordered, 3);
}

#[tokio::test(start_paused = true)]
async fn faults_are_those_of_their_topic_and_refusals_are_errors() {
    let (bus, mut inbox) = heard_on(Topic::Query, NONE, 1).await;
    bus.set_faults_on(Topic::Query, BusFaults { lost: 1.0, ..NONE });
    let mut others = bus
        .subscribe(vec![Topic::Reply], Audience::Each)
        .await
        .unwrap();
    say(&bus, 3).await;
    bus.publish(post(Topic::Reply, 7)).await.unwrap();
    assert!(arrived(&mut *inbox).is_empty());
    assert_eq!(arrived(&mut *others), [7]);

    bus.refuse(Topic::Reply, 1);
    let refused = bus.publish(post(Topic::Reply, 8)).await;
    assert!(matches!(refused, Err(BusError::Unavailable { .. })));
    bus.publish(post(Topic::Reply, 9)).await.unwrap();
    assert_eq!(arrived(&mut *others), [9]);
    assert_eq!(bus.asked(&Topic::Reply).len(), 3);
    assert_eq!(bus.counts().refused, 1);

    bus.panic(1);
    let panics = AssertUnwindSafe(bus.publish(post(Topic::Reply, 10))).catch_unwind();
    assert!(panics.await.is_err());
    bus.publish(post(Topic::Reply, 11)).await.unwrap();
}

/// What is heard in the end, with some of each fault.
async fn outcome(seed: u64, has_others: bool) -> Vec<usize> {
    let faults = BusFaults {
        lost: 0.2,
        repeated: 0.2,
        delayed: 0.2,
        reordered: 0.2,
        longest_delay: seconds(10),
    };
    let (bus, mut inbox) = heard_on(Topic::Query, faults, seed).await;
    for number in 0..200 {
        if has_others {
            bus.publish(post(Topic::Reply, number))
                .await
                .expect("it works");
        }
        bus.publish(post(Topic::Query, number))
            .await
            .expect("it works");
        tokio::time::sleep(millis(100)).await;
    }
    tokio::time::sleep(seconds(60)).await;
    arrived(&mut *inbox)
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_has_the_same_faults_whatever_is_said_elsewhere() {
    let first = outcome(3, false).await;
    assert_eq!(outcome(3, false).await, first);
    assert_eq!(outcome(3, true).await, first);
    assert_ne!(outcome(4, false).await, first);
    assert!(!first.is_sorted(), "some came late");
}

fn graph() -> Graph {
    let reads = node("n").pull(Pull::from_nodes(["in"]));
    Graph::new([Node::input("in"), reads], &Catalog::any()).expect("this is a graph")
}

#[tokio::test(start_paused = true)]
async fn the_store_is_away_before_or_after_it_has_done_what_it_should() {
    let cluster = TestCluster::new().unwrap();
    let store = cluster.faulty_store();
    let new = NewRun::new(graph());
    store.refuse("submit", 1);
    let refused = store.submit(new.clone()).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })));
    let run = store.run(new.id.clone()).await;
    assert!(matches!(run, Err(StoreError::NotFound { .. })));

    store.lose_answers("submit", 1);
    let unheard = store.submit(new.clone()).await;
    assert!(matches!(unheard, Err(StoreError::Unavailable { .. })));
    assert!(store.run(new.id.clone()).await.is_ok(), "it took effect");
    assert!(!store.submit(new.clone()).await.unwrap().is_new);
    assert_eq!(store.asked("submit"), 3);

    store.refuse("counts", u64::MAX);
    assert!(store.counts().await.is_err() && store.counts().await.is_err());
    store.heal("counts");
    assert!(store.counts().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn operations_begin_late_or_their_answers_are_old() {
    let cluster = TestCluster::new().unwrap();
    let store = cluster.faulty_store();
    let run = cluster.submit_graph(graph()).await.unwrap();
    let look = |by: &'static str| {
        match by {
            "delay" => store.delay("node", seconds(5)),
            _ => store.delay_answers("node", seconds(5)),
        }
        store.node(run.clone(), "in".into())
    };
    let begun = Instant::now();
    let (old, appended) = tokio::join!(look("answer"), async {
        tokio::time::sleep(seconds(1)).await;
        cluster.append_input(&run, "in", numbers(0..1)).await
    });
    drop(appended.unwrap());
    assert_eq!(old.unwrap().totals.artifacts, 0, "it was read before");
    assert!(begun.elapsed() >= seconds(5));

    store.heal("node");
    let (new, appended) = tokio::join!(look("delay"), async {
        tokio::time::sleep(seconds(1)).await;
        cluster.append_input(&run, "in", numbers(1..2)).await
    });
    drop(appended.unwrap());
    assert_eq!(new.unwrap().totals.artifacts, 2, "it was read afterwards");
}

/// Which of many calls fail.
async fn failures(seed: u64, faults: StoreFaults) -> Vec<bool> {
    let cluster = TestCluster::seeded(seed).expect("it works");
    cluster.faulty_store().fail_at_random(faults);
    let mut failed = Vec::new();
    for _ in 0..300 {
        failed.push(cluster.faulty_store().now().await.is_err());
    }
    failed
}

#[tokio::test(start_paused = true)]
async fn the_store_fails_at_random_as_often_as_it_should_and_by_its_seed() {
    let faults = StoreFaults {
        refused: 0.1,
        unheard: 0.1,
        delayed: 0.5,
        longest_delay: seconds(1),
    };
    let begun = Instant::now();
    let first = failures(1, faults).await;
    assert!(begun.elapsed() >= seconds(30), "half of them are late");
    let count = first.iter().filter(|failed| **failed).count();
    assert!((30..=90).contains(&count), "{count} of 300");
    assert_eq!(failures(1, faults).await, first);
    assert_ne!(failures(2, faults).await, first);
    let none = failures(1, StoreFaults::default()).await;
    assert!(none.iter().all(|failed| !failed));
}

#[tokio::test]
#[should_panic(expected = "no store has an operation `comit`, did you mean `commit`")]
async fn an_operation_that_there_is_not_is_named() {
    let cluster = TestCluster::new().unwrap();
    cluster.faulty_store().refuse("comit", 1);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "it is running, `in` is open, `n` is ready")]
async fn who_waits_in_vain_is_told_how_the_run_is() {
    let cluster = TestCluster::new().unwrap().with_patience(seconds(60));
    let graph = Graph::new([Node::input("in"), node("n")], &Catalog::any()).unwrap();
    let run = cluster.submit_graph(graph).await.unwrap();
    cluster.ended(&run).await;
}

/// A run of ten numbers that has ended.
async fn ended() -> (TestCluster, RunKey) {
    let cluster = TestCluster::new().expect("it works");
    let run = cluster.submit_graph(graph()).await.expect("it works");
    cluster
        .append_input(&run, "in", numbers(0..10))
        .await
        .expect("it works");
    cluster.close_input(&run, "in").await.expect("it works");
    let worker = cluster.worker("w").handler(ROLE, Scripted::default);
    let worker = worker
        .build()
        .expect("it works")
        .start()
        .await
        .expect("it works");
    assert_eq!(*worker.id(), WorkerKey::from("w"));
    let status = cluster.ended(&run).await;
    assert_eq!(
        status.node("n").expect("it works").state,
        NodeState::Finished
    );
    worker.shutdown().await;
    (cluster, run)
}

#[tokio::test(start_paused = true)]
async fn what_is_there_as_it_should_be_is_not_complained_about() {
    let (cluster, run) = ended().await;
    cluster.assert_outputs(&run, "n", (0..10).rev()).await;
    let uids = (0..10).map(|n| format!("in/{n}"));
    cluster.assert_each_batch_once(&run, "n", uids).await;
    assert_eq!(cluster.all_artifacts(&run, "n").await.unwrap().len(), 10);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "the outputs of node `n`: 1 is missing: 10; 1 is too much: 3")]
async fn outputs_that_are_missing_or_too_much_are_named() {
    let (cluster, run) = ended().await;
    let expected = (0..=10).filter(|n| *n != 3);
    cluster.assert_outputs(&run, "n", expected).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "the batches of node `n`: 2 are missing: in/10, in/11")]
async fn batches_that_are_missing_are_named() {
    let (cluster, run) = ended().await;
    let uids = (0..12).map(|n| format!("in/{n}"));
    cluster.assert_each_batch_once(&run, "n", uids).await;
}
