//! A bus that loses, repeats, delays and reorders, in front of the engine's own.

use antflow::cluster::graph::{Node, Pull};
use antflow::cluster::handler::{BatchResult, Finalization};
use antflow::cluster::protocol::{Envelope, Message, Topic};
use antflow::cluster::state::RunState;
use antflow::cluster::testing::{BusCounts, BusFaults, FaultyBus};
use antflow::cluster::worker::WorkerConfig;
use antflow::cluster::{NodeId, RunKey};
use serde_json::{Map, json};

use super::ground::{Ground, coordinator, patient, quick, worker};
use super::probe::{hear, rest, until};
use crate::worker_bench::{Scripted, node};
use crate::{Log, millis};

const BATCHES: u64 = 20;

/// A stream with a merge and a function: `first` makes batches, `left` and `right` read it while it runs, `both` is
/// what they wrote, and `last` reads that.
fn nodes() -> Vec<Node> {
    let reads = |id: &str, from: &str| node(id).pull(Pull::from_nodes([from]));
    let from = Map::from_iter([("from_nodes".to_owned(), json!(["left", "right"]))]);
    vec![
        node("first").concurrency(2),
        reads("left", "first").streaming(),
        reads("right", "first").streaming(),
        Node::function("both", "merge.generic", from).depends_on(["left", "right"]),
        reads("last", "both"),
    ]
}

/// Makes batches in `first`, passes on what it reads elsewhere, and notes what it has ended.
fn handler(ended: &Log<(RunKey, NodeId)>) -> Scripted {
    let ended = ended.clone();
    Scripted::default()
        .makes(|_| (0..BATCHES).map(|n| (format!("b{n}"), json!(n))).collect())
        .works(|batch, _| async move {
            tokio::time::sleep(millis(5)).await;
            Ok(BatchResult::new(batch.payload).metric("count", 1.0))
        })
        .ends(move |ctx| {
            ended.push((ctx.info().run.clone(), ctx.info().node.clone()));
            Ok(Finalization::default())
        })
}

/// Runs the graph several times at once, with everybody behind a bus that has these faults, and looks whether all is
/// exact. Gives what became of the posts.
async fn survive(ground: &Ground, faults: BusFaults) -> BusCounts {
    let ended = Log::new();
    let handler = handler(&ended);
    let (mut workers, mut coordinators, mut buses) = (Vec::new(), Vec::new(), Vec::new());
    for id in ["v", "w"] {
        let faulty = ground.faulty().await;
        faulty.bus.set_faults(faults);
        workers.push(worker(&faulty.cluster, patient(id), &handler).await);
        buses.push(faulty.bus);
    }
    for id in ["c", "d"] {
        let faulty = ground.faulty().await;
        faulty.bus.set_faults(faults);
        coordinators.push(coordinator(&faulty.cluster, quick(id)));
        buses.push(faulty.bus);
    }
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.push(ground.view().submit(nodes()).await);
    }
    for run in &runs {
        assert_eq!(ground.view().ended(run).await, RunState::Finished);
        for (id, times) in [
            ("first", 1),
            ("left", 1),
            ("right", 1),
            ("both", 2),
            ("last", 2),
        ] {
            let node = ground.view().node(run, id).await;
            assert_eq!(node.epoch, 1, "`{id}` was taken once");
            let outputs = ground.view().outputs(run, id).await;
            let mut outputs: Vec<u64> = outputs.iter().map(|n| n.parse().unwrap()).collect();
            outputs.sort_unstable();
            let expected = (0..BATCHES).flat_map(|n| (0..times).map(move |_| n));
            assert!(outputs.iter().copied().eq(expected), "{id}: {outputs:?}");
        }
        let last = ground.view().node(run, "last").await;
        assert_eq!(last.totals.metrics["count"], 2.0 * 20.0);
    }
    let mut ended = ended.entries();
    ended.sort();
    let all = ended.len();
    ended.dedup();
    assert_eq!((all, ended.len()), (12, 12), "each was ended once");
    for worker in workers {
        worker.shutdown().await;
    }
    for coordinator in coordinators {
        coordinator.shutdown().await;
    }
    buses
        .iter()
        .map(FaultyBus::counts)
        .fold(BusCounts::default(), |mut sum, counts| {
            sum.asked += counts.asked;
            sum.lost += counts.lost;
            sum.repeated += counts.repeated;
            sum.delayed += counts.delayed;
            sum.reordered += counts.reordered;
            sum
        })
}

/// C6: a bus that repeats everything starts nothing twice, and changes no number.
pub async fn a_bus_that_repeats_everything_starts_nothing_twice(ground: Ground) {
    let all = BusFaults {
        repeated: 1.0,
        ..BusFaults::default()
    };
    let counts = survive(&ground, all).await;
    assert!(
        counts.asked > 50 && counts.repeated == counts.asked,
        "{counts:?}"
    );
}

/// C6: a bus that loses everything holds up nothing for good, and changes no number.
pub async fn a_bus_that_loses_everything_holds_up_nothing_for_good(ground: Ground) {
    let all = BusFaults {
        lost: 1.0,
        ..BusFaults::default()
    };
    let counts = survive(&ground, all).await;
    assert!(
        counts.asked > 50 && counts.lost == counts.asked,
        "{counts:?}"
    );
}

/// C6: posts that are lost, repeated, late and out of order change no number.
pub async fn posts_that_are_late_and_out_of_order_change_no_number(ground: Ground) {
    let some = BusFaults {
        lost: 0.2,
        repeated: 0.3,
        delayed: 0.5,
        reordered: 0.5,
        longest_delay: millis(500),
    };
    let counts = survive(&ground, some).await;
    let happened = [
        counts.lost,
        counts.repeated,
        counts.delayed,
        counts.reordered,
    ];
    assert!(happened.iter().all(|times| *times > 5), "{counts:?}");
}

/// C7: a question that comes again is answered once, as long as the worker remembers it: until so many others came, or
/// its time is over.
pub async fn a_message_that_comes_again_is_known_until_it_is_forgotten(ground: Ground) {
    let mut replies = ground.listen(vec![Topic::Reply]).await;
    let questions: Vec<_> = (0..4).map(|_| Envelope::new(Message::Query)).collect();
    let short = WorkerConfig {
        dedup_ttl: millis(1),
        ..patient("short")
    };
    let small = WorkerConfig {
        dedup_cache_size: 2,
        ..patient("small")
    };
    for (config, asked, answered) in [
        // The first one is forgotten when the third one comes.
        (small, vec![0, 0, 1, 0, 2, 0, 3], vec![0, 1, 2, 0, 3]),
        (short, vec![0, 0, 3], vec![0, 0, 3]),
    ] {
        let worker = worker(&ground.cluster().await, config, &Scripted::default()).await;
        for question in asked {
            let heard = worker.stats().messages;
            ground.say(Topic::Query, &questions[question]).await;
            until(async || worker.stats().messages > heard).await;
            tokio::time::sleep(millis(5)).await;
        }
        let last = Some(&questions[3].dedup_id);
        let mut said = hear(&mut *replies, |said| said.corr_id.as_ref() == last).await;
        said.extend(rest(&mut *replies).await);
        let corr: Vec<_> = said.into_iter().map(|said| said.corr_id).collect();
        let expected: Vec<_> = answered
            .into_iter()
            .map(|n: usize| Some(questions[n].dedup_id.clone()))
            .collect();
        assert_eq!(corr, expected);
        worker.shutdown().await;
    }
}
