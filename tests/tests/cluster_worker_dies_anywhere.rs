//! Is the effect of every batch there once, wherever workers die?

use antflow::cluster::graph::{Node, Pull};
use antflow::cluster::handler::BatchResult;
use antflow::cluster::state::RunState;
use antflow::cluster::store::SteerStore;
use antflow_tests::worker_bench::{ROLE, Scripted, WorkerBench, node};
use antflow_tests::{millis, seconds};
use serde_json::json;

/// Numbers that are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_or_doubled_when_workers_die_at_any_moment() {
    const ALL: u64 = 2_000;
    let bench = WorkerBench::new();
    let handler = Scripted::counting(ALL).works(|batch, ctx| async move {
        tokio::time::sleep(millis(1)).await;
        let lists = ctx.artifacts();
        lists.upsert_partial(
            batch.uid.clone(),
            json!({ "items": [batch.payload, batch.payload] }),
        )?;
        Ok(BatchResult::new(batch.payload).metric("items", 1.0))
    });
    let read = |id: &str, from: &str| node(id).pull(Pull::from_nodes([from])).streaming();
    let halves = Pull::from_nodes(["first"]).rechunk(1, "items");
    let run = bench
        .submit([
            Node::new("first", ROLE).concurrency(3),
            read("second", "first").concurrency(2),
            node("halves").pull(halves).streaming(),
        ])
        .await;
    let mut dice = Dice(7);
    let mut deaths = 0;
    while !bench.run(&run).await.state.is_terminal() {
        let worker = bench.worker("w", &handler).await;
        for operation in ["commit", "finish", "read_artifacts", "committed"] {
            match dice.below(6) {
                0 => bench.store.refuse(operation, dice.below(3)),
                1 => bench.store.lose_answers(operation, dice.below(3)),
                _ => bench.store.heal(operation),
            }
        }
        tokio::time::sleep(millis(dice.below(120))).await;
        drop(worker);
        deaths += 1;
        if dice.below(5) == 0 {
            // It is replaced when its leases are over.
            tokio::time::sleep(seconds(61)).await;
            let (_, effects) = bench.store.reap(10).await.unwrap();
            drop(effects);
        }
    }
    assert_eq!(bench.run(&run).await.state, RunState::Finished);
    assert!(deaths > 30, "{deaths}");
    for operation in ["read_artifacts", "committed"] {
        bench.store.heal(operation);
    }
    for (id, expected) in [("first", ALL), ("second", ALL), ("halves", 2 * ALL)] {
        let record = bench.node(&run, id).await;
        assert_eq!(record.totals.batches, expected, "{id}");
        let sum = record.totals.metrics["items"];
        assert_eq!(sum.to_string(), expected.to_string(), "{id}");
        let artifacts = bench.artifacts(&run, id).await;
        assert_eq!(artifacts.len() as u64, expected, "{id}");
        assert!(
            artifacts
                .iter()
                .map(|artifact| artifact.seq)
                .eq(1..=expected),
            "{id}"
        );
    }
    let mut numbers: Vec<u64> = Vec::new();
    for output in bench.outputs(&run, "second").await {
        numbers.push(output.parse().unwrap());
    }
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..ALL));
}
