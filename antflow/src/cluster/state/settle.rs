use super::{NodeState, RunState};
use crate::cluster::graph::{Graph, Node, StartWhen};

/// What [`settle`] has to know of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeView {
    /// Its state.
    pub state: NodeState,
    /// Has it committed an artifact?
    pub has_artifacts: bool,
}

/// What follows from the states of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The state that the run now has.
    pub run: RunState,
    /// Nodes whose states change, by place, in the order of the places.
    pub nodes: Vec<(usize, NodeState)>,
}

/// The state in which a node of a new run begins, before the first [`settle`].
#[must_use]
pub fn initial_state(node: &Node) -> NodeState {
    if node.is_input() {
        NodeState::Open
    } else {
        NodeState::Queued
    }
}

/// What follows from the states of a run and of its nodes, which are given in the order of their places.
///
/// What it says is complete: settling again, with the changes made, changes nothing. Places beyond `nodes` are taken
/// for cancelled.
#[must_use]
pub fn settle(graph: &Graph, run: RunState, nodes: &[NodeView]) -> Settled {
    let view = |place: usize| nodes.get(place).copied();
    let failed = nodes.iter().any(|node| node.state == NodeState::Failed);
    let run = match run {
        RunState::Running if failed => RunState::Failing,
        other => other,
    };
    let change = |place: usize| {
        let state = view(place)?.state;
        match run {
            RunState::Running => {
                let ready = state == NodeState::Queued && may_start(graph, place, &view);
                ready.then_some(NodeState::Ready)
            }
            RunState::Cancelling | RunState::Failing => state.when_run_ends(),
            RunState::Finished | RunState::Failed | RunState::Cancelled => None,
        }
    };
    let changes: Vec<_> = (0..nodes.len())
        .filter_map(|place| Some((place, change(place)?)))
        .collect();
    let mut after: Vec<_> = nodes.iter().map(|node| node.state).collect();
    for (place, state) in &changes {
        after[*place] = *state;
    }
    let ended = after.iter().all(|state| state.is_terminal());
    let run = match run {
        RunState::Running if ended => RunState::Finished,
        RunState::Cancelling if ended => RunState::Cancelled,
        RunState::Failing if ended => RunState::Failed,
        other => other,
    };
    Settled {
        run,
        nodes: changes,
    }
}

/// Have enough parents come far enough?
fn may_start(graph: &Graph, place: usize, view: &impl Fn(usize) -> Option<NodeView>) -> bool {
    let node = &graph.nodes()[place];
    let streams = |parent: usize| {
        node.start_when == StartWhen::FirstBatch
            && node.sources().contains(&graph.nodes()[parent].id)
    };
    let came = |parent: &&usize| {
        view(**parent).is_some_and(|state| {
            state.state == NodeState::Finished || state.has_artifacts && streams(**parent)
        })
    };
    graph.parents(place).iter().filter(came).count() >= node.needed_parents()
}
