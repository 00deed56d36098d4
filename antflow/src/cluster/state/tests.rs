use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::cluster::graph::{Catalog, FanIn, Graph, Node, Pull, RetryPolicy};

fn graph(nodes: impl IntoIterator<Item = Node>) -> Graph {
    Graph::new(nodes, &Catalog::any()).unwrap()
}

fn initial(graph: &Graph) -> Vec<NodeState> {
    graph.nodes().iter().map(initial_state).collect()
}

fn views(states: &[NodeState]) -> Vec<NodeView> {
    let view = |state: &NodeState| NodeView {
        state: *state,
        has_artifacts: false,
    };
    states.iter().map(view).collect()
}

#[test]
fn nodes_without_parents_are_ready_at_once() {
    let graph = graph([
        Node::new("a", "r"),
        Node::new("b", "r").depends_on(["a"]),
        Node::input("i"),
    ]);
    let settled = settle(&graph, RunState::Running, &views(&initial(&graph)));
    assert_eq!(settled.nodes, [(0, NodeState::Ready)]);
    assert_eq!(settled.run, RunState::Running);
}

#[test]
fn a_streaming_node_starts_on_the_first_artifact_of_what_it_reads() {
    let reads = Node::new("c", "r")
        .depends_on(["a", "b"])
        .pull(Pull::from_nodes(["a"]))
        .streaming();
    let start = |node: Node, has: [bool; 2], finished: [bool; 2]| {
        let graph = graph([Node::new("a", "r"), Node::new("b", "r"), node]);
        let parent = |index: usize| NodeView {
            state: if finished[index] {
                NodeState::Finished
            } else {
                NodeState::Running
            },
            has_artifacts: has[index],
        };
        let waiting = NodeView {
            state: NodeState::Queued,
            has_artifacts: false,
        };
        let views = [parent(0), parent(1), waiting];
        !settle(&graph, RunState::Running, &views).nodes.is_empty()
    };
    assert!(start(reads.clone(), [true, false], [false, false]));
    assert!(
        !start(reads.clone(), [false, true], [false, false]),
        "it does not read that one"
    );
    assert!(
        start(reads.clone(), [false, false], [true, false]),
        "an empty one has ended"
    );
    let all = reads.clone().fan_in(FanIn::All);
    assert!(!start(all.clone(), [true, true], [false, false]));
    assert!(start(all, [true, false], [false, true]));
    let mut late = reads;
    late.start_when = crate::cluster::graph::StartWhen::Ready;
    assert!(!start(late, [true, true], [true, false]));
}

#[test]
fn a_failure_ends_the_run_and_cancels_the_rest() {
    let graph = graph([
        Node::new("a", "r"),
        Node::new("b", "r"),
        Node::new("c", "r").depends_on(["a"]),
    ]);
    let states = [NodeState::Failed, NodeState::Running, NodeState::Queued];
    let settled = settle(&graph, RunState::Running, &views(&states));
    assert_eq!(settled.run, RunState::Failing);
    assert_eq!(
        settled.nodes,
        [(1, NodeState::Cancelling), (2, NodeState::Cancelled)]
    );
    let states = [
        NodeState::Failed,
        NodeState::Cancelled,
        NodeState::Cancelled,
    ];
    assert_eq!(
        settle(&graph, RunState::Failing, &views(&states)).run,
        RunState::Failed
    );
}

#[test]
fn a_run_that_was_cancelled_before_anything_started_ends_at_once() {
    let graph = graph([
        Node::input("i"),
        Node::new("a", "r"),
        Node::new("b", "r").depends_on(["a"]),
    ]);
    let states = [NodeState::Open, NodeState::Deferred, NodeState::Queued];
    let settled = settle(&graph, RunState::Cancelling, &views(&states));
    assert_eq!(settled.run, RunState::Cancelled);
    assert!(
        settled
            .nodes
            .iter()
            .all(|(_, state)| *state == NodeState::Cancelled)
    );
    assert_eq!(settled.nodes.len(), 3);
}

#[test]
fn retries_end_and_permanent_reasons_have_none() {
    let policy = RetryPolicy::default()
        .max(2)
        .backoff(Duration::from_millis(50));
    let after =
        |failures, code: &str, permanent| after_failure(&policy, failures, &code.into(), permanent);
    let wait = AfterFailure::Retry(Duration::from_millis(50));
    assert_eq!(
        [1, 2, 3].map(|n| after(n, "timeout", false)),
        [wait, wait, AfterFailure::Exhausted]
    );
    assert_eq!(after(1, "bad_input", false), AfterFailure::Permanent);
    assert_eq!(after(1, "timeout", true), AfterFailure::Permanent);
    let lost = RetryPolicy::default().max_interruptions(1);
    assert_eq!(after_loss(&lost, 1), AfterLoss::GoOn);
    assert_eq!(after_loss(&lost, 2), AfterLoss::GiveUp);
}

#[test]
fn names_are_those_that_are_written() {
    for state in NodeState::ALL {
        assert_eq!(NodeState::from_name(state.as_str()), Some(state));
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
    for state in RunState::ALL {
        assert_eq!(RunState::from_name(state.as_str()), Some(state));
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
}

/// What happens to one node of a run, beside settling.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Claim,
    Artifact,
    Finish,
    Fail,
    Defer,
    Lose,
    Cancelled,
    Close,
    CancelRun,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        8 => Just(Happening::Claim),
        6 => Just(Happening::Artifact),
        6 => Just(Happening::Finish),
        1 => Just(Happening::Fail),
        2 => Just(Happening::Defer),
        2 => Just(Happening::Lose),
        4 => Just(Happening::Cancelled),
        3 => Just(Happening::Close),
        1 => Just(Happening::CancelRun),
    ]
}

/// A graph whose nodes depend on earlier ones only.
fn any_graph() -> impl Strategy<Value = Graph> {
    let node = (
        any::<u16>(),
        any::<bool>(),
        any::<bool>(),
        0..4_u32,
        any::<bool>(),
    );
    prop::collection::vec(node, 1..7).prop_map(|specs| {
        let nodes =
            specs
                .iter()
                .enumerate()
                .map(|(place, (parents, pulls, streams, fan_in, input))| {
                    let parents: Vec<_> = (0..place)
                        .filter(|parent| parents & (1 << parent) != 0)
                        .map(|parent| format!("n{parent}"))
                        .collect();
                    if parents.is_empty() {
                        return if *input {
                            Node::input(format!("n{place}"))
                        } else {
                            Node::new(format!("n{place}"), "r")
                        };
                    }
                    let count = u32::try_from(parents.len()).unwrap();
                    let mut node = Node::new(format!("n{place}"), "r").depends_on(parents.clone());
                    if *pulls {
                        node = node.pull(Pull::from_nodes(parents));
                    }
                    if *streams {
                        node = node.streaming();
                    }
                    match fan_in {
                        0 => node,
                        1 => node.fan_in(FanIn::All),
                        2 => node.fan_in(FanIn::Any),
                        _ => node.fan_in(FanIn::Count(count.div_ceil(2))),
                    }
                });
        graph(nodes)
    })
}

struct Model {
    graph: Graph,
    run: RunState,
    nodes: Vec<NodeView>,
}

impl Model {
    fn become_state(&mut self, place: usize, next: NodeState) {
        let state = &mut self.nodes[place].state;
        assert!(state.may_become(next), "{state:?} -> {next:?}");
        *state = next;
    }

    fn happen(&mut self, place: usize, what: Happening) {
        let next = match (what, self.nodes[place].state) {
            (Happening::Claim, NodeState::Ready | NodeState::Deferred) => {
                assert_eq!(
                    self.run,
                    RunState::Running,
                    "nothing is ready while a run ends"
                );
                Some(NodeState::Running)
            }
            (Happening::Artifact, NodeState::Running | NodeState::Cancelling | NodeState::Open) => {
                self.nodes[place].has_artifacts = true;
                None
            }
            (Happening::Finish, NodeState::Running | NodeState::Cancelling)
            | (Happening::Close, NodeState::Open) => Some(NodeState::Finished),
            (Happening::Fail, NodeState::Running | NodeState::Cancelling) => {
                Some(NodeState::Failed)
            }
            (Happening::Defer, NodeState::Running) => Some(NodeState::Deferred),
            (Happening::Lose, NodeState::Running) => Some(NodeState::Ready),
            (Happening::Lose | Happening::Cancelled, NodeState::Cancelling) => {
                Some(NodeState::Cancelled)
            }
            _ => None,
        };
        if let Some(next) = next {
            self.become_state(place, next);
        }
        if matches!(what, Happening::CancelRun) && self.run == RunState::Running {
            self.run = RunState::Cancelling;
        }
        self.settle();
    }

    fn settle(&mut self) {
        let settled = settle(&self.graph, self.run, &self.nodes);
        self.run = settled.run;
        for (place, state) in settled.nodes {
            self.become_state(place, state);
        }
        let again = settle(&self.graph, self.run, &self.nodes);
        assert!(
            again.nodes.is_empty() && again.run == self.run,
            "settled is settled"
        );
        let ended = self.nodes.iter().all(|node| node.state.is_terminal());
        assert_eq!(self.run.is_terminal(), ended);
        for (place, node) in self.nodes.iter().enumerate() {
            let parents = self.graph.parents(place);
            let spec = &self.graph.nodes()[place];
            if node.state.is_leased() || node.state == NodeState::Ready {
                let came = parents.iter().filter(|parent| {
                    let parent = self.nodes[**parent];
                    parent.state == NodeState::Finished || parent.has_artifacts
                });
                assert!(came.count() >= spec.needed_parents(), "started too early");
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_happens_a_run_keeps_its_rules_and_ends(
        graph in any_graph(),
        story in prop::collection::vec((0..7_usize, happening()), 0..60),
    ) {
        let nodes = views(&initial(&graph));
        let mut model = Model { graph, run: RunState::Running, nodes };
        model.settle();
        for (place, what) in story {
            model.happen(place % model.nodes.len(), what);
        }
        // From wherever it is, a run ends when workers do their work.
        for _ in 0..model.nodes.len() {
            for place in 0..model.nodes.len() {
                model.happen(place, Happening::Close);
                model.happen(place, Happening::Claim);
                model.happen(place, Happening::Cancelled);
                model.happen(place, Happening::Finish);
            }
        }
        prop_assert!(model.run.is_terminal(), "stuck: {:?} {:?}", model.run, model.nodes);
    }
}
