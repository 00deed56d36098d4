//! Does one bad item of a pipeline that a cluster runs end for itself, while everything else goes on?

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use antflow::cluster::bus::InProcessBus;
use antflow::cluster::store::{SqliteOptions, SqliteStore};
use antflow::cluster::{Cluster, SubmitError};
use antflow::event::{Observer, StatusEvent};
use antflow::{BoxError, Item, Pipeline, PipelineResult, StatusTracker, TaskContext};
use antflow::{RunView, pipeline, stage};
use antflow_tests::{Outcome, Recorder, count, outcome, outcomes, within};
use futures::StreamExt as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number that panics in a place of its choice.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Touchy {
    Fine,
    WhenWritten,
    WhenRead,
}

impl Serialize for Touchy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(*self != Self::WhenWritten, "it is not to be written");
        serializer.serialize_u8(*self as u8)
    }
}

impl<'de> Deserialize<'de> for Touchy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u8::deserialize(deserializer)?;
        assert!(number != Self::WhenRead as u8, "it is not to be read");
        Ok(Self::Fine)
    }
}

/// Makes a value of a number.
#[stage(workers = 2)]
async fn make(number: u8) -> Touchy {
    match number % 8 {
        1 => Touchy::WhenWritten,
        2 => Touchy::WhenRead,
        _ => Touchy::Fine,
    }
}

#[stage(workers = 2)]
async fn take(value: Touchy) -> u8 {
    value as u8
}

type View = Arc<OnceLock<RunView>>;

/// Submits a pipeline, and checks its events and numbers.
async fn submit<C, St, I>(
    cluster: &Cluster,
    etl: &Pipeline<C, St>,
    items: I,
) -> Vec<PipelineResult<C::Output>>
where
    C: antflow::cluster::staged::Durable<St>,
    St: Send + Sync + 'static,
    I: IntoIterator<Item: antflow::IntoItem<C::Input>, IntoIter: Send + 'static>,
{
    let (recorder, view) = (Recorder::new(), View::default());
    let seen = Arc::clone(&view);
    let submission = cluster
        .submit(etl, items)
        .observe(recorder.clone())
        .on_start(move |run| drop(seen.set(run)));
    let results = within(submission).await.expect("it can be submitted");
    let view = view.get().expect("it was started");
    recorder.check(&results, &view.stats());
    results
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_panics_when_it_is_written_or_read_fails_for_itself() {
    let cluster = Cluster::in_memory().unwrap();
    let results = submit(&cluster, &pipeline!(make >> take), 0..8).await;
    assert_eq!(count(&results, Outcome::Completed), 6);
    let error = results[1].error().unwrap();
    assert_eq!(error.stage(), "Make");
    assert!(error.to_string().contains("not to be written"), "{error}");
    let error = results[2].error().unwrap();
    assert_eq!(error.stage(), "Take");
    assert!(error.to_string().contains("not to be read"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_that_panics_when_it_is_read_fails_for_itself() {
    let cluster = Cluster::in_memory().unwrap();
    let results = submit(&cluster, &pipeline!(make), [0, 2, 3]).await;
    assert_eq!(count(&results, Outcome::Completed), 2);
    let error = results[1].error().unwrap();
    assert!(error.to_string().contains("not to be read"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_that_panics_when_it_is_written_fails_for_itself() {
    let cluster = Cluster::in_memory().unwrap();
    let items = [Touchy::Fine, Touchy::WhenWritten, Touchy::Fine];
    let results = submit(&cluster, &pipeline!(take), items).await;
    assert_eq!(count(&results, Outcome::Completed), 2);
    let error = results[1].error().unwrap();
    assert!(error.to_string().contains("not to be written"), "{error}");
}

/// An error that panics when it is shown.
#[derive(Debug)]
struct Unspeakable;

impl fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("it is not to be shown")
    }
}

impl std::error::Error for Unspeakable {}

/// An error that has itself as its source.
#[derive(Debug)]
struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("round and round")
    }
}

impl std::error::Error for Endless {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self)
    }
}

#[stage(workers = 2, retry = "per_task", attempts = 2, wait = "1ms")]
async fn complain(number: u8) -> Result<u8, BoxError> {
    match number {
        1 => Err(Unspeakable.into()),
        2 => Err(Endless.into()),
        3 => Err("x".repeat(100_000).into()),
        4 => panic!("{}", "y".repeat(100_000)),
        _ => Ok(number),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_that_panics_when_it_is_shown_or_has_no_end_is_one_of_its_item() {
    let cluster = Cluster::in_memory().unwrap();
    let results = submit(&cluster, &pipeline!(complain >> pass), [0, 1, 2, 5]).await;
    assert_eq!(count(&results, Outcome::Completed), 2);
    assert_eq!(results[1].error().unwrap().stage(), "Complain");
    let error = results[2].error().unwrap().to_string();
    assert!(error.contains("round and round"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_that_is_longer_than_the_store_takes_is_one_of_its_item() {
    let store = SqliteStore::in_memory(SqliteOptions::default().max_payload(20_000));
    let cluster = Cluster::of(Arc::new(store.unwrap()), Arc::new(InProcessBus::new()));
    let results = submit(&cluster, &pipeline!(complain >> pass), [0, 3, 4, 5]).await;
    assert_eq!(count(&results, Outcome::Completed), 2);
    let error = results[1].error().unwrap().to_string();
    assert!(error.contains("xxxxxxxx"), "{error}");
    assert_eq!(outcome(&results[2]), Outcome::Panicked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_that_is_longer_than_the_store_takes_fails_its_item() {
    let store = SqliteStore::in_memory(SqliteOptions::default().max_payload(20_000));
    let cluster = Cluster::of(Arc::new(store.unwrap()), Arc::new(InProcessBus::new()));
    let items = [10, 100_000, 10].map(|size| Item::new(7).metadata("text", "z".repeat(size)));
    let results = submit(&cluster, &pipeline!(pass), items).await;
    assert_eq!(count(&results, Outcome::Completed), 2);
    assert_eq!(outcome(&results[1]), Outcome::Failed);
}

#[stage(workers = 2)]
async fn pass(number: u8) -> u8 {
    number
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_comes_back_as_it_was_given() {
    let cluster = Cluster::in_memory().unwrap();
    let items = [0.5, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -0.0].map(|ratio| {
        Item::new(7)
            .id("same")
            .metadata("z", "first")
            .metadata("ratio", ratio)
            .metadata("", true)
            .metadata("a", 1)
            .metadata("large", i64::MIN)
            .metadata("inf", "inf")
    });
    let etl = pipeline!(pass >> again);
    let here = etl.run(items.clone()).await.unwrap();
    let results = submit(&cluster, &etl, items).await;
    assert_eq!(count(&results, Outcome::Completed), 5);
    for (result, here) in results.iter().zip(&here) {
        // As text, because one is no number.
        let [there, here] = [result, here].map(|result| format!("{:?}", result.metadata));
        assert_eq!(there, here);
        assert_eq!(result.id, "same");
    }
}

#[stage]
async fn again(number: u8) -> u8 {
    number
}

#[stage]
async fn halve(number: u8) -> f64 {
    if number == 1 {
        f64::NAN
    } else {
        f64::from(number) / 2.0
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_that_cannot_be_read_has_the_events_of_one_that_failed() {
    let cluster = Cluster::in_memory().unwrap();
    let results = submit(&cluster, &pipeline!(halve), [0, 1, 2]).await;
    assert_eq!(
        outcomes(&results),
        [Outcome::Completed, Outcome::Failed, Outcome::Completed]
    );
}

#[stage]
async fn nothing(_: u8) {}

#[stage]
async fn perhaps((): ()) -> Option<()> {
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_a_value_from_stage_to_stage() {
    let cluster = Cluster::in_memory().unwrap();
    let results = submit(
        &cluster,
        &pipeline!(nothing >> perhaps),
        [Item::new(1).metadata("a", 1)],
    )
    .await;
    assert_eq!(results[0].value.as_ref().ok(), Some(&None));
}

struct Panics;

impl Observer for Panics {
    fn on_status(&self, _: &StatusEvent) {
        panic!("an observer that breaks");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn observers_that_panic_or_are_slow_harm_nothing() {
    let cluster = Cluster::in_memory().unwrap();
    let tracker = StatusTracker::new();
    let tracker =
        tracker.on_status_change(async |_| tokio::time::sleep(Duration::from_millis(1)).await);
    let submission = cluster
        .submit(
            &pipeline!(pass >> again),
            (0..600).map(|number| (number % 200) as u8),
        )
        .observe(Panics)
        .observe(tracker.clone());
    let results = within(submission).await.unwrap();
    assert_eq!(count(&results, Outcome::Completed), 600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_of_runs_are_any_text_or_are_refused() {
    let cluster = Cluster::in_memory().unwrap();
    for id in [
        "my run",
        "ü/../x",
        "",
        "a\0b",
        "line\nbreak",
        &"long".repeat(200),
    ] {
        match within(cluster.submit(&pipeline!(pass), [1]).id(id)).await {
            Ok(results) => assert_eq!(results.len(), 1),
            Err(error) => panic!("{id:?}: {error}"),
        }
    }
    let error = within(cluster.submit(&pipeline!(pass.named(":items")), [1])).await;
    assert!(matches!(error, Err(SubmitError::Graph(_))), "{error:?}");
}

#[stage(
    workers = 3,
    retry = "per_stage",
    attempts = 3,
    wait = "20ms",
    on_wait = "release"
)]
async fn shaky(number: u64, cx: &TaskContext) -> Result<u64, BoxError> {
    if number.is_multiple_of(3) && cx.attempt() < 3 {
        return Err("not yet".into());
    }
    Ok(number)
}

#[stage(
    workers = 3,
    ordered,
    timeout = "50ms",
    retry = "per_task",
    attempts = 2,
    wait = "1ms"
)]
async fn late(number: u64) -> u64 {
    if number == 7 {
        std::future::pending::<()>().await;
    }
    number
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stages_that_release_order_and_time_out_do_as_on_one_machine() {
    let cluster = Cluster::in_memory().unwrap();
    let etl = pipeline!(shaky >> late);
    let expected = etl.run(0..30).await.unwrap();
    let results = submit(&cluster, &etl, 0..30).await;
    assert_eq!(outcomes(&results), outcomes(&expected));
}

#[stage(
    workers = 2,
    retry = "per_task",
    attempts = 2,
    wait = "1h",
    on_wait = "release"
)]
async fn rarely(number: u64, cx: &TaskContext) -> Result<u64, BoxError> {
    if number < 10 && cx.attempt() == 1 {
        return Err("in an hour".into());
    }
    Ok(number)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn items_that_wait_to_be_retried_hold_up_no_others() {
    let cluster = Cluster::in_memory().unwrap();
    let mut results = pin!(cluster.submit(&pipeline!(rarely), 0..12).stream());
    for _ in 0..2 {
        let result = within(results.next()).await.unwrap().unwrap();
        assert!(result.value.unwrap() >= 10);
    }
}
