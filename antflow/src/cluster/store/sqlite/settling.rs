//! What follows for others from a change, written in the same transaction.

use std::time::Duration;

use super::fault::Done;
use super::nodes::NodeRow;
use super::runs::RunRow;
use super::tx::{Tx, number};
use crate::cluster::state::{NodeState, NodeView, RunState, settle};
use crate::cluster::store::stored::corrupt;
use crate::cluster::store::{Effects, ReadyNode, events};

impl Tx<'_> {
    /// Settles a run, and adds what follows for others to `effects`. Nodes that have to end may take so long; `None`:
    /// as long as the run says.
    pub(super) fn settle(
        &self,
        run: &mut RunRow,
        grace: Option<Duration>,
        effects: &mut Effects,
    ) -> Done<()> {
        let views = self.views(run.key)?;
        let settled = settle(&run.plan.graph, run.state, &views);
        let was = std::mem::replace(&mut run.state, settled.run);
        if was == RunState::Running && matches!(run.state, RunState::Failing | RunState::Failed) {
            self.blame(run, &views)?;
        }
        for (place, next) in settled.nodes {
            let mut node = self.node_at(run.key, place)?;
            let grace = grace.unwrap_or(run.cancel_grace);
            let reason = run.reason.as_deref();
            node.record.settle(next, reason, grace, self.now);
            self.save_node(&node)?;
            self.tell(&node, effects)?;
        }
        if run.state == was {
            return Ok(());
        }
        if run.state.is_terminal() {
            run.ended_at = Some(self.now);
            effects.ended.insert(run.id.clone(), run.state);
            let ended = events::run_ended(&run.id, run.state, run.reason.clone(), self.now);
            self.say(&ended, run.key, None)?;
        }
        self.save_run(run)
    }

    /// Settles the run of a node that has changed.
    pub(super) fn settle_of(&self, node: &NodeRow, effects: &mut Effects) -> Done<()> {
        self.settle(&mut self.run(node.run)?, None, effects)
    }

    fn views(&self, run: i64) -> Done<Vec<NodeView>> {
        let rows = self.all(
            "SELECT state, artifacts FROM nodes WHERE run = ?1 ORDER BY place",
            [run],
            |row| Ok((row.get::<_, String>(0)?, number(row, 1)?)),
        )?;
        let view = |(state, artifacts): (String, u64)| {
            let state = NodeState::from_name(&state)
                .ok_or_else(|| corrupt("state of a node", &format!("`{state}` is unknown")))?;
            Ok(NodeView {
                state,
                has_artifacts: artifacts > 0,
            })
        };
        rows.into_iter().map(view).collect()
    }

    /// Says why a run fails: its first failed node.
    fn blame(&self, run: &mut RunRow, views: &[NodeView]) -> Done<()> {
        let failed = views
            .iter()
            .position(|view| view.state == NodeState::Failed);
        let Some(place) = failed else {
            return Ok(());
        };
        let node = self.node_at(run.key, place)?.record;
        let code = node.last_failure.as_ref().map(|failure| &failure.code);
        let code = code.map_or("unknown", |code| code.as_str());
        run.reason = Some(format!("node {}: {code}", node.id));
        run.failed_node = Some(node.id);
        Ok(())
    }

    /// What others have to hear of a node that was settled.
    fn tell(&self, node: &NodeRow, effects: &mut Effects) -> Done<()> {
        let record = &node.record;
        if record.state == NodeState::Ready {
            effects.ready.push(node.ready());
        }
        effects.cancelling.extend(record.cancel_notice(self.now));
        if record.state == NodeState::Cancelled {
            self.say_cancelled(node, None)?;
        }
        Ok(())
    }

    /// Says that a node was cancelled; `worker` had its lease.
    pub(super) fn say_cancelled(
        &self,
        node: &NodeRow,
        worker: Option<&crate::cluster::WorkerKey>,
    ) -> Done<()> {
        let reason = node.record.cancel_reason.clone();
        let event = node
            .about(worker, self.now)
            .cancelled(reason.unwrap_or_else(|| "unknown".into()));
        self.say(&event, node.run, Some(node.key))
    }
}

impl NodeRow {
    /// The node, for those who may claim it.
    pub(super) fn ready(&self) -> ReadyNode {
        ReadyNode {
            run: self.record.run.clone(),
            node: self.record.id.clone(),
            role: self.record.role.clone(),
        }
    }
}
