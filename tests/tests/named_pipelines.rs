//! `pipeline! { pub Ingest: Url => Row = fetch >> save; }`: a type with a name that knows its stages.

use antflow::{Graph, GraphStage, State, pipeline, stage, task};
use antflow_tests::{values, within};

#[derive(Debug, Clone, PartialEq)]
struct Page(String);

#[stage(workers = 4, retry = "per_task", attempts = 5, wait = "1m 30s")]
async fn fetch(url: String) -> Page {
    Page(url)
}

#[task]
async fn trim(page: Page) -> Page {
    Page(page.0.trim().to_owned())
}

#[task(name = "words", timeout = "5s")]
async fn split(page: Page) -> Vec<String> {
    page.0.split(' ').map(str::to_owned).collect()
}

/// Reads a page.
#[stage(queue = 50, ordered)]
struct Read(trim, split);

#[stage]
async fn pass<T>(value: T) -> T {
    value
}

#[stage(name = "The \"last\" <stage>")]
async fn count(words: &[String], least: State<usize>) -> Result<usize, String> {
    if words.len() < *least {
        return Err("too few words".to_owned());
    }
    Ok(words.len())
}

pipeline! {
    /// Counts the words of pages.
    pub CountWords: String => usize =
        fetch.workers(16).named("Download") >> Read >> pass::<Vec<String>>.queue(2 * 3) >> count;

    /// One stage is a pipeline, too.
    Fetch: String => Page = fetch;
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_with_a_name_runs_as_one_without() {
    let named = CountWords::new().with_state(2_usize);
    let unnamed = pipeline!(
        fetch.workers(16).named("Download") >> Read >> pass::<Vec<String>>.queue(2 * 3) >> count
    )
    .with_state(2_usize);
    let items = || ["one two three", "one"].map(String::from);
    let results = within(named.run(items())).await.unwrap();
    assert_eq!(results[0].value.as_ref().ok(), Some(&3));
    let error = results[1].error().expect("it has one word");
    assert_eq!(
        error.to_string(),
        "stage `The \"last\" <stage>`, task `count`: too few words"
    );
    let again = within(unnamed.run(items())).await.unwrap();
    assert_eq!(
        again[1].error().map(ToString::to_string),
        Some(error.to_string())
    );
    assert_eq!(named.stage_names(), unnamed.stage_names());
}

#[tokio::test(start_paused = true)]
async fn it_may_be_passed_where_a_type_says_which_it_is() {
    async fn first<P: Default + Copy>(_: P, url: &str) -> Vec<Page> {
        let run = Fetch::new().run([url.to_owned()]);
        values(within(run).await.unwrap())
    }
    assert_eq!(first(Fetch, "a").await, [Page("a".to_owned())]);
}

#[test]
fn its_stages_are_known_when_it_is_compiled() {
    const GRAPH: Graph = CountWords::GRAPH;
    const NAMES: [&str; 2] = [GRAPH.stages()[0].name(), GRAPH.stages()[1].name()];
    assert_eq!(NAMES, ["Download", "Read"]);
    assert_eq!(GRAPH.name(), "CountWords");
    assert_eq!(GRAPH.edges(), [(0, 1), (1, 2), (2, 3)]);
    assert_eq!(Fetch::GRAPH.edges(), []);
}

#[test]
fn its_graph_names_the_stages_as_a_run_does() {
    let names = CountWords::GRAPH.stages().iter().map(GraphStage::name);
    assert!(names.eq(CountWords::new().stage_names()));
}

#[test]
fn a_list_shows_its_tasks_by_their_names() {
    let tasks = CountWords::GRAPH.stages().iter().map(GraphStage::tasks);
    assert_eq!(
        tasks.collect::<Vec<_>>(),
        [&["fetch"][..], &["trim", "words"], &["pass"], &["count"]]
    );
}

#[test]
fn settings_are_those_of_the_stage_and_of_its_use() {
    let settings = |index: usize| {
        CountWords::GRAPH.stages()[index]
            .settings()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        settings(0),
        [
            ("retry", "per_task"),
            ("attempts", "5"),
            ("wait", "1m 30s"),
            ("workers", "16")
        ]
    );
    assert_eq!(settings(1), [("queue", "50"), ("ordered", "true")]);
    assert_eq!(settings(2), [("queue", "2 * 3")]);
    assert_eq!(settings(3), []);
    let fetch = Fetch::GRAPH.stages()[0].settings().next();
    assert_eq!(fetch, Some(("workers", "4")));
}

#[test]
fn types_are_those_that_flow_also_through_a_generic_stage() {
    let types = CountWords::GRAPH.stages().iter();
    let types: Vec<_> = types.map(|stage| [stage.input(), stage.output()]).collect();
    let expected = [
        ["String", "Page"],
        ["Page", "Vec<String>"],
        ["Vec<String>", "Vec<String>"],
        ["Vec<String>", "usize"],
    ];
    assert_eq!(types, expected.map(|types| types.map(str::to_owned)));
}

#[test]
fn it_is_drawn_as_a_flowchart_of_mermaid() {
    let picture = r#"flowchart LR
    in(["String"]) --> s0["Download"]
    s0 -->|"Page"| s1["Read: trim, words"]
    s1 -->|"Vec#lt;String#gt;"| s2["Pass"]
    s2 -->|"Vec#lt;String#gt;"| s3["The #quot;last#quot; #lt;stage#gt;"]
    s3 --> out(["usize"])
"#;
    assert_eq!(CountWords::GRAPH.to_mermaid(), picture);
}

#[test]
fn it_is_drawn_as_a_digraph_of_graphviz() {
    let picture = r#"digraph "CountWords" {
    rankdir=LR;
    node [shape=box];
    in [shape=plaintext, label="String"];
    out [shape=plaintext, label="usize"];
    s0 [label="Download"];
    s1 [label="Read: trim, words"];
    s2 [label="Pass"];
    s3 [label="The \"last\" <stage>"];
    in -> s0;
    s0 -> s1 [label="Page"];
    s1 -> s2 [label="Vec<String>"];
    s2 -> s3 [label="Vec<String>"];
    s3 -> out;
}
"#;
    assert_eq!(CountWords::GRAPH.to_dot(), picture);
}

#[test]
fn a_pipeline_of_one_stage_is_drawn_too() {
    let picture =
        "flowchart LR\n    in([\"String\"]) --> s0[\"Fetch\"]\n    s0 --> out([\"Page\"])\n";
    assert_eq!(Fetch::GRAPH.to_mermaid(), picture);
}
