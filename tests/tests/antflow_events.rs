//! What the documents say of an item's status: which events there are, in which order, and what a callback may do.

use std::time::SystemTime;

use antflow::event::{Callbacks, Status, StatusEvent, TaskEvent};
use antflow::{Item, pipeline, stage};
use antflow_tests::{Boom, Log, panic_quietly, record, values, within};

#[stage(name = "Stage1")]
async fn fetch(item: u64) -> u64 {
    item + 1
}

#[stage(name = "Stage2", workers = 2)]
async fn process(item: u64) -> u64 {
    item * 2
}

#[stage(retry = "per_task", attempts = 3, wait = "0s")]
async fn not_three(item: u64) -> Result<u64, Boom> {
    if item == 3 { Err(Boom(3)) } else { Ok(item) }
}

#[tokio::test(start_paused = true)]
async fn every_item_is_completed_once() {
    let (results, recorder) = record(&pipeline!(fetch), 0..10).await;
    assert_eq!(values(results).len(), 10);
    assert_eq!(recorder.count(Status::Completed), 10);
}

#[tokio::test(start_paused = true)]
async fn an_item_is_queued_in_progress_and_completed() {
    let (_, recorder) = record(&pipeline!(fetch), [5]).await;
    assert_eq!(
        recorder.status_lines(0),
        [
            "Stage1 queued",
            "Stage1 in_progress Stage1-W0",
            "Stage1 completed Stage1-W0"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn both_of_two_stages_complete_an_item() {
    let (_, recorder) = record(&pipeline!(fetch >> process), 0..5).await;
    for stage in ["Stage1", "Stage2"] {
        let completed = recorder.statuses_of(Status::Completed).into_iter();
        let here = completed.filter(|event| &*event.stage == stage);
        assert_eq!(here.count(), 5, "{stage}");
    }
    let second = &recorder.status_lines(0)[3..];
    assert_eq!(second[0], "Stage2 queued");
    assert_eq!(second.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_fails_does_so_once_with_its_error() {
    let (_, recorder) = record(&pipeline!(not_three), 1..5).await;
    let [failed] = &recorder.statuses_of(Status::Failed)[..] else {
        panic!("{:?}", recorder.events());
    };
    assert_eq!(failed.sequence_id, 2);
    let error = failed.error.as_ref().unwrap();
    assert_eq!(error.downcast_ref(), Some(&Boom(3)));
    assert_eq!(error.attempts(), 3);
    assert_eq!(recorder.count(Status::Completed), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_time_of_an_item_does_not_run_backwards() {
    let before = SystemTime::now();
    let etl = pipeline!(fetch.workers(4) >> process.workers(4));
    let (results, recorder) = record(&etl, 0..100).await;
    for item in 0..results.len() as u64 {
        let mut last = before;
        for event in recorder.statuses() {
            if event.sequence_id == item {
                assert!(event.timestamp >= last, "{event:?}");
                last = event.timestamp;
            }
        }
        assert!(last <= SystemTime::now());
    }
}

#[tokio::test(start_paused = true)]
async fn events_carry_the_ids_that_items_are_fed_with() {
    let items = ["batch_0001", "batch_0002"].map(|id| Item::new(1).id(id));
    let (_, recorder) = record(&pipeline!(fetch), items).await;
    let queued = recorder.statuses_of(Status::Queued).into_iter();
    let ids = queued.map(|event| event.item_id.to_string());
    assert_eq!(ids.collect::<Vec<_>>(), ["batch_0001", "batch_0002"]);
}

#[tokio::test(start_paused = true)]
async fn plain_and_async_callbacks_hear_of_a_failure_and_its_error() {
    let (plain, later) = (Log::new(), Log::new());
    let (plainly, asynchronously) = (plain.clone(), later.clone());
    let said = |event: &StatusEvent| match &event.error {
        Some(error) => format!("{} failed: {error}", event.item_id),
        None => format!("{} @ {}", event.status, event.stage),
    };
    let etl = pipeline!(not_three.attempts(1))
        .observe(
            Callbacks::new().on_status_change(move |event: StatusEvent| {
                plainly.push(said(&event));
            }),
        )
        .observe(
            Callbacks::new().on_status_change(move |event: StatusEvent| {
                let asynchronously = asynchronously.clone();
                async move {
                    tokio::task::yield_now().await;
                    asynchronously.push(said(&event));
                }
            }),
        );
    within(etl.run([3])).await.unwrap();
    let expected = [
        "queued @ NotThree",
        "in_progress @ NotThree",
        "0 failed: stage `NotThree`, task `not_three`: boom 3",
    ];
    assert_eq!(plain.entries(), expected);
    assert_eq!(later.entries(), expected);
}

#[tokio::test(start_paused = true)]
async fn callbacks_that_panic_do_not_abort_the_pipeline() {
    let callbacks = Callbacks::new()
        .on_status_change(|_: StatusEvent| panic_quietly("status"))
        .on_task_event(async |_: TaskEvent| panic_quietly("task"));
    let etl = pipeline!(fetch >> process).observe(callbacks.clone());
    assert_eq!(values(within(etl.run(0..5)).await.unwrap()).len(), 5);
    assert_eq!(callbacks.panics(), 5 * 2 * (3 + 2));
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_that_nobody_observes_gives_the_same_results() {
    let silent = within(pipeline!(fetch >> process).run(0..5)).await;
    let (observed, _) = record(&pipeline!(fetch >> process), 0..5).await;
    assert_eq!(values(silent.unwrap()), values(observed));
}
