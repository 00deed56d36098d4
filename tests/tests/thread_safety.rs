//! The types that people pass between tasks and threads may be passed, and all of them can be printed.

use std::convert::Infallible;
use std::fmt::Debug;

use antflow::event::{Callbacks, Overflow, Status, StatusEvent, TaskEvent, TaskEventKind};
use antflow::executor::{
    self, AsCompleted, AsCompletedTimeout, Completed, ExecutorError, Map, MapIter, Rejected,
    Retrying, Submitted, TaskError, Wait, WaitFor, WaitTimeout, Waited, as_completed, wait,
};
use antflow::{
    CancellationToken, ConfigError, Executor, FeedError, Feeder, Feeding, Handle, Item, ItemError,
    ItemErrorKind, ItemId, Metadata, MetadataValue, OnWait, Pipeline, PipelineResult,
    PipelineStats, Rate, ResultStream, Retry, RetryMode, Run, StageConfig, StageStats, StartError,
    State, TaskConfig, TaskContext, WorkerId, WorkerState, from_fn, pipeline, stage,
};
use antflow_tests::{Boom, executor, fine, within};

fn shared<T: Send + Sync + Debug>() {}
fn sent<T: Send + Debug>() {}

fn shared_value<T: Send + Sync + Debug>(value: &T) -> String {
    format!("{value:?}")
}

#[stage]
async fn double(item: u64) -> u64 {
    item * 2
}

#[test]
fn types_without_parameters_are_shared_and_printed() {
    shared::<Callbacks>();
    shared::<CancellationToken>();
    shared::<ConfigError>();
    shared::<Executor>();
    shared::<ExecutorError>();
    shared::<executor::Builder>();
    shared::<FeedError>();
    shared::<ItemError>();
    shared::<ItemErrorKind>();
    shared::<ItemId>();
    shared::<Metadata>();
    shared::<MetadataValue>();
    shared::<OnWait>();
    shared::<Overflow>();
    shared::<PipelineStats>();
    shared::<Rate>();
    shared::<Retry>();
    shared::<RetryMode>();
    shared::<Retrying>();
    shared::<StageConfig>();
    shared::<StageStats>();
    shared::<StartError>();
    shared::<Status>();
    shared::<StatusEvent>();
    shared::<TaskConfig>();
    shared::<TaskContext>();
    shared::<TaskEvent>();
    shared::<TaskEventKind>();
    shared::<WaitFor>();
    shared::<WorkerId>();
    shared::<WorkerState>();
}

#[test]
fn types_with_parameters_are_shared_if_these_are() {
    shared::<Handle<u64, String>>();
    shared::<Feeder<u64>>();
    sent::<Feeding<'_, std::ops::Range<u64>, u64>>();
    sent::<Feeding<'static, std::ops::Range<u64>, u64>>();
    shared::<Item<u64>>();
    shared::<PipelineResult<u64>>();
    shared::<State<u64>>();
    sent::<ResultStream<u64>>();
    sent::<Run<u64>>();
    // Values that are only sent: whoever holds the run may still share it.
    sent::<PipelineResult<std::cell::Cell<u64>>>();
    shared::<Handle<std::cell::Cell<u64>, std::cell::Cell<u64>>>();
}

#[test]
fn tasks_of_an_executor_are_shared_if_their_results_are() {
    type OnlySent = std::cell::Cell<u64>;
    shared::<Submitted<OnlySent, OnlySent>>();
    shared::<AsCompleted<OnlySent, OnlySent>>();
    shared::<Rejected<OnlySent>>();
    shared::<AsCompletedTimeout<u64, Boom>>();
    shared::<Completed<u64, Boom>>();
    shared::<Map<u64, Boom>>();
    shared::<TaskError<Boom>>();
    shared::<Wait<u64, Boom>>();
    shared::<WaitTimeout<u64, Boom>>();
    shared::<Waited<u64, Boom>>();
    sent::<Map<OnlySent, Boom>>();
    sent::<MapIter<OnlySent, Boom>>();
    sent::<Wait<OnlySent, Boom>>();
}

#[tokio::test(start_paused = true)]
async fn what_an_executor_gives_can_be_printed() {
    let executor = executor(2);
    let submit = || executor.submit(|| async { fine(7) }).unwrap();
    assert!(shared_value(&executor).contains("workers: 2, running: 0, queued: 0"));
    assert!(shared_value(&executor.retries(3)).contains("attempts: 4"));
    assert!(shared_value(&Executor::builder()).contains("workers: 5"));
    assert!(shared_value(&submit()).contains("sequence_id: 0, is_done: false"));
    let map = executor.map([1, 2], async |item| fine(item));
    assert!(shared_value(&map).contains("pending: 2, values: 0"));
    let map = executor.map_iter([1, 2], async |item| fine(item));
    assert!(format!("{map:?}").contains("window: 4, ahead: 0"));
    assert!(shared_value(&as_completed([submit()])).contains("pending: 1"));
    let timeout = std::time::Duration::from_secs(1);
    let bounded = as_completed([submit()]).timeout(timeout);
    assert!(shared_value(&bounded).contains("deadline: Instant"));
    assert!(shared_value(&wait([submit()], WaitFor::First)).contains("until: First"));
    let waited = within(wait([submit()], WaitFor::All)).await;
    assert!(shared_value(&waited).contains("done: [6], pending: []"));
    assert!(shared_value(&WaitTimeout(waited)).contains("WaitTimeout(Waited"));
    executor.close();
    let rejected = executor.submit(|| async { fine(7) }).unwrap_err();
    assert!(shared_value(&rejected).contains("Rejected"));
}

#[tokio::test(start_paused = true)]
async fn values_can_be_printed_and_say_what_they_are() {
    let closure = from_fn("Closure", async |item: u64| Ok::<_, Infallible>(item));
    let etl = pipeline!(double >> (closure.clone()));
    assert!(shared_value(&closure).contains("Closure"));
    assert_eq!(shared_value(&double {}), "double");
    assert!(shared_value(&etl).contains(r#"["Double", "Closure"]"#));
    shared_value(&Pipeline::builder());
    let run = etl.start().unwrap();
    assert!(shared_value(&run).contains(r#"["Double", "Closure"]"#));
    assert!(shared_value(&run.feeder()).contains("Feeder"));
    assert!(format!("{:?}", etl.run([1])).contains("Run"));
    assert!(format!("{:?}", etl.stream([1]).unwrap()).contains("ResultStream"));
    run.feed([1]).await.unwrap();
    let results = within(run.join()).await;
    assert!(shared_value(&results[0]).contains("Ok(2)"));
    assert!(shared_value(&run.stats()).contains("Double"));
    assert!(shared_value(&run.worker_states()).contains("Double-W0"));
    assert!(shared_value(&Callbacks::new()).contains("Callbacks"));
}

#[tokio::test(start_paused = true)]
async fn futures_of_a_run_may_be_spawned() {
    fn spawnable<T: Send + 'static>(value: T) -> T {
        value
    }
    let etl = pipeline!(double);
    let run = std::sync::Arc::new(etl.start().unwrap());
    let held = run.clone();
    let whole = spawnable(async move {
        held.feed([1, 2]).await.unwrap();
        held.join().await.len()
    });
    assert_eq!(within(tokio::spawn(whole)).await.unwrap(), 2);
    let whole = spawnable(etl.run(0..3).into_future());
    assert_eq!(within(tokio::spawn(whole)).await.unwrap().unwrap().len(), 3);
    let mut stream = spawnable(etl.stream(0..3).unwrap());
    let count = async move {
        let mut count = 0;
        while stream.next().await.is_some() {
            count += 1;
        }
        count
    };
    assert_eq!(within(tokio::spawn(spawnable(count))).await.unwrap(), 3);
}
