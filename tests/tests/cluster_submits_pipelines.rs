//! Does a pipeline that a cluster runs do what it does on one machine?

use std::collections::BTreeMap;
use std::future::IntoFuture as _;
use std::sync::Arc;
use std::time::Duration;

use antflow::cluster::bus::InProcessBus;
use antflow::cluster::coordinator::CoordinatorConfig;
use antflow::cluster::state::RunState;
use antflow::cluster::store::{RunFilter, SqliteOptions, SqliteStore};
use antflow::cluster::worker::WorkerConfig;
use antflow::cluster::{Cluster, RemoteError, SubmitError};
use antflow::event::Status;
use antflow::{
    BoxError, CancellationToken, Cancelled, Collect, FeedError, Item, ItemError, ItemErrorKind,
    State, StatusTracker, TaskContext, pipeline, stage, task,
};
use antflow_tests::{Log, Outcome, Recorder, count, outcome, outcomes, values, within};
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Page {
    url: String,
    words: Vec<String>,
}

/// Fails at first for what is flaky, for good for what is broken.
#[stage(workers = 3, retry = "per_task", attempts = 3, wait = "10ms")]
async fn fetch(url: String, cx: &TaskContext) -> Result<Page, BoxError> {
    match url.as_str() {
        "flaky" if cx.attempt() < 3 => Err("try again".into()),
        "broken" => Err(std::io::Error::other("broken").into()),
        "panics" => panic!("ouch"),
        "given up" => Err(Cancelled.into()),
        _ => Ok(Page {
            words: url.split(' ').map(str::to_owned).collect(),
            url,
        }),
    }
}

fn is_boring(page: &Page) -> bool {
    page.url == "boring"
}

#[stage(workers = 2, skip_if = is_boring)]
async fn shorten(mut page: Page) -> Page {
    page.words.truncate(2);
    page
}

#[task]
async fn measure(page: Page) -> Result<usize, BoxError> {
    if page.url == "late" {
        return Err("too late".into());
    }
    Ok(page.words.len())
}

#[task]
async fn show(words: usize) -> String {
    format!("{words} words")
}

#[stage(workers = 2, retry = "per_stage", attempts = 2, wait = "10ms")]
struct Describe(measure, show);

/// Gives `None` for a page of one word.
#[stage]
async fn save(text: String, saved: State<Log<String>>) -> Option<usize> {
    saved.push(text.clone());
    (text != "1 words").then_some(text.len())
}

/// Items of all kinds.
fn urls() -> Vec<Item<String>> {
    let urls = [
        "a b", "flaky", "broken", "panics", "given up", "boring", "late", "one", "x y z",
    ];
    let items = urls.into_iter().map(|url| Item::new(url.to_owned()));
    let mut items: Vec<_> = items.collect();
    items[1] = items[1].clone().id("second").metadata("page", 2);
    items[8] = items[8].clone().id("last").priority(5);
    items
}

/// What happened to each item, without the names of workers.
fn lives(recorder: &Recorder) -> BTreeMap<u64, Vec<String>> {
    let mut lives = BTreeMap::<_, Vec<_>>::new();
    for event in recorder.events() {
        let line = event.to_string();
        let life = lives.entry(event.sequence_id()).or_default();
        life.push(
            line.split(" ")
                .take(3)
                .filter(|word| !word.contains("-W"))
                .collect::<Vec<_>>()
                .join(" "),
        );
    }
    lives
}

fn file(directory: &tempfile::TempDir) -> std::path::PathBuf {
    directory.path().join("cluster.db")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outcomes_events_and_numbers_are_those_of_one_machine() {
    let saved = Log::new();
    let etl = pipeline!(fetch >> shorten >> Describe >> save).with_state(saved.clone());

    let here = Recorder::new();
    let run = etl.clone().observe(here.clone()).start().unwrap();
    run.feed(urls()).await.unwrap();
    let expected = run.join().await;
    here.check(&expected, &run.stats());

    let directory = tempfile::tempdir().unwrap();
    let cluster = Cluster::embedded(file(&directory)).await.unwrap();
    let (there, tracker) = (Recorder::new(), StatusTracker::new());
    let view = Arc::new(std::sync::OnceLock::new());
    let seen = Arc::clone(&view);
    let results = cluster
        .submit(&etl, urls())
        .observe(there.clone())
        .observe(tracker.clone())
        .on_start(move |run| drop(seen.set(run)))
        .await
        .unwrap();
    let stats = view.get().unwrap().stats();
    there.check(&results, &stats);
    assert_eq!(lives(&there), lives(&here));
    assert_eq!(outcomes(&results), outcomes(&expected));
    for (result, expected) in results.iter().zip(&expected) {
        assert_eq!(result.id, expected.id);
        assert_eq!(result.metadata, expected.metadata);
        assert_eq!(result.value.as_ref().ok(), expected.value.as_ref().ok());
        let [error, other] = [result, expected].map(|result| result.error());
        assert_eq!(
            error.map(ToString::to_string),
            other.map(ToString::to_string)
        );
        assert_eq!(
            error.map(ItemError::type_name),
            other.map(ItemError::type_name)
        );
    }
    assert_eq!(
        results[7].value.as_ref().ok(),
        Some(&None),
        "nothing is a value too"
    );
    let broken = results[2].error().unwrap();
    assert_eq!(
        broken.downcast_ref::<RemoteError>().unwrap().to_string(),
        "broken"
    );
    assert!(
        matches!(results[3].error().unwrap().kind(), ItemErrorKind::Panicked(text) if text == "ouch")
    );
    assert_eq!(tracker.status("second").unwrap().status, Status::Completed);
    assert_eq!(
        saved.len(),
        10,
        "five items are saved, once here and once there"
    );
    let summary = view.get().unwrap().error_summary();
    assert_eq!(summary.total_failed, 3);
}

#[stage(workers = 4)]
async fn square(number: u64, calls: State<Log<u64>>) -> u64 {
    calls.push(number);
    number * number
}

#[stage(workers = 2)]
async fn next(number: u64) -> u64 {
    number + 1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_dropped_is_taken_up_where_it_was_by_its_id() {
    let directory = tempfile::tempdir().unwrap();
    let calls = Log::new();
    let etl = pipeline!(square >> next).with_state(calls.clone());
    // Dropped at some moments, as by a process that is killed.
    for _ in 0..5 {
        let cluster = Cluster::embedded(file(&directory)).await.unwrap();
        let submission = cluster.submit(&etl, 0..3000).id("squares").into_future();
        drop(tokio::time::timeout(Duration::from_millis(150), submission).await);
    }
    let cluster = Cluster::embedded(file(&directory)).await.unwrap();
    let results = cluster.submit(&etl, 0..3000).id("squares").await.unwrap();
    let expected: Vec<_> = (0..3000_u64).map(|number| number * number + 1).collect();
    assert_eq!(values(results), expected);
    // In flight are at most the items that a node processes, and those that wait to be committed.
    assert!(
        calls.len() < 3000 + 5 * (8 + 256 + 512),
        "{} calls",
        calls.len()
    );

    // Once it is done, submitting it again gives the results again, and does nothing.
    let before = calls.len();
    let again = cluster.submit(&etl, 0..3000).id("squares").await.unwrap();
    assert_eq!(values(again), expected);
    assert_eq!(calls.len(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_items_or_another_pipeline_under_the_id_of_a_run_are_refused() {
    let cluster = Cluster::in_memory().unwrap();
    let etl = pipeline!(next);
    cluster.submit(&etl, 0..20).id("twenty").await.unwrap();
    for items in [0..10, 0..30] {
        let given = items.end;
        let error = cluster.submit(&etl, items).id("twenty").await.unwrap_err();
        assert!(
            matches!(error, SubmitError::OtherItems { there: 20, given: n, .. } if n == given),
            "{error}"
        );
    }
    for (number, items) in [(0, 1..21), (19, 0..20)] {
        let items = items.map(move |item| if number == 19 && item == 19 { 99 } else { item });
        let error = cluster.submit(&etl, items).id("twenty").await.unwrap_err();
        assert!(
            matches!(error, SubmitError::AnotherItem { number: n, .. } if n == number),
            "{error}"
        );
    }
    let other = pipeline!(next >> next.named("Other"));
    let error = cluster
        .submit(&other, 0..20)
        .id("twenty")
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is another run `twenty`: choose another id"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_come_as_a_stream_and_are_kept_as_the_pipeline_says() {
    let cluster = Cluster::in_memory().unwrap();
    let stream = cluster
        .submit_from(&pipeline!(next), futures::stream::iter(0..700))
        .stream();
    let mut numbers: Vec<_> = stream
        .map(|result| result.unwrap().value.unwrap())
        .collect()
        .await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=700).collect::<Vec<_>>());

    let saved = Log::new();
    let etl = pipeline!(fetch >> shorten >> Describe >> save).with_state(saved);
    for (collect, count) in [(Collect::Failures, 4), (Collect::Nothing, 0)] {
        let results = cluster
            .submit(&etl.clone().collect(collect), urls())
            .await
            .unwrap();
        assert_eq!(results.len(), count);
    }
}

#[stage]
async fn forever(number: u64) -> u64 {
    if number >= 10 {
        std::future::pending::<()>().await;
    }
    number
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_cancelled_gives_a_result_for_each_item() {
    let cluster = Cluster::in_memory().unwrap();
    let (token, recorder) = (CancellationToken::new(), Recorder::new());
    let etl = pipeline!(forever >> next);
    let submission = cluster
        .submit(&etl, 0..50)
        .id("long")
        .cancel_on(token.clone())
        .observe(recorder.clone());
    let results = tokio::spawn(submission.into_future());
    while recorder.count(Status::Completed) < 20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    token.cancel();
    let results = within(results).await.unwrap().unwrap();
    assert_eq!(count(&results, Outcome::Completed), 10);
    assert_eq!(count(&results, Outcome::Cancelled), 40);
    assert_eq!(results[20].error().unwrap().stage(), "Forever");
    let status = cluster.status(&"long".into()).await.unwrap();
    assert_eq!(status.run.state, RunState::Cancelled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_workers_do_the_work_of_a_process_that_only_submits() {
    let directory = tempfile::tempdir().unwrap();
    let elsewhere = Cluster::embedded(file(&directory)).await.unwrap();
    let coordinator = elsewhere.coordinator().build().unwrap().start();
    let calls = Log::new();
    let etl = pipeline!(square >> next).with_state(calls.clone());
    let squares = elsewhere.worker().stages(&etl).config(WorkerConfig {
        roles: vec!["Square".into()],
        ..quick()
    });
    let squares = squares.build().unwrap().start().await.unwrap();
    let nexts = elsewhere.worker().role::<next>().config(quick());
    let nexts = nexts.build().unwrap().start().await.unwrap();

    let here = Cluster::embedded(file(&directory)).await.unwrap();
    let none_here = Log::new();
    let etl = pipeline!(square >> next).with_state(none_here.clone());
    let results = within(here.submit(&etl, 0..100).remote().into_future())
        .await
        .unwrap();
    assert_eq!(results.len(), 100);
    assert_eq!((calls.len(), none_here.len()), (100, 0));
    assert_eq!(squares.stats().finished + nexts.stats().finished, 2);
    squares.shutdown().await;
    nexts.shutdown().await;
    coordinator.shutdown().await;
}

fn quick() -> WorkerConfig {
    WorkerConfig {
        claim_poll: Duration::from_millis(20),
        pull_poll: Duration::from_millis(20),
        ..WorkerConfig::default()
    }
}

mod version_two {
    use super::*;

    #[derive(Serialize, Deserialize)]
    pub(super) struct Row {
        pub(super) number: u64,
        pub(super) comment: String,
    }

    #[stage]
    pub(super) async fn shape(number: u64) -> Row {
        let comment = String::new();
        Row { number, comment }
    }
}

#[derive(Serialize, Deserialize)]
struct Row {
    number: u64,
}

#[stage]
async fn shape(number: u64) -> Row {
    Row { number }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_of_another_version_leaves_the_items_alone_and_it_is_said() {
    let cluster = Cluster::in_memory().unwrap();
    let coordinator = cluster.coordinator().config(CoordinatorConfig {
        monitor_tick: Duration::from_millis(20),
        ..CoordinatorConfig::default()
    });
    let coordinator = coordinator.build().unwrap().start();
    let old = cluster.worker().role::<shape>().config(quick());
    let old = old.build().unwrap().start().await.unwrap();
    let etl = pipeline!(version_two::shape);
    let submission = cluster.submit(&etl, 0..10).remote();
    let results = tokio::spawn(submission.into_future());
    let starving = loop {
        match cluster.starving().await.unwrap().pop() {
            Some(starving) => break starving,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    assert_eq!(starving.role.as_str(), "Shape");
    assert_eq!(starving.offered.len(), 1);
    assert_ne!(starving.fingerprint.as_ref(), starving.offered.first());
    assert_eq!(old.stats().claimed, 0);

    let new = cluster
        .worker()
        .role::<version_two::shape>()
        .config(quick());
    let new = new.build().unwrap().start().await.unwrap();
    let results = within(results).await.unwrap().unwrap();
    assert!(results.iter().all(|result| {
        result
            .value
            .as_ref()
            .is_ok_and(|row| row.comment.is_empty())
    }));
    assert_eq!(results[3].value.as_ref().unwrap().number, 3);
    assert_eq!((old.stats().claimed, new.stats().claimed), (0, 1));
    old.shutdown().await;
    new.shutdown().await;
    coordinator.shutdown().await;
}

/// Keys that are no texts have no JSON.
type Odd = BTreeMap<(u8, u8), u8>;

#[stage]
async fn odd(number: u64) -> Odd {
    let is_odd = number % 2 == 1;
    is_odd.then_some(((1, 2), 3)).into_iter().collect()
}

#[stage]
async fn size(odd: Odd) -> usize {
    odd.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_stored_fails_for_itself_and_all_else_goes_on() {
    let cluster = Cluster::in_memory().unwrap();
    let recorder = Recorder::new();
    let view = Arc::new(std::sync::OnceLock::new());
    let seen = Arc::clone(&view);
    let submission = cluster
        .submit(&pipeline!(odd >> size), 0..4)
        .observe(recorder.clone());
    let submission = submission.on_start(move |run| drop(seen.set(run)));
    let results = submission.await.unwrap();
    assert_eq!(count(&results, Outcome::Completed), 2);
    let error = results[1].error().unwrap();
    assert_eq!((error.stage(), error.type_name()), ("Odd", "BadOutput"));
    assert!(
        error.to_string().contains("the output has no JSON"),
        "{error}"
    );
    assert_eq!(view.get().unwrap().stats().items_failed, 2);

    // Nor what goes in: `NaN` is written as nothing, and a tuple as key not at all.
    let odd: Odd = [((1, 2), 3)].into();
    let results = cluster
        .submit(&pipeline!(size), [Odd::new(), odd])
        .await
        .unwrap();
    assert_eq!(results[0].value.as_ref().ok(), Some(&0));
    let error = results[1].error().unwrap();
    assert_eq!((error.stage(), error.type_name()), ("Size", "Unstorable"));

    let results = cluster
        .submit(&pipeline!(round), [1.5, f64::NAN, 2.5])
        .await
        .unwrap();
    assert_eq!(outcome(&results[1]), Outcome::Failed);
    assert_eq!(results[1].error().unwrap().type_name(), "SchemaMismatch");
    assert_eq!(results[2].value.as_ref().ok(), Some(&3));
}

#[stage]
async fn round(number: f64) -> i64 {
    number.round() as i64
}

#[stage]
async fn echo(text: String) -> usize {
    text.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_that_is_larger_than_the_store_takes_fails_for_itself() {
    let store = SqliteStore::in_memory(SqliteOptions::default().max_payload(1000));
    let cluster = Cluster::of(Arc::new(store.unwrap()), Arc::new(InProcessBus::new()));
    let items = [10, 5000, 20].map(|size| "x".repeat(size));
    let results = cluster.submit(&pipeline!(echo), items).await.unwrap();
    assert_eq!(results[0].value.as_ref().ok(), Some(&10));
    assert_eq!(results[2].value.as_ref().ok(), Some(&20));
    let error = results[1].error().unwrap();
    assert!(error.to_string().contains("5002"), "{error}");

    // Nor does what a stage gives.
    let results = cluster
        .submit(&pipeline!(spell), [10, 5000, 20])
        .await
        .unwrap();
    assert_eq!(count(&results, Outcome::Completed), 2);
    let error = results[1].error().unwrap();
    assert!(error.to_string().contains("has 5002 bytes"), "{error}");
    assert_eq!(error.stage(), "Spell");
}

#[stage]
async fn spell(size: usize) -> String {
    "x".repeat(size)
}

#[stage]
async fn visit(depth: u32, cx: &TaskContext) -> Result<u32, FeedError> {
    cx.feed_at::<visit>([depth + 1]).await?;
    Ok(depth)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_is_told_that_it_cannot_feed_the_run() {
    let cluster = Cluster::in_memory().unwrap();
    let results = cluster.submit(&pipeline!(visit), [0]).await.unwrap();
    let error = results[0].error().unwrap().to_string();
    assert!(error.contains("come from artifacts alone"), "{error}");
}

fn none_at_all() -> usize {
    0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_items_give_no_results_and_bad_pipelines_are_refused() {
    let cluster = Cluster::in_memory().unwrap();
    let none: [u64; 0] = [];
    assert!(
        cluster
            .submit(&pipeline!(next), none)
            .await
            .unwrap()
            .is_empty()
    );
    let error = cluster
        .submit(&pipeline!(next.workers(none_at_all())), [1])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("workers"), "{error}");
    let error = cluster
        .submit(&pipeline!(next.named("next page")), [1])
        .await
        .unwrap_err();
    assert!(matches!(error, SubmitError::Graph(_)), "{error}");
    assert!(cluster.runs(RunFilter::default()).await.unwrap().len() == 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "the source is broken")]
async fn a_panic_of_the_iterator_is_one_of_who_submits() {
    let cluster = Cluster::in_memory().unwrap();
    let items = (0..10_u64).inspect(|number| assert!(*number < 5, "the source is broken"));
    drop(cluster.submit(&pipeline!(next), items).await);
}

#[stage]
async fn log(number: u64, seen: State<Log<u64>>) -> u64 {
    seen.push(number);
    number
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn items_come_to_a_stage_in_the_order_in_which_they_were_fed() {
    let cluster = Cluster::in_memory().unwrap();
    let seen = Log::new();
    let etl = pipeline!(log).with_state(seen.clone());
    let results = cluster.submit(&etl, 0..1000).await.unwrap();
    assert_eq!(results.len(), 1000);
    assert_eq!(seen.entries(), (0..1000).collect::<Vec<_>>());
}
