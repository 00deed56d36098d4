//! Workers: who gets what, what they say of themselves, and what they ask of handlers.

use std::collections::BTreeSet;
use std::time::Duration;

use antflow::Cancelled;
use antflow::cluster::graph::{Node, RetryPolicy};
use antflow::cluster::handler::{BatchResult, Finalization};
use antflow::cluster::protocol::{Envelope, Message, Topic};
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::Limits;
use serde_json::{json, to_value};

use super::ground::{Ground, coordinator, patient, quick, worker};
use super::probe::{Gates, gated, hear, until};
use super::turns::alone;
use crate::worker_bench::{Planned, Scripted, node, start};
use crate::{Gauge, millis, seconds, within};

/// C17: each node goes to one of the workers with its role, all of them are used, and none gets nodes of another role.
pub async fn each_node_goes_to_one_worker_of_its_role_and_all_are_used(ground: Ground) {
    let gates = Gates::default();
    let handler = gated(1, &gates);
    let mut workers = Vec::new();
    for id in ["a", "b", "c", "d"] {
        workers.push(ground.worker(id, &handler).await);
    }
    let builder = ground.cluster().await.worker().config(patient("x"));
    let stranger = start(builder.handler("other", Scripted::default)).await;
    let ids: Vec<_> = (0..8).map(|n| format!("n{n}")).collect();
    let run = ground.view().submit(ids.iter().map(|id| node(id))).await;
    // Nothing ends before all are taken: each worker has room for two.
    until(async || workers.iter().all(|worker| worker.stats().claimed == 2)).await;
    for id in &ids {
        gates.open(&format!("{id}/0"));
    }
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    for id in &ids {
        assert_eq!(ground.view().node(&run, id).await.epoch, 1);
    }
    assert_eq!(handler.times("init"), 8);
    assert_eq!(stranger.stats().claimed, 0);
    for worker in workers.iter().chain([&stranger]) {
        worker.shutdown().await;
    }
}

/// C17: no more nodes of a role have a worker at once than the limits allow, over all workers and runs.
pub async fn limits_hold_over_all_workers_and_runs(ground: Ground) {
    let gauge = Gauge::new();
    let limits = Limits {
        global: None,
        roles: [(crate::worker_bench::ROLE.into(), 2)].into(),
    };
    ground.own().set_limits(limits).await.unwrap();
    let inside = gauge.clone();
    let handler = Scripted::counting(1).works(move |batch, _| {
        let inside = inside.enter();
        async move {
            tokio::time::sleep(millis(20)).await;
            drop(inside);
            Ok(BatchResult::new(batch.payload))
        }
    });
    let workers = [
        ground.worker("a", &handler).await,
        ground.worker("b", &handler).await,
        ground.worker("c", &handler).await,
    ];
    let mut runs = Vec::new();
    for _ in 0..12 {
        runs.push(ground.view().submit([node("n")]).await);
    }
    for run in &runs {
        assert_eq!(ground.view().ended(run).await, RunState::Finished);
    }
    assert_eq!((gauge.total(), gauge.peak()), (12, 2));
    for worker in workers {
        worker.shutdown().await;
    }
}

/// C17: a batch that takes ten seconds holds up none of the forty others: with two workers that run one node each,
/// the 39 of a tenth of a second are done long before it, and it ends as if it were alone.
///
/// How long they took is printed: on a machine with nothing else to do, the 39 within 4.5 seconds.
pub async fn one_slow_batch_among_forty_holds_up_no_other_one(ground: Ground) {
    let _turn = alone().await;
    let by_name = Scripted::counting(1).works(|batch, ctx| async move {
        let is_slow = ctx.info().node == "slow";
        tokio::time::sleep(if is_slow { seconds(10) } else { millis(100) }).await;
        Ok(BatchResult::new(batch.payload))
    });
    let (short, slow) = forty(&ground, &by_name).await;
    println!("39 short batches ended after {short:?}, the slow one after {slow:?}");
    assert!(short + seconds(2) < slow, "{short:?} {slow:?}");
}

/// How long it takes, by the store's clock, from the first claim to the last end of 39 short nodes, and to that of a
/// slow one which is the first to be claimed.
async fn forty(ground: &Ground, handler: &Scripted) -> (Duration, Duration) {
    let mut runs = Vec::new();
    for n in 0..40 {
        let id = if n == 0 { "slow" } else { "short" };
        runs.push((id, ground.view().submit([node(id)]).await));
    }
    let mut workers = Vec::new();
    for id in ["a", "b"] {
        let mut config = patient(id);
        config.capacity = 1;
        workers.push(worker(&ground.cluster().await, config, handler).await);
    }
    let (mut begun, mut ended) = (Vec::new(), Vec::new());
    for (id, run) in &runs {
        assert_eq!(ground.view().ended(run).await, RunState::Finished);
        let node = ground.view().node(run, id).await;
        assert_eq!(node.epoch, 1);
        begun.extend(node.started_at);
        ended.extend(node.ended_at);
    }
    for worker in workers {
        worker.shutdown().await;
    }
    let begun = begun.into_iter().min().unwrap();
    let last_of_the_short = ended[1..].iter().max().unwrap();
    (last_of_the_short.since(begun), ended[0].since(begun))
}

/// C18: announcement, health and goodbye have the fields of the guide and are heard by everybody, and a question is
/// answered by each worker.
pub async fn workers_say_who_they_are_how_they_are_and_that_they_leave(ground: Ground) {
    let mut announced = ground.listen(vec![Topic::Announce]).await;
    let mut replies = ground.listen(vec![Topic::Reply]).await;
    let gates = Gates::default();
    let first = ground.worker("worker-1", &gated(1, &gates)).await;
    let second = ground.worker("worker-2", &gated(1, &gates)).await;
    let of = |id: &'static str, kind: &'static str| {
        move |said: &Envelope| match &said.message {
            Message::WorkerOnline(one) | Message::WorkerOffline(one) => {
                said.message.kind() == kind && one.worker == id
            }
            _ => false,
        }
    };
    let said = hear(&mut *announced, of("worker-1", "worker_online")).await;
    let Some(Message::WorkerOnline(online)) = said.last().map(|said| &said.message) else {
        unreachable!("this is what it waited for");
    };
    let expected = json!({
        "worker_id": "worker-1",
        "type": "role",
        "capabilities": { "roles": ["role"], "fingerprints": {} },
        "version": "2.0.0",
        "capacity": { "tasks": 2 },
        "status": "online",
    });
    assert_eq!(to_value(online).unwrap(), expected);
    let workers = ground.own().workers().await.unwrap();
    assert_eq!(workers[0].announcement, *online);

    let run = ground.view().submit([node("n")]).await;
    ground.view().reaches(&run, "n", NodeState::Running).await;
    let query = Envelope::new(Message::Query);
    ground.say(Topic::Query, &query).await;
    let mut answered = BTreeSet::new();
    within(async {
        while answered.len() < 2 {
            let said = hear(&mut *replies, |_| true).await.remove(0);
            assert_eq!(said.corr_id.as_ref(), Some(&query.dedup_id));
            let Message::Reply(health) = said.message else {
                panic!("this is no reply: {said:?}");
            };
            let written = to_value(&health).unwrap();
            assert_eq!(written["roles"], json!(["role"]));
            assert_eq!(written["busy"], json!(false), "it has room for another one");
            answered.insert(health.worker.to_string());
        }
    })
    .await;
    assert_eq!(answered, ["worker-1", "worker-2"].map(str::to_owned).into());
    gates.open("n/0");
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    first.shutdown().await;
    hear(&mut *announced, of("worker-1", "worker_offline")).await;
    let workers = ground.own().workers().await.unwrap();
    let statuses: Vec<_> = workers
        .iter()
        .map(|one| one.announcement.status.as_str())
        .collect();
    assert_eq!(statuses, ["offline", "online"]);
    second.shutdown().await;
}

/// C18: a worker that falls silent counts as offline and is warned of, and so is a role that no worker has; one that
/// is heard of is not.
pub async fn who_falls_silent_counts_as_offline_and_is_warned_of(ground: Ground) {
    let mut inbox = ground.listen(vec![Topic::Warnings]).await;
    let dies = ground.worker("dies", &Scripted::default()).await;
    let lives = ground.worker("lives", &Scripted::default()).await;
    let mut config = quick("c");
    config.heartbeat_soft = seconds(2);
    config.no_worker_after = millis(100);
    let coordinator = coordinator(&ground.cluster().await, config);
    ground.view().submit([Node::new("n", "nobody")]).await;
    // As if its process had died.
    drop(dies);
    let mut codes = BTreeSet::new();
    within(async {
        while codes.len() < 2 {
            let said = hear(&mut *inbox, |_| true).await.remove(0);
            let Message::Warning(warning) = said.message else {
                panic!("this is no warning: {said:?}");
            };
            let about = match warning.code.as_str() {
                "worker_silent" => "`dies`",
                _ => "`nobody`",
            };
            assert!(warning.text.contains(about), "{warning:?}");
            codes.insert(warning.code.to_string());
        }
    })
    .await;
    assert_eq!(
        codes,
        ["no_worker", "worker_silent"].map(str::to_owned).into()
    );
    let workers = ground.own().workers().await.unwrap();
    let statuses: Vec<_> = workers
        .iter()
        .map(|one| one.announcement.status.as_str())
        .collect();
    assert_eq!(statuses, ["offline", "online"]);
    assert_eq!(ground.own().starving().await.unwrap()[0].role, "nobody");
    lives.shutdown().await;
    coordinator.shutdown().await;
}

/// C19: a handler is set up, processes, finalizes and is cleaned up; and is cleaned up after failure and cancellation.
pub async fn a_handler_is_cleaned_up_whatever_becomes_of_its_run(ground: Ground) {
    let handler = Scripted::counting(2)
        .works(|batch, ctx| async move {
            match ctx.info().node.as_str() {
                "fails" => Err(Planned {
                    code: "broken",
                    permanent: true,
                }
                .into()),
                "waits" => {
                    ctx.cancelled().await;
                    Err(Cancelled.into())
                }
                _ => Ok(BatchResult::new(batch.payload)),
            }
        })
        .ends(|ctx| {
            let end = Finalization::default().metric("total_items", ctx.total_processed() as f64);
            Ok(end.result(&json!({ "done": true }))?)
        });
    let worker = ground.worker("w", &handler).await;
    let run = ground.view().submit([node("n")]).await;
    assert_eq!(ground.view().ended(&run).await, RunState::Finished);
    let all = ["init", "batches", "b0", "b1", "finalize", "cleanup"];
    assert_eq!(handler.log.entries(), all);
    let record = ground.view().node(&run, "n").await;
    assert_eq!(record.totals.metrics["total_items"], 2.0);
    assert_eq!(record.result.unwrap().as_str(), r#"{"done":true}"#);

    let run = ground
        .view()
        .submit([node("fails").retry(RetryPolicy::never())])
        .await;
    assert_eq!(ground.view().ended(&run).await, RunState::Failed);
    until(async || handler.times("cleanup") == 2).await;
    let run = ground.view().submit([node("waits")]).await;
    until(async || handler.times("b0") == 3).await;
    ground.own().cancel(&run, "enough").await.unwrap();
    assert_eq!(ground.view().ended(&run).await, RunState::Cancelled);
    until(async || handler.times("cleanup") == 3).await;
    let run = ground.view().submit([node("waits")]).await;
    until(async || handler.times("b0") == 4).await;
    within(worker.shutdown()).await;
    assert_eq!(
        ground.view().node(&run, "waits").await.state,
        NodeState::Ready
    );
    assert_eq!((handler.times("cleanup"), handler.living()), (4, 0));
    assert_eq!(handler.times("finalize"), 1);
}
