use std::time::Duration;

use serde_json::json;

use super::*;

fn mistakes(graph: Value, catalog: &Catalog) -> Vec<String> {
    let error = Graph::from_value(graph, catalog).unwrap_err();
    error.mistakes().iter().map(ToString::to_string).collect()
}

fn any(graph: Value) -> Vec<String> {
    mistakes(graph, &Catalog::any())
}

fn full() -> Graph {
    let custom = Input::Custom {
        adapter: "s3.list".into(),
        args: serde_json::Map::new(),
    };
    let mut listed = Node::new("list", "lister").fingerprint("f1");
    listed.input = custom;
    Graph::new(
        [
            listed,
            Node::input("feed"),
            Node::new("parse", "parser")
                .pull(
                    Pull::from_nodes(["list", "feed"])
                        .rechunk(50, "items")
                        .poll(Duration::from_millis(500))
                        .backoff_max(Duration::from_secs(4))
                        .partition(1, 4)
                        .endless(),
                )
                .streaming()
                .fan_in(FanIn::Count(2))
                .retry(
                    RetryPolicy::never()
                        .backoff(Duration::from_millis(50))
                        .exponential(Duration::from_secs(9)),
                )
                .timeout(Duration::from_secs(30))
                .batch_timeout(Duration::from_millis(1500))
                .concurrency(8)
                .with("lang", "de"),
            Node::function("merge", "merge.generic", serde_json::Map::new()).depends_on(["parse"]),
        ],
        &Catalog::any(),
    )
    .unwrap()
}

#[test]
fn what_is_written_is_read_again() {
    let graph = full();
    let text = serde_json::to_string(&graph).unwrap();
    assert_eq!(serde_json::from_str::<Graph>(&text).unwrap(), graph);
    assert_eq!(Graph::from_json(&text, &Catalog::any()).unwrap(), graph);
}

#[test]
fn the_examples_of_the_guide_are_read() {
    let graph = json!({ "nodes": [
        { "node_id": "upstream_node", "type": "processor" },
        { "node_id": "a", "type": "analyzer", "io": { "input_inline": {
            "input_adapter": "pull.from_artifacts",
            "input_args": { "from_nodes": ["upstream_node"], "poll_ms": 500, "eof_on_task_done": true } } } },
        { "node_id": "b", "type": "analyzer", "io": { "input_inline": {
            "input_adapter": "pull.from_artifacts.rechunk:size",
            "input_args": { "from_nodes": ["upstream_node"], "size": 50, "meta_list_key": "items" } } } },
    ]});
    let graph = Graph::from_value(graph, &Catalog::any()).unwrap();
    let [_, a, b] = graph.nodes() else {
        panic!("there are three")
    };
    let pull = Pull::from_nodes(["upstream_node"]);
    assert_eq!(
        a.input,
        Input::Pull(pull.clone().poll(Duration::from_millis(500)))
    );
    assert_eq!(b.input, Input::Pull(pull.rechunk(50, "items")));
    assert_eq!(
        a.parents(),
        [NodeId::from("upstream_node")],
        "what it reads"
    );
    assert_eq!(
        (graph.parents(2), graph.children(0)),
        (&[0][..], &[1, 2][..])
    );
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let graph = json!({ "nodes": [
        { "node_id": "a", "type": "r", "dependson": [], "fan_in": "most" },
        { "node_id": "a", "type": "r", "depends_on": ["b"], "fan_in": "count:2" },
        { "node_id": "b", "type": "r", "depends_on": ["fetsh"], "retry_policy": { "max": -1, "bakoff_sec": 1 } },
        { "type": "r", "io": { "start_when": "later" } },
        { "node_id": "c", "type": "r", "io": { "input_inline": {
            "input_adapter": "pull.from_artifacts.rechunk:size", "input_args": { "from_nodes": ["b"], "size": 0 } } } },
        { "node_id": "d", "type": "r", "io": { "input_inline": { "input_adapter": "pull.from_artifacts" } } },
        { "node_id": "e", "type": "coordinator_fn" },
        { "node_id": "fetch", "type": "r", "fan_in": "any" },
    ]});
    assert_eq!(
        any(graph),
        [
            "nodes[0].fan_in: `most` is no fan-in: write `all`, `any` or `count:n` with n from 1 on",
            "nodes[0].dependson: unknown key, did you mean `depends_on`",
            "nodes[2].retry_policy.max: expected a whole number from 0 to 4294967295, found `-1`",
            "nodes[2].retry_policy.bakoff_sec: unknown key, did you mean `backoff_sec`",
            "nodes[3].node_id: missing: give the node a name",
            "nodes[3].io.start_when: `later` is unknown: write `ready` or `first_batch`",
            "nodes[4].io.input_inline.input_args.size: expected a whole number from 1 on",
            "node `a`: the name is taken by an earlier node: names are unique in a graph",
            "node `a`: waits for `count:2` of 1 parents: write a number from 1 to 1",
            "node `b`: depends on `fetsh`, which is no node, did you mean `fetch`",
            "node `d`: reads the artifacts of no node: name them in `from_nodes` or `depends_on`",
            "node `e`: names no function: write `io.fn`",
            "node `fetch`: waits for `any` of no parents and would never start: name them in `depends_on`",
        ]
    );
}

#[test]
fn nodes_that_wait_for_each_other_are_named() {
    let graph = json!({ "nodes": [
        { "node_id": "a", "type": "r" },
        { "node_id": "b", "type": "r", "depends_on": ["a", "d"] },
        { "node_id": "c", "type": "r", "depends_on": ["b"] },
        { "node_id": "d", "type": "r", "depends_on": ["c"] },
        { "node_id": "e", "type": "r", "depends_on": ["d"] },
    ]});
    assert_eq!(
        any(graph),
        ["depends_on: the nodes `c` -> `d` -> `b` -> `c` wait for each other"]
    );
    assert_eq!(
        any(json!({ "nodes": [{ "node_id": "a", "type": "r", "depends_on": ["a"] }] })),
        ["node `a`: depends on itself"]
    );
}

#[test]
fn a_node_reads_only_what_is_upstream() {
    let graph = json!({ "nodes": [
        { "node_id": "a", "type": "r" },
        { "node_id": "b", "type": "r" },
        { "node_id": "c", "type": "r", "depends_on": ["a"], "io": { "input_inline": {
            "input_adapter": "pull.from_artifacts", "input_args": { "from_nodes": ["a", "b"] } } } },
    ]});
    assert_eq!(
        any(graph),
        ["node `c`: reads `b` without depending on it: add it to `depends_on`"]
    );
}

#[test]
fn names_that_nobody_knows_are_reported() {
    let graph = json!({ "nodes": [
        { "node_id": "a", "type": "fetch" },
        { "node_id": "b", "type": "fetcher", "io": { "input_inline": { "input_adapter": "pull.from_artefacts" } } },
        { "node_id": "c", "type": "coordinator_fn", "io": { "fn": "vars.sett" } },
        { "node_id": "d e", "type": "fetcher", "io": { "fn": "noop" } },
    ]});
    let catalog = Catalog::any()
        .with_roles(["fetcher"])
        .with_adapters(["s3.list"])
        .with_functions(["vars.set"]);
    assert_eq!(
        mistakes(graph, &catalog),
        [
            "node `d e`: `d e` is no name: use up to 128 of the characters `a-z A-Z 0-9 _ - . # :`",
            "node `a`: no worker has the role `fetch`, did you mean `fetcher`",
            "node `b`: the input adapter `pull.from_artefacts` is unknown, did you mean `pull.from_artifacts`",
            "node `c`: no coordinator has the function `vars.sett`, did you mean `vars.set`",
            "node `d e`: `io.fn` is for the type `coordinator_fn`",
        ]
    );
}

#[test]
fn what_is_no_graph_is_reported() {
    assert_eq!(any(json!([])), [": expected an object, found a list"]);
    assert_eq!(
        any(json!({})),
        ["nodes: missing: list the nodes of the graph"]
    );
    assert_eq!(
        any(json!({ "nodes": [] })),
        ["nodes: empty: a graph has one node at least"]
    );
    assert_eq!(
        any(json!({ "version": 2, "nodes": [{ "node_id": "a", "type": "r" }] })),
        ["version: this version of antflow reads version 1 only"]
    );
    let error = Graph::from_json("{\n  nodes", &Catalog::any()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("line 2, column 3: this is no JSON"),
        "{error}"
    );
}

#[test]
fn strictness_asks_for_the_list_key() {
    let nodes = || {
        [
            Node::new("a", "r"),
            Node::new("b", "r").pull(Pull::from_nodes(["a"]).rechunk_whole(5)),
        ]
    };
    assert!(Graph::new(nodes(), &Catalog::any()).is_ok());
    let error = Graph::new(nodes(), &Catalog::any().strict()).unwrap_err();
    assert_eq!(error.mistakes().len(), 1, "{error}");
}

#[test]
fn fan_in_has_its_default_by_when_a_node_starts() {
    let needed = |node: Node| node.depends_on(["a", "b", "c"]).needed_parents();
    assert_eq!(needed(Node::new("n", "r")), 3);
    assert_eq!(needed(Node::new("n", "r").streaming()), 1);
    assert_eq!(
        needed(Node::new("n", "r").streaming().fan_in(FanIn::All)),
        3
    );
    assert_eq!(needed(Node::new("n", "r").fan_in(FanIn::Count(2))), 2);
    assert_eq!(Node::new("n", "r").needed_parents(), 0);
}
