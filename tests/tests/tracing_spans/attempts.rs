//! Which spans there are, and what they say.

use antflow::{BoxError, Cancelled, Item, TaskContext, Trace, pipeline, stage, task};
use antflow_tests::{Boom, Gauge, from_attempt, millis, panic_quietly, seconds, within};
use tokio::time::Instant;
use tracing::Level;

use super::{Spans, run};

#[stage]
async fn parse(text: &'static str) -> Result<u64, std::num::ParseIntError> {
    text.parse()
}

#[stage]
async fn double(item: u64) -> u64 {
    item * 2
}

#[tokio::test(start_paused = true)]
async fn a_span_for_the_run_for_each_stage_and_for_each_task() {
    let items = [Item::new("1").id("one"), Item::new("x")];
    let (_, tree) = run(pipeline!(parse >> double).trace(Trace::all()), items).await;
    let mut lines: Vec<_> = tree.lines().lines().map(str::to_owned).collect();
    lines.sort();
    let expected = [
        "  double 1 completed",
        "  parse 1 completed",
        "  parse 1 failed: invalid digit found in string",
        "Double one 1 completed",
        "Parse 1 1 failed: invalid digit found in string",
        "Parse one 1 completed",
    ];
    assert_eq!(lines, expected);
    assert_eq!(&tree.run()["stages"], "Parse >> Double");
    for node in tree.stages().chain(tree.tasks()) {
        assert_eq!(
            (node.entry.target, node.entry.level),
            ("antflow", Level::INFO)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_attempt_has_the_fields_of_opentelemetry() {
    let items = [Item::new("1"), Item::new("x").id("bad")];
    let (_, tree) = run(pipeline!(parse).trace(Trace::all()), items).await;
    let [good, bad] = [0, 1].map(|nth| &tree.stages().nth(nth).unwrap().entry);
    let fields = [
        "stage",
        "item_id",
        "sequence_id",
        "worker",
        "attempt",
        "outcome",
    ];
    assert_eq!(
        fields.map(|field| &bad[field]),
        ["Parse", "bad", "1", "Parse-W0", "1", "failed"]
    );
    let status = ["otel.status_code", "otel.status_description", "error"];
    assert_eq!(status.map(|field| &good[field]), ["", "", ""]);
    let error = "invalid digit found in string";
    assert_eq!(status.map(|field| &bad[field]), ["ERROR", error, error]);
    let task = &tree.tasks().nth(1).unwrap().entry;
    assert_eq!(status.map(|field| &task[field]), ["ERROR", error, error]);
}

#[task]
async fn price(item: u64) -> u64 {
    item
}

#[task]
async fn second_time(item: u64, cx: &TaskContext) -> Result<u64, Boom> {
    from_attempt(2, item, cx)
}

#[stage(retry = "per_task", attempts = 2, wait = "1s")]
struct PerTask(price, second_time, price);

#[stage(retry = "per_task", attempts = 2, wait = "1s", on_wait = "release")]
struct Released(price, second_time, price);

#[stage(retry = "per_stage", attempts = 2, wait = "1s")]
struct PerStage(price, second_time, price);

#[tokio::test(start_paused = true)]
async fn a_task_that_is_repeated_has_a_span_each_time_and_so_has_its_stage() {
    let expected = |stage| {
        format!(
            "\
{stage} 0 1 retrying: boom 7
  price 1 completed
  second_time 1 failed: boom 7
{stage} 0 2 completed
  second_time 2 completed
  price 1 completed
"
        )
    };
    let (_, held) = run(pipeline!(PerTask).trace(Trace::all()), [7]).await;
    assert_eq!(held.lines(), expected("PerTask"));
    let (_, released) = run(pipeline!(Released).trace(Trace::all()), [7]).await;
    assert_eq!(released.lines(), expected("Released"));
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_is_repeated_has_a_span_each_time_with_those_of_all_tasks() {
    let (_, tree) = run(pipeline!(PerStage).trace(Trace::all()), [7]).await;
    assert_eq!(
        tree.lines(),
        "\
PerStage 0 1 retrying: boom 7
  price 1 completed
  second_time 1 failed: boom 7
PerStage 0 2 completed
  price 2 completed
  second_time 2 completed
  price 2 completed
"
    );
}

#[stage(timeout = "1s")]
async fn ends_badly(item: u64) -> Result<u64, BoxError> {
    match item {
        0 => panic_quietly("oh"),
        1 => std::future::pending().await,
        2 => return Err(Cancelled.into()),
        _ => {}
    }
    Ok(item)
}

#[tokio::test(start_paused = true)]
async fn panics_timeouts_and_items_given_up_are_told_apart() {
    let (_, tree) = run(pipeline!(ends_badly).trace(Trace::all()), 0..4).await;
    assert_eq!(
        tree.lines(),
        "\
EndsBadly 0 1 failed: panicked: oh
  ends_badly 1 panicked: panicked: oh
EndsBadly 1 1 failed: timed out after 1s
  ends_badly 1 timed_out: timed out after 1s
EndsBadly 2 1 cancelled
  ends_badly 1 cancelled
EndsBadly 3 1 completed
  ends_badly 1 completed
"
    );
}

fn is_odd(item: &u64) -> bool {
    if *item == 5 {
        panic_quietly("odd");
    }
    item % 2 == 1
}

#[stage(skip_if = is_odd)]
async fn halve(item: u64) -> u64 {
    item / 2
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_skipped_has_a_span_without_tasks() {
    let (_, tree) = run(pipeline!(halve).trace(Trace::all()), [1, 2, 5]).await;
    assert_eq!(
        tree.lines(),
        "\
Halve 0 1 skipped
Halve 1 1 completed
  halve 1 completed
Halve 2 1 failed: panicked: odd
"
    );
}

#[stage(workers = 2, concurrency = 1)]
async fn one_at_once(item: u64, inside: antflow::State<Gauge>) -> u64 {
    let _inside = inside.enter();
    tokio::time::sleep(seconds(1)).await;
    item
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_limit_is_in_no_span_of_a_task() {
    let spans = Spans::global();
    let gauge = Gauge::new();
    let etl = pipeline!(one_at_once)
        .with_state(gauge.clone())
        .trace(Trace::all());
    let run = etl.start().unwrap();
    within(run.feed([1, 2])).await.unwrap();
    tokio::time::sleep(millis(500)).await;
    let tree = spans.of(run.view().id());
    assert_eq!((tree.stages().count(), tree.tasks().count()), (2, 1));
    within(run.join()).await;
    let tree = spans.of(run.view().id());
    assert_eq!((tree.stages().count(), tree.tasks().count()), (2, 2));
    assert!(tree.all_closed());
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_in_no_span() {
    for per_task in [true, false] {
        let spans = Spans::global();
        let start = Instant::now();
        let run = if per_task {
            pipeline!(PerTask).trace(Trace::all()).start().unwrap()
        } else {
            pipeline!(PerStage).trace(Trace::all()).start().unwrap()
        };
        within(run.feed([1])).await.unwrap();
        tokio::time::sleep(millis(500)).await;
        let tree = spans.of(run.view().id());
        assert!(!tree.run().is_closed);
        assert!(
            tree.stages()
                .chain(tree.tasks())
                .all(|node| node.entry.is_closed)
        );
        within(run.join()).await;
        assert_eq!(start.elapsed(), seconds(1));
    }
}
