//! An idle pipeline does not wake up: no timers that poll, however many workers there are.

use std::convert::Infallible;

use antflow::event::{Callbacks, StatusEvent};
use antflow::{OnWait, Pipeline, Rate, Retry, from_fn};
use antflow_tests::{Recorder, quiet, seconds, values, within};
use tokio::runtime::Handle;

/// How often the runtime's thread went to sleep. It does each time it has nothing to do, so this counts wake-ups.
fn parked() -> u64 {
    Handle::current().metrics().worker_park_count(0)
}

/// The wake-ups during five idle seconds of the runtime's clock.
async fn wakeups() -> u64 {
    quiet().await;
    let before = parked();
    tokio::time::sleep(seconds(5)).await;
    parked() - before
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_idle_workers_do_not_wake_up_once() {
    let stage = |name: &'static str| {
        from_fn(name, async |item: u64| Ok::<_, Infallible>(item)).workers(5000)
    };
    let etl = Pipeline::builder().stage(stage("A")).stage(stage("B"));
    let alone = wakeups().await;
    let run = etl.start().unwrap();
    let before = wakeups().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 10_000);
    assert_eq!(before, alone, "idle before the first item");
    within(run.feed(0..20_000)).await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(run.stats().items_processed, 20_000);
    assert_eq!(wakeups().await, alone, "idle after the last item");
    assert_eq!(values(within(run.join()).await).len(), 20_000);
    quiet().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn features_cost_nothing_while_they_are_not_used() {
    let alone = wakeups().await;
    let recorder = Recorder::new();
    let retry = Retry::per_stage().on_wait(OnWait::Release);
    let stage = from_fn("All", async |item: u64| Ok::<_, Infallible>(item));
    let stage = stage
        .workers(100)
        .ordered()
        .retry(retry)
        .timeout(seconds(1))
        .concurrency(3)
        .rate(Rate::new(1000, seconds(1)));
    let callbacks = Callbacks::new().on_status_change(async |_: StatusEvent| {});
    let etl = Pipeline::builder()
        .stage(stage)
        .observe(recorder.clone())
        .observe(callbacks);
    let run = etl.start().unwrap();
    within(run.feed(0..50)).await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(run.stats().items_processed, 50);
    assert_eq!(wakeups().await, alone);
    within(run.shutdown()).await;
}

#[tokio::test(start_paused = true)]
async fn waiting_for_room_or_for_a_slow_item_costs_nothing() {
    let alone = wakeups().await;
    let fast = from_fn("Fast", async |item: u64| Ok::<_, Infallible>(item));
    let stuck = from_fn("Stuck", async |item: u64| {
        std::future::pending::<()>().await;
        Ok::<_, Infallible>(item)
    });
    let etl = Pipeline::builder()
        .stage(fast.workers(20))
        .stage(stuck.queue(1));
    let run = std::sync::Arc::new(etl.start().unwrap());
    let feeding = std::sync::Arc::clone(&run);
    let feeder = tokio::spawn(async move { feeding.feed(0..).await });
    let joining = std::sync::Arc::clone(&run);
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(wakeups().await, alone);
    let join = tokio::spawn(async move { joining.join().await.len() });
    assert_eq!(wakeups().await, alone);
    assert!(!join.is_finished());
    let ended = within(run.shutdown()).await.len() + within(join).await.unwrap();
    assert_eq!(ended as u64, run.stats().items_submitted);
    assert!(within(feeder).await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_consumer_is_busy_costs_nothing() {
    let alone = wakeups().await;
    let stage = from_fn("Fast", async |item: u64| Ok::<_, Infallible>(item));
    let etl = Pipeline::builder().stage(stage.workers(20));
    let mut stream = etl.stream(0..).unwrap();
    assert!(within(stream.next()).await.is_some());
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(wakeups().await, alone);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_of_a_run_are_gone_when_it_is_over() {
    let metrics = Handle::current().metrics();
    let alone = metrics.num_alive_tasks();
    let stage = from_fn("Fast", async |item: u64| Ok::<_, Infallible>(item));
    let etl = Pipeline::builder().stage(stage.workers(1000));
    for _ in 0..3 {
        let results = within(etl.run(0..1000)).await.unwrap();
        assert_eq!(values(results).len(), 1000);
        within(async {
            while metrics.num_alive_tasks() > alone {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}
