use std::time::Duration;

use antflow::BoxError;
use antflow::cluster::graph::{Catalog, Graph, Node, Pull};
use antflow::cluster::state::RunState;
use antflow::cluster::store::{NewArtifact, Payload};
use antflow::cluster::{Cluster, RunKey};
use serde_json::{Map, json};

use super::stream::{MAKE, Plan, TAKE};
use super::work::{ALONE, WORK};
use crate::talk::{Order, Word, Work, now_ns};

/// How many are handed in by one call.
const CHUNK: u64 = 1000;
/// How often it looks whether all is done.
const LOOK: Duration = Duration::from_millis(2);
/// The node that has what is handed in.
const INPUT: &str = "input";

/// Submits runs, one after the other.
pub(super) struct Feeder {
    cluster: Cluster,
    concurrency: u32,
    run: Option<RunKey>,
}

impl Feeder {
    pub(super) fn of(cluster: Cluster, concurrency: u32) -> Self {
        Self {
            cluster,
            concurrency,
            run: None,
        }
    }

    /// Does what it is told, and says what came of it.
    pub(super) async fn obey(&mut self, order: Order) -> Result<Word, BoxError> {
        let began_ns = now_ns();
        let run = match order {
            Order::Feed {
                count,
                work_us,
                shares,
            } => self.feed(count, work_us, shares).await?,
            Order::One => {
                let work = serde_json::to_value(Work::alone())?;
                self.submit([Node::new(ALONE, ALONE).with(WORK, work)])
                    .await?
            }
            Order::Stream { count, pause_us } => self.stream(&Plan { count, pause_us }).await?,
            Order::Settle => return self.settle().await,
        };
        self.run = Some(run);
        Ok(Word::Fed {
            began_ns,
            ended_ns: now_ns(),
        })
    }

    async fn submit(&self, nodes: impl IntoIterator<Item = Node>) -> Result<RunKey, BoxError> {
        let graph = Graph::new(nodes, &Catalog::any())?;
        Ok(self.cluster.submit_graph(graph).await?)
    }

    /// One node reads all of the input; several read equal shares of it.
    async fn feed(&self, count: u64, work_us: u64, shares: u64) -> Result<RunKey, BoxError> {
        let of = u32::try_from(shares)?;
        let share = |index: u32| {
            let pull = Pull::from_nodes([INPUT]);
            let pull = match of {
                1 => pull,
                _ => pull.partition(index, of),
            };
            let name = format!("share{index}");
            let node = Node::new(name.as_str(), name.as_str()).pull(pull);
            node.streaming().concurrency(self.concurrency)
        };
        let nodes = std::iter::once(Node::input(INPUT)).chain((0..of).map(share));
        let run = self.submit(nodes).await?;
        for first in (0..count).step_by(usize::try_from(CHUNK)?) {
            let artifact = |number: u64| {
                Ok(NewArtifact {
                    uid: format!("b{number}").into(),
                    payload: Payload::of(&Work::new(number, work_us))?,
                    meta: Map::new(),
                })
            };
            let chunk = (first..count.min(first + CHUNK)).map(artifact);
            let chunk = chunk.collect::<Result<Vec<_>, BoxError>>()?;
            self.cluster.append_input(&run, INPUT, chunk).await?;
        }
        self.cluster.close_input(&run, INPUT).await?;
        Ok(run)
    }

    async fn stream(&self, plan: &Plan) -> Result<RunKey, BoxError> {
        let make = Node::new(MAKE, MAKE)
            .with("count", json!(plan.count))
            .with("pause_us", json!(plan.pause_us));
        let take = Node::new(TAKE, TAKE).pull(Pull::from_nodes([MAKE]));
        self.submit([make, take.streaming()]).await
    }

    /// Waits until the run that was submitted last has ended.
    async fn settle(&self) -> Result<Word, BoxError> {
        let run = self.run.as_ref().ok_or("there is no run yet")?;
        loop {
            let record = self.cluster.store().run(run.clone()).await?;
            if record.state == RunState::Finished {
                let at_ns = now_ns();
                return Ok(Word::Settled { at_ns });
            }
            if record.state.is_terminal() {
                let status = self.cluster.status(run).await?;
                let failures = status
                    .nodes
                    .iter()
                    .filter_map(|node| node.last_failure.as_ref());
                let failures: Vec<_> = failures.collect();
                return Err(format!("run `{run}` is {:?}: {failures:?}", record.state).into());
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
