//! Events: all of them are said, however bus, store and coordinators fail; and coordinators come and go.

use std::cell::Cell;
use std::time::Duration;

use antflow::cluster::RunKey;
use antflow::cluster::coordinator::FunctionCall;
use antflow::cluster::graph::Node;
use antflow::cluster::protocol::{Envelope, Topic};
use antflow::cluster::state::RunState;
use antflow::cluster::store::{DeadLetterSource, Finish, OutboxRetry};
use serde_json::Map;

use super::ground::{Ground, coordinator, quick};
use super::probe::{Gates, gated, hear, rest, until};
use crate::coordinator_bench::status;
use crate::worker_bench::{ROLE, Scripted, node};
use crate::{Log, millis, seconds, within};

fn kinds(said: &[Envelope]) -> Vec<&'static str> {
    said.iter().map(|said| said.message.kind()).collect()
}

fn is(kind: &'static str, run: &RunKey) -> impl Fn(&Envelope) -> bool {
    move |said| said.message.kind() == kind && said.run.as_ref() == Some(run)
}

/// A run without a worker: `run_started` is said of it and nothing else.
async fn silent_run(ground: &Ground) -> RunKey {
    ground.view().submit([Node::new("n", "nobody")]).await
}

/// C8: an event that the bus refuses is said again with growing pauses, and later ones of its node behind it.
pub async fn an_event_that_the_bus_refuses_is_said_again_before_those_behind_it(ground: Ground) {
    let worker = ground.worker("w", &Scripted::counting(3)).await;
    let run = ground.view().submit([node("n")]).await;
    ground.view().ended(&run).await;
    worker.shutdown().await;
    let mut inbox = ground.listen(vec![status(ROLE), Topic::Runs]).await;
    let faulty = ground.faulty().await;
    faulty.bus.refuse(status(ROLE), 3);
    let mut config = quick("c");
    // So long do later ones wait until they are taken again.
    config.outbox_hold = seconds(1);
    let coordinator = coordinator(&faulty.cluster, config);
    let said = hear(&mut *inbox, is("task_done", &run)).await;
    let (others, asked) = (
        faulty.bus.asked(&Topic::Runs),
        faulty.bus.asked(&status(ROLE)),
    );
    assert!(others[0] < asked[3], "others do not wait");
    let of_node: Vec<_> = said
        .into_iter()
        .filter(|said| said.node.is_some())
        .collect();
    let of_node: Vec<_> = kinds(&of_node)
        .into_iter()
        .filter(|kind| *kind != "task_heartbeat")
        .collect();
    let order = [
        "task_accepted",
        "batch_ok",
        "batch_ok",
        "batch_ok",
        "task_done",
    ];
    assert_eq!(of_node, order);
    let pauses: Vec<_> = asked
        .windows(2)
        .take(3)
        .map(|pair| pair[1] - pair[0])
        .collect();
    // Twenty, forty and eighty milliseconds at least: how much more is the machine's.
    assert!(
        pauses[1] >= millis(40) && pauses[2] >= millis(80),
        "{pauses:?}"
    );
    assert_eq!(coordinator.stats().unsaid, 3);
    coordinator.shutdown().await;
}

/// C8: an event that the bus never takes becomes a dead letter with its reason, which somebody is warned of, and can
/// be tried again.
pub async fn an_event_that_the_bus_never_takes_is_a_dead_letter_and_can_be_tried_again(
    ground: Ground,
) {
    let mut inbox = ground.listen(vec![Topic::Runs, Topic::Warnings]).await;
    let faulty = ground.faulty().await;
    faulty.bus.refuse(Topic::Runs, 4);
    let run = silent_run(&ground).await;
    let mut config = quick("c");
    config.outbox_retry = OutboxRetry {
        max: 4,
        ..config.outbox_retry
    };
    let coordinator = coordinator(&faulty.cluster, config);
    until(async || !ground.own().dead_letters(0, 10).await.unwrap().is_empty()).await;
    let letters = ground.own().dead_letters(0, 10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert!(matches!(letters[0].source, DeadLetterSource::Outbox(_)));
    assert_eq!(letters[0].code, "outbox_exhausted");
    assert!(
        letters[0].reason.contains("as planned"),
        "{}",
        letters[0].reason
    );
    let said = hear(&mut *inbox, |said| said.message.kind() == "warning").await;
    assert_eq!(kinds(&said), ["warning"]);
    ground.own().retry_dead_letter(letters[0].id).await.unwrap();
    hear(&mut *inbox, is("run_started", &run)).await;
    coordinator.shutdown().await;
}

/// C8: an event that was said, which nobody could note, is said again by another coordinator, and known by its id.
pub async fn an_event_that_nobody_could_note_is_said_twice_and_known_by_its_id(ground: Ground) {
    let mut inbox = ground.listen(vec![Topic::Runs]).await;
    let run = silent_run(&ground).await;
    let faulty = ground.faulty().await;
    faulty.store.refuse("outbox_sent", u64::MAX);
    let mut config = quick("first");
    config.outbox_hold = millis(300);
    let first = coordinator(&faulty.cluster, config);
    let once = hear(&mut *inbox, is("run_started", &run)).await;
    // As if its process had died in between.
    drop(first);
    let second = ground.coordinator("second").await;
    let twice = hear(&mut *inbox, is("run_started", &run)).await;
    assert_eq!(once[0].dedup_id, twice[0].dedup_id);
    until(async || ground.own().counts().await.unwrap().outbox == 0).await;
    second.shutdown().await;
}

/// C8: a store that is away for a while loses no event and no command, and ends no loop.
pub async fn a_store_that_is_away_loses_nothing_and_ends_no_loop(ground: Ground) {
    let mut inbox = ground.listen(vec![Topic::Runs]).await;
    let faulty = ground.faulty().await;
    for operation in [
        "outbox_take",
        "next_due",
        "claim",
        "starving",
        "mark_silent",
        "resume",
    ] {
        faulty.store.refuse(operation, 3);
    }
    let coordinator = coordinator(&faulty.cluster, quick("c"));
    let handler = Scripted::counting(2);
    let worker =
        super::ground::worker(&faulty.cluster, super::ground::patient("w"), &handler).await;
    let nodes = [
        node("n"),
        Node::function("f", "noop", Map::new()).depends_on(["n"]),
    ];
    let run = ground.view().submit(nodes).await;
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    let said = hear(&mut *inbox, is("run_ended", &run)).await;
    assert_eq!(kinds(&said), ["run_started", "run_ended"]);
    until(async || coordinator.stats().store_errors >= 6).await;
    worker.shutdown().await;
    coordinator.shutdown().await;
}

/// C15: what happens while no coordinator runs is said by the next one, and nothing of it is left.
pub async fn what_happens_while_no_coordinator_runs_is_said_by_the_next_one(ground: Ground) {
    let first = ground.coordinator("first").await;
    first.shutdown().await;
    let worker = ground.worker("w", &Scripted::counting(2)).await;
    let run = ground.view().submit([node("n")]).await;
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    let mut inbox = ground.listen(vec![Topic::Runs]).await;
    let second = ground.coordinator("second").await;
    let said = hear(&mut *inbox, is("run_ended", &run)).await;
    assert_eq!(kinds(&said), ["run_started", "run_ended"]);
    second.shutdown().await;
    let left = ground
        .store()
        .outbox_take(10, Duration::ZERO)
        .await
        .unwrap();
    assert!(left.is_empty(), "{left:?}");
    worker.shutdown().await;
}

/// C15: coordinators that die and start again, under the same id and others, leave healthy runs in their epochs.
pub async fn coordinators_that_start_again_leave_healthy_runs_in_their_epoch(ground: Ground) {
    let gates = Gates::default();
    let worker = ground.worker("w", &gated(4, &gates)).await;
    let nodes = [node("n"), node("m").depends_on(["n"])];
    let run = ground.view().submit(nodes).await;
    for (batch, id) in ["a", "a", "b"].into_iter().enumerate() {
        let coordinator = ground.coordinator(id).await;
        gates.open(&format!("n/{batch}"));
        let done = batch as u64 + 1;
        ground
            .view()
            .wait_for(&run, "n", |node| node.totals.batches == done)
            .await;
        // Dropped: as if its process had died.
        drop(coordinator);
    }
    for gate in ["n/3", "m/0", "m/1", "m/2", "m/3"] {
        gates.open(gate);
    }
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    for id in ["n", "m"] {
        let node = ground.view().node(&run, id).await;
        assert_eq!((node.epoch, node.interruptions), (1, 0), "{id}");
    }
    worker.shutdown().await;
}

/// C15: several coordinators say each event once, and run each function once.
pub async fn several_coordinators_say_each_event_and_run_each_function_once(ground: Ground) {
    let mut inbox = ground.listen(vec![Topic::Runs]).await;
    let calls: Log<RunKey> = Log::new();
    let mut coordinators = Vec::new();
    for id in ["a", "b", "c"] {
        let calls = calls.clone();
        let builder = ground.cluster().await.coordinator().config(quick(id));
        let builder = builder.function("note", move |call: FunctionCall| {
            let calls = calls.clone();
            async move {
                calls.push(call.run().clone());
                Ok(Finish::default())
            }
        });
        coordinators.push(crate::coordinator_bench::start(builder));
    }
    let mut runs = Vec::new();
    for _ in 0..20 {
        let function = Node::function("f", "note", Map::new());
        runs.push(ground.view().submit([function]).await);
    }
    for run in &runs {
        assert_eq!(ground.view().ended(run).await, RunState::Finished);
        assert_eq!(ground.view().node(run, "f").await.epoch, 1);
    }
    let mut called = calls.entries();
    called.sort();
    assert_eq!(called, runs);
    until(async || ground.own().counts().await.unwrap().outbox == 0).await;
    let heard = Cell::new(0);
    let said = hear(&mut *inbox, |_| heard.replace(heard.get() + 1) == 39).await;
    for kind in ["run_started", "run_ended"] {
        let of_kind = said.iter().filter(|said| said.message.kind() == kind);
        let mut about: Vec<_> = of_kind.filter_map(|said| said.run.clone()).collect();
        about.sort();
        assert_eq!(about, runs, "{kind}");
    }
    assert!(rest(&mut *inbox).await.is_empty(), "each was said once");
    within(async {
        for coordinator in coordinators {
            coordinator.shutdown().await;
        }
    })
    .await;
}
