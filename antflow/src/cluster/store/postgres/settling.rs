//! What follows for others from a change, written in the same transaction.

use std::time::Duration;

use tokio_postgres::Row;

use super::fault::Done;
use super::nodes::{NodeRow, read_all, read_progress, select_nodes};
use super::runs::{RUN, RunRow, read_run};
use super::tx::{Tx, sql};
use crate::cluster::WorkerKey;
use crate::cluster::state::{NodeState, NodeView, RunState, settle};
use crate::cluster::store::stored::int;
use crate::cluster::store::{Effects, events};

/// A run that is locked, and how far its nodes had come then.
pub(super) struct Scene {
    pub(super) run: Vec<Row>,
    pub(super) views: Vec<Row>,
}

const VIEWS: &str = "SELECT state, artifacts FROM nodes WHERE run = $1 ORDER BY place";

fn read_views(rows: &[Row]) -> Done<Vec<NodeView>> {
    let view = |row| {
        let (state, artifacts) = read_progress(row)?;
        Ok(NodeView {
            state,
            has_artifacts: artifacts > 0,
        })
    };
    rows.iter().map(view).collect()
}

impl Tx<'_> {
    /// Settles a run, which is locked, and adds what follows for others to `effects`. Nodes that have to end may take
    /// so long; `None`: as long as the run says.
    pub(super) async fn settle(
        &mut self,
        run: &mut RunRow,
        grace: Option<Duration>,
        effects: &mut Effects,
    ) -> Done<()> {
        let views = self.all(sql!(VIEWS, run.key)).await?;
        self.settle_views(run, read_views(&views)?, grace, effects)
            .await
    }

    async fn settle_views(
        &mut self,
        run: &mut RunRow,
        mut views: Vec<NodeView>,
        grace: Option<Duration>,
        effects: &mut Effects,
    ) -> Done<()> {
        let (settled, mut nodes) = loop {
            let settled = settle(&run.plan.graph, run.state, &views);
            let nodes = self.lock_places(run.key, &settled.nodes).await?;
            // Who waits to be claimed may have been claimed meanwhile. Who is locked stays as it is.
            let mut is_same = true;
            for node in &nodes {
                let view = views.get_mut(node.record.place);
                if let Some(view) = view.filter(|view| view.state != node.record.state) {
                    view.state = node.record.state;
                    is_same = false;
                }
            }
            if is_same {
                break (settled, nodes);
            }
        };
        let was = std::mem::replace(&mut run.state, settled.run);
        if was == RunState::Running && matches!(run.state, RunState::Failing | RunState::Failed) {
            self.blame(run).await?;
        }
        for (node, (_, next)) in nodes.iter_mut().zip(&settled.nodes) {
            let grace = grace.unwrap_or(run.cancel_grace);
            let reason = run.reason.as_deref();
            node.record.settle(*next, reason, grace, self.now);
            self.tell(node, effects);
        }
        self.save_nodes(&mut nodes)?;
        if run.state == was {
            return Ok(());
        }
        if run.state.is_terminal() {
            run.ended_at = Some(self.now);
            effects.ended.insert(run.id.clone(), run.state);
            let ended = events::run_ended(&run.id, run.state, run.reason.clone(), self.now);
            self.say(&ended, run.key, None);
        }
        self.save_run(run);
        Ok(())
    }

    /// Settles the run of a node that has changed, which is locked.
    pub(super) async fn settle_of(&mut self, node: &NodeRow, effects: &mut Effects) -> Done<()> {
        let plan = self.plan(node.run).await?;
        let scene = match self.scene.take() {
            Some(scene) => scene,
            None => {
                let questions = [sql!(RUN, node.run), sql!(VIEWS, node.run)];
                let [run, views] = self.ask(questions).await?;
                Scene { run, views }
            }
        };
        let mut run = read_run(&scene.run, plan)?;
        let mut views = read_views(&scene.views)?;
        if let Some(view) = views.get_mut(node.record.place) {
            // It has changed since.
            view.state = node.record.state;
            view.has_artifacts = node.record.totals.artifacts > 0;
        }
        self.settle_views(&mut run, views, None, effects).await
    }

    /// Locks the nodes at these places, and gives them in their order.
    async fn lock_places<T>(&mut self, run: i64, places: &[(usize, T)]) -> Done<Vec<NodeRow>> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<i64> = places.iter().map(|(place, _)| int(*place)).collect();
        let lock =
            "SELECT key FROM nodes WHERE run = $1 AND place = ANY($2) ORDER BY place FOR UPDATE";
        let text = select_nodes!("WHERE n.run = $1 AND n.place = ANY($2) ORDER BY n.place");
        let [_, rows] = self
            .ask([sql!(lock, run, places.clone()), sql!(text, run, places)])
            .await?;
        read_all(&rows)
    }

    /// Says why a run fails: its first failed node.
    async fn blame(&mut self, run: &mut RunRow) -> Done<()> {
        let text =
            select_nodes!("WHERE n.run = $1 AND n.state = 'failed' ORDER BY n.place LIMIT 1");
        let rows = self.all(sql!(text, run.key)).await?;
        for node in read_all(&rows)? {
            let node = node.record;
            let code = node.last_failure.as_ref().map(|failure| &failure.code);
            let code = code.map_or("unknown", |code| code.as_str());
            run.reason = Some(format!("node {}: {code}", node.id));
            run.failed_node = Some(node.id);
        }
        Ok(())
    }

    /// What others have to hear of a node that was settled.
    fn tell(&mut self, node: &NodeRow, effects: &mut Effects) {
        let record = &node.record;
        if record.state == NodeState::Ready {
            effects.ready.push(node.ready());
        }
        effects.cancelling.extend(record.cancel_notice(self.now));
        if record.state == NodeState::Cancelled {
            self.say_cancelled(node, None);
        }
    }

    /// Says that a node was cancelled; `worker` had its lease.
    pub(super) fn say_cancelled(&mut self, node: &NodeRow, worker: Option<&WorkerKey>) {
        let reason = node.record.cancel_reason.clone();
        let event = node
            .about(worker, self.now)
            .cancelled(reason.unwrap_or_else(|| "unknown".into()));
        self.say(&event, node.run, Some(node.key));
    }
}
