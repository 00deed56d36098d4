//! `pipeline!` with forks, routes, filters and parts: every form, with failures, and the shape of its results.

use std::collections::HashMap;
use std::time::Duration;

use antflow::{
    Graph, GraphStage, ItemError, PerItem, PipelineResult, Route, StageExt, from_fn, pipeline,
    stage,
};
use antflow_tests::{Boom, values, within};

#[derive(Debug, Clone, PartialEq)]
struct Page(String);

#[derive(Debug, Route)]
enum Document {
    Text(String),
    Table(Vec<u32>, u32),
    Nothing,
}

#[stage]
async fn fetch(text: &'static str) -> Result<Page, Boom> {
    if text.is_empty() {
        return Err(Boom(0));
    }
    Ok(Page(text.to_owned()))
}

#[stage(workers = 2)]
async fn length(page: &Page) -> usize {
    page.0.len()
}

#[stage(workers = 2)]
async fn number(page: Page) -> Result<u64, std::num::ParseIntError> {
    page.0.parse()
}

#[stage]
async fn double(number: u64) -> u64 {
    number * 2
}

#[stage]
async fn small(number: u64) -> Result<u8, std::num::TryFromIntError> {
    number.try_into()
}

#[stage]
async fn shout(page: Page) -> Page {
    Page(page.0.to_uppercase())
}

#[stage]
async fn turn(page: Page) -> Page {
    Page(page.0.chars().rev().collect())
}

#[stage]
async fn text(page: Page) -> String {
    page.0
}

#[stage]
async fn classify(page: Page) -> Document {
    match page.0.parse() {
        Ok(number) => Document::Table(vec![1, number], 10),
        Err(_) if page.0 == "-" => Document::Nothing,
        Err(_) => Document::Text(page.0),
    }
}

#[stage]
async fn letters(text: String) -> Result<u64, Boom> {
    match text.len() as u64 {
        length @ 0..10 => Ok(length),
        length => Err(Boom(length)),
    }
}

#[stage]
async fn sum(numbers: Vec<u32>, factor: u32) -> u64 {
    numbers
        .iter()
        .map(|number| u64::from(number * factor))
        .sum()
}

#[stage]
async fn zero(_: ()) -> u64 {
    0
}

fn words(page: Page) -> Vec<Page> {
    let Page(text) = page;
    let words = text.split(' ').map(str::to_owned);
    words.map(Page).collect()
}

fn is_long(page: &Page) -> bool {
    page.0.len() > 2
}

/// The value of an item, and of each of its parts: what came of it, or the stage that failed.
fn value<T>(result: &Result<T, ItemError>) -> Result<&T, &str> {
    result.as_ref().map_err(ItemError::stage)
}

fn only<T>(results: Vec<PipelineResult<T>>) -> T {
    let [only] = values(results).try_into().ok().expect("there is one");
    only
}

#[tokio::test(start_paused = true)]
async fn a_fork_gives_what_came_of_each_branch() {
    let both = pipeline!(fetch >> (length & number >> double));
    let results = within(both.run(["21", "x", ""])).await.unwrap();
    let (length, double) = results[0].value.as_ref().unwrap();
    assert_eq!((value(length), value(double)), (Ok(&2), Ok(&42)));
    let (length, double) = results[1].value.as_ref().unwrap();
    assert_eq!((value(length), value(double)), (Ok(&1), Err("Number")));
    assert_eq!(value(&results[2].value).err(), Some("Fetch"));
}

#[tokio::test(start_paused = true)]
async fn branches_come_together_in_the_stage_behind() {
    let both =
        pipeline!(fetch >> (shout & turn >> shout.named("Again") & turn.named("Turned")) >> text);
    assert_eq!(
        both.stage_names(),
        ["Fetch", "Shout", "Turn", "Again", "Turned", "Text"]
    );
    let (first, second, third) = only(within(both.run(["ab"])).await.unwrap());
    assert_eq!(value(&first).unwrap(), "AB");
    assert_eq!(value(&second).unwrap(), "BA");
    assert_eq!(value(&third).unwrap(), "ba");
}

#[tokio::test(start_paused = true)]
async fn forks_stand_in_branches_of_forks() {
    let nested = pipeline!(
        fetch
            >> (shout >> (length & text)
                & turn.workers(2) >> (number & text.named("Rest"))
                & length.named("All"))
    );
    let (shouted, turned, all) = only(within(nested.run(["12"])).await.unwrap());
    let (length, text) = shouted.unwrap();
    assert_eq!(
        (value(&length), value(&text)),
        (Ok(&2), Ok(&"12".to_owned()))
    );
    let (number, text) = turned.unwrap();
    assert_eq!(
        (value(&number), value(&text)),
        (Ok(&21), Ok(&"21".to_owned()))
    );
    assert_eq!(value(&all), Ok(&2));
}

#[tokio::test(start_paused = true)]
async fn a_route_takes_each_variant_its_way_and_keeps_the_order() {
    let routed = pipeline!(
        fetch >> classify >> { Text => letters, Table => sum.workers(2) >> double, Nothing => zero }
    );
    let items = ["seven..", "3", "-", "far too long", ""];
    let results = within(routed.run(items)).await.unwrap();
    let results: Vec<_> = results.iter().map(|result| value(&result.value)).collect();
    assert_eq!(
        results,
        [Ok(&7), Ok(&80), Ok(&0), Err("Letters"), Err("Fetch")]
    );
}

#[tokio::test(start_paused = true)]
async fn routed_branches_come_together_in_the_stage_behind() {
    let routed = pipeline!(
        fetch >> classify >> { Nothing => zero, Text => letters, Table => sum } >> small
    );
    let items = ["two", "3", "-", "100"];
    let results = within(routed.run(items)).await.unwrap();
    let results: Vec<_> = results.iter().map(|result| value(&result.value)).collect();
    assert_eq!(results, [Ok(&3), Ok(&40), Ok(&0), Err("Small")]);
}

#[tokio::test(start_paused = true)]
async fn routes_stand_in_branches_of_forks_and_of_routes() {
    let nested = pipeline!(
        fetch
            >> (length
                & classify >> {
                    Text => letters,
                    Table => sum >> from_fn("Parity", async |sum: u64| {
                        Ok::<_, Boom>(if sum.is_multiple_of(20) { Parity::Even(sum) } else { Parity::Odd(sum) })
                    }) >> { Odd => double, Even => double.named("Doubled") },
                    Nothing => zero,
                })
    );
    let results = within(nested.run(["3", "four", "2"])).await.unwrap();
    let numbers: Vec<_> = values(results)
        .into_iter()
        .map(|(length, number)| (length.unwrap(), number.unwrap()))
        .collect();
    assert_eq!(numbers, [(1, 80), (4, 4), (1, 60)]);
}

#[derive(Debug, Route)]
enum Parity {
    Odd(u64),
    Even(u64),
}

#[tokio::test(start_paused = true)]
async fn a_filter_lets_items_go() {
    let filtered =
        pipeline!(fetch >> filter(is_long) >> number >> filter(|number| number % 2 == 1) >> double);
    let results = within(filtered.run(["1", "101", "100", "abc"]))
        .await
        .unwrap();
    let results: Vec<_> = results.iter().map(|result| value(&result.value)).collect();
    assert_eq!(
        results,
        [
            Ok(&None),
            Ok(&Some(Some(202))),
            Ok(&Some(None)),
            Err("Number")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn parts_go_on_in_the_place_of_an_item() {
    let divided = pipeline!(fetch >> flat_map(words) >> number >> double);
    let results = within(divided.run(["1 x 3", "2", ""])).await.unwrap();
    let parts = results[0].value.as_ref().unwrap();
    let parts: Vec<_> = parts.iter().map(value).collect();
    assert_eq!(parts, [Ok(&2), Err("Number"), Ok(&6)]);
    assert_eq!(results[1].value.as_ref().unwrap().len(), 1);
    assert_eq!(value(&results[2].value).err(), Some("Fetch"));
}

#[stage]
async fn double_all(numbers: Vec<u64>) -> PerItem<u64> {
    let most = numbers.len() as u64;
    let doubled = numbers.into_iter().map(|number| match number {
        5 => Err(Boom(number)),
        _ => Ok(number * 2 + most),
    });
    doubled.collect()
}

#[tokio::test(start_paused = true)]
async fn a_batch_gives_a_value_for_each_item() {
    let wait = Duration::from_secs(1);
    let batched = pipeline!(fetch >> number >> batch(2, "1s") >> double_all >> double);
    let items = ["1", "2", "x", "3", "5"];
    let results = within(batched.run(items)).await.unwrap();
    let results: Vec<_> = results.iter().map(|result| value(&result.value)).collect();
    assert_eq!(
        results,
        [Ok(&8), Ok(&12), Err("Number"), Ok(&16), Err("DoubleAll")]
    );
    let later = pipeline!(fetch >> number >> batch(1 + 1, wait) >> double_all);
    let run = later.start().unwrap();
    run.feed(["7"]).await.unwrap();
    let result = within(run.next_result())
        .await
        .expect("the batch waits no longer");
    assert_eq!(value(&result.value), Ok(&15));
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_sends_a_copy_to_each_stage() {
    let mirrors = ["A", "B", "C"].map(|name| text {}.named(name));
    let copied = pipeline!(
        fetch
            >> broadcast(mirrors)
            >> from_fn("Length", async |text: String| { Ok::<_, Boom>(text.len()) })
    );
    let lengths = only(within(copied.run(["four"])).await.unwrap());
    let lengths: Vec<_> = lengths.iter().map(value).collect();
    assert_eq!(lengths, [Ok(&4), Ok(&4), Ok(&4)]);
}

#[tokio::test(start_paused = true)]
async fn a_closure_may_hold_what_is_around_it() {
    let prices: HashMap<String, u64> = [("ant".to_owned(), 3)].into();
    let known = prices.clone();
    let priced = pipeline!(
        fetch
            >> filter(move |page| known.contains_key(&page.0))
            >> from_fn("Price", move |page: Page| std::future::ready(
                Ok::<_, Boom>(prices[&page.0])
            ))
    );
    let results = values(within(priced.run(["ant", "bee"])).await.unwrap());
    assert_eq!(results, [Some(3), None]);
}

#[tokio::test(start_paused = true)]
async fn everything_stands_behind_everything() {
    let all = pipeline!(
        fetch
            >> flat_map(words)
            >> filter(is_long)
            >> (shout & turn)
            >> classify
            >> { Text => letters, Table => sum, Nothing => zero }
            >> double
    );
    let mut parts = only(within(all.run(["abc de 123"])).await.unwrap());
    let last = parts.pop().unwrap().unwrap().expect("it is long");
    assert_eq!((value(&last.0), value(&last.1)), (Ok(&2480), Ok(&6440)));
    assert_eq!(parts.pop().unwrap().unwrap().map(drop), None);
    let first = parts.pop().unwrap().unwrap().expect("it is long");
    assert_eq!((value(&first.0), value(&first.1)), (Ok(&6), Ok(&6)));
}

#[tokio::test(start_paused = true)]
async fn a_function_of_ones_own_may_have_the_name_of_a_word() {
    fn filter(name: &'static str) -> antflow::stage::Configured<turn> {
        turn {}.named(name)
    }
    let filtered = pipeline!(fetch >> (filter("Mine")) >> text);
    assert_eq!(filtered.stage_names(), ["Fetch", "Mine", "Text"]);
}

pipeline! {
    /// Everything, with a name.
    Everything: &'static str => (
        Result<usize, ItemError>,
        Result<Option<u64>, ItemError>,
        Result<Vec<Result<u64, ItemError>>, ItemError>,
    ) = fetch >> (
        length
            & shout.named("Loud") >> filter(is_long) >> classify >> { Table => sum, Text => letters.workers(2), Nothing => zero }
            & shout >> flat_map(words) >> number >> batch(10, "1s") >> double_all
    );
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_with_a_name_has_all_forms() {
    let (length, sum, doubled) = only(within(Everything::new().run(["12 x"])).await.unwrap());
    assert_eq!(value(&length), Ok(&4));
    assert_eq!(value(&sum), Ok(&Some(4)));
    let doubled = doubled.unwrap();
    let doubled: Vec<_> = doubled.iter().map(value).collect();
    assert_eq!(doubled, [Ok(&25), Err("Number")]);
}

#[test]
fn the_graph_of_a_pipeline_with_a_name_has_its_edges() {
    const GRAPH: Graph = Everything::GRAPH;
    let names: Vec<_> = GRAPH.stages().iter().map(GraphStage::name).collect();
    assert_eq!(names, Everything::new().stage_names());
    let edges = GRAPH.edges().iter();
    let edges: Vec<_> = edges
        .map(|(from, to)| format!("{} {}", names[*from], names[*to]))
        .collect();
    assert_eq!(
        edges,
        [
            "Fetch Length",
            "Fetch Loud",
            "Loud Classify",
            "Classify Sum",
            "Classify Letters",
            "Classify Zero",
            "Fetch Shout",
            "Shout Number",
            "Number DoubleAll"
        ]
    );
}
