//! `feed_at` feeds a stage in the middle, from outside or from within a task.

use antflow::{FeedError, Item, TaskContext, UnknownStage, pipeline, stage};
use antflow_tests::{Boom, Recorder, seconds, values, within};

#[stage]
async fn a(text: String) -> String {
    text + "_A"
}

#[stage]
async fn b(text: String) -> String {
    text + "_B"
}

#[stage]
async fn c(text: String) -> String {
    text + "_C"
}

fn x() -> [String; 1] {
    ["x".to_owned()]
}

#[tokio::test(start_paused = true)]
async fn an_item_goes_through_the_stages_behind_its_entry() {
    let recorder = Recorder::new();
    let run = pipeline!(a >> b >> c)
        .observe(recorder.clone())
        .start()
        .unwrap();
    run.feed(x()).await.unwrap();
    assert_eq!(run.feed_at::<b>(x()).await, Ok(1));
    assert_eq!(run.feed_at::<c>(x()).await, Ok(1));
    assert_eq!(run.feed_at::<a>(x()).await, Ok(1));
    assert_eq!(run.feeder().feed_at::<b>(x()).await, Ok(1));
    let results = within(run.join()).await;
    recorder.check(&results, &run.stats());
    assert_eq!(
        values(results),
        ["x_A_B_C", "x_B_C", "x_C", "x_A_B_C", "x_B_C"]
    );
    assert_eq!(recorder.status_lines(2)[0], "C queued");
}

#[stage]
async fn not_in_it(text: String) -> String {
    text
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_is_not_there_is_named_beside_those_that_are() {
    let run = pipeline!(a >> b.named("Second") >> c).start().unwrap();
    let mut items = x().into_iter();
    let error = run.feed_at::<not_in_it>(&mut items).await.unwrap_err();
    let FeedError::UnknownStage(UnknownStage { stage, known }) = &error else {
        panic!("{error}");
    };
    assert!(stage.ends_with("not_in_it"), "{stage}");
    assert_eq!(known, &["A", "Second", "C"]);
    let message = error.to_string();
    assert!(
        message.contains("not_in_it") && message.contains("A, Second, C"),
        "{message}"
    );
    assert_eq!(items.len(), 1, "an item was taken");
    assert_eq!(
        run.feeder().feed_at::<not_in_it>(x()).await.unwrap_err(),
        error
    );
    assert!(within(run.join()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_is_there_twice_is_entered_at_its_first_place() {
    let run = pipeline!(a >> b >> c >> b.named("Again")).start().unwrap();
    run.feed_at::<b>(x()).await.unwrap();
    assert_eq!(values(within(run.join()).await), ["x_B_C_B"]);
}

#[tokio::test(start_paused = true)]
async fn entries_in_the_middle_wait_for_room_there() {
    #[stage(queue = 1)]
    async fn slow(item: u64) -> u64 {
        tokio::time::sleep(seconds(1)).await;
        item
    }
    #[stage]
    async fn pass(item: u64) -> u64 {
        item
    }
    let run = pipeline!(pass >> slow).start().unwrap();
    let start = tokio::time::Instant::now();
    within(run.feed_at::<slow>(0..10)).await.unwrap();
    // The last one came in when the worker took the ninth.
    assert_eq!(start.elapsed(), seconds(8));
    assert_eq!(
        values(within(run.join()).await),
        (0..10).collect::<Vec<_>>()
    );
}

#[derive(Debug, Clone)]
struct Page(u64);

/// Finds links, and follows them through the whole pipeline.
#[stage(workers = 2)]
async fn fetch(page: Page, cx: &TaskContext) -> Result<Vec<u64>, FeedError> {
    let links: Vec<_> = (1..=2)
        .map(|n| page.0 * 2 + n)
        .filter(|n| *n < 15)
        .collect();
    let items = links
        .iter()
        .map(|n| Item::new(Page(*n)).id(format!("page {n}")));
    cx.feed_at::<fetch>(items.collect::<Vec<_>>()).await?;
    Ok(links)
}

#[stage]
async fn count_links(links: Vec<u64>, cx: &TaskContext) -> Result<usize, Boom> {
    assert!(cx.item_id() == "page 0" || cx.sequence_id() > 0);
    Ok(links.len())
}

#[tokio::test(start_paused = true)]
async fn tasks_feed_their_own_pipeline_as_crawlers_do() {
    let recorder = Recorder::new();
    let etl = pipeline!(fetch >> count_links).observe(recorder.clone());
    let run = etl.start().unwrap();
    run.feed([Item::new(Page(0)).id("page 0")]).await.unwrap();
    let results = within(run.join()).await;
    recorder.check(&results, &run.stats());
    assert_eq!(results.len(), 15);
    let mut ids: Vec<_> = results.iter().map(|result| result.id.to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 15);
    assert_eq!(values(results).into_iter().sum::<usize>(), 14);
}
