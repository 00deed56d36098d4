//! What the documents say of workers: their names, who has which item, and what they say of it.

use std::collections::{BTreeMap, BTreeSet};

use antflow::event::{Status, StatusEvent};
use antflow::{Item, ItemId, StatusTracker, TaskContext, WorkerState, pipeline, stage};
use antflow_tests::{Boom, Log, Outcome, count, millis, quiet, record, seconds, within};

#[stage(workers = 3)]
async fn fetch(item: u64) -> Result<u64, Boom> {
    tokio::time::sleep(seconds(1)).await;
    if item % 10 == 9 {
        Err(Boom(item))
    } else {
        Ok(item)
    }
}

#[stage(workers = 2)]
async fn process(item: u64, cx: &TaskContext) -> u64 {
    cx.set_status(format!("uploading {item}"));
    tokio::time::sleep(seconds(5)).await;
    item
}

#[test]
fn workers_have_their_names_before_a_run() {
    let names = pipeline!(fetch >> process).worker_names();
    assert_eq!(names["Fetch"], ["Fetch-W0", "Fetch-W1", "Fetch-W2"]);
    assert_eq!(names["Process"], ["Process-W0", "Process-W1"]);
}

#[tokio::test(start_paused = true)]
async fn events_name_workers_that_exist_and_all_of_them_work() {
    let (_, recorder) = record(&pipeline!(fetch >> process), 0..20).await;
    for (stage, workers) in [("Fetch", 3), ("Process", 2)] {
        let events = recorder.statuses_of(Status::InProgress).into_iter();
        let of_stage = events.filter(|event| &*event.stage == stage);
        let seen: BTreeSet<_> = of_stage.filter_map(|event| event.worker_id()).collect();
        assert_eq!(seen, (0..workers).collect(), "{stage}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_which_item_is_known_of_all_items() {
    let (results, recorder) = record(&pipeline!(process), 0..20).await;
    let mut worker_of = BTreeMap::new();
    for event in recorder.statuses_of(Status::InProgress) {
        worker_of.insert(event.item_id.clone(), event.worker_id().unwrap());
    }
    assert!(worker_of.keys().eq(results.iter().map(|result| &result.id)));
    for event in recorder.statuses_of(Status::Completed) {
        assert_eq!(worker_of[&event.item_id], event.worker_id().unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_workers_completed_and_failed_adds_up_to_all_items() {
    let (_, recorder) = record(&pipeline!(fetch), 0..30).await;
    let mut done = BTreeMap::<_, (u32, u32)>::new();
    for event in recorder.statuses() {
        let worker = done.entry(event.worker_id()).or_default();
        match event.status {
            Status::Completed => worker.0 += 1,
            Status::Failed => worker.1 += 1,
            _ => {}
        }
    }
    assert_eq!(done.remove(&None), Some((0, 0)), "done by nobody");
    assert_eq!(done.len(), 3);
    assert_eq!(
        done.values().map(|(completed, _)| completed).sum::<u32>(),
        27
    );
    assert_eq!(done.values().map(|(_, failed)| failed).sum::<u32>(), 3);
}

#[tokio::test(start_paused = true)]
async fn there_is_a_state_for_each_worker_and_all_are_idle_at_the_end() {
    let run = pipeline!(fetch >> process).start().unwrap();
    within(run.feed(0..3)).await.unwrap();
    quiet().await;
    let states = run.worker_states();
    let names: Vec<_> = states
        .iter()
        .map(|state| state.worker.to_string())
        .collect();
    assert_eq!(
        names,
        run.worker_names()
            .into_values()
            .flatten()
            .collect::<Vec<_>>()
    );
    assert_eq!(states.iter().filter(|state| state.is_busy()).count(), 3);
    within(run.join()).await;
    assert!(!run.worker_states().iter().any(WorkerState::is_busy));
    assert_eq!(run.stats().items_in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_task_says_of_its_item_is_seen_until_the_item_is_done() {
    let run = pipeline!(process.workers(1)).start().unwrap();
    within(run.feed([7])).await.unwrap();
    let said = || run.worker_states()[0].status_text.clone();
    assert_eq!(said(), None);
    quiet().await;
    assert_eq!(said().as_deref(), Some("uploading 7"));
    within(run.join()).await;
    assert_eq!(said(), None);
}

/// A tracker that keeps what its callback is told, and what it was told.
fn listening() -> (StatusTracker, Log<StatusEvent>) {
    let told = Log::new();
    let log = told.clone();
    let tracker = StatusTracker::new().on_status_change(move |event: StatusEvent| {
        let log = log.clone();
        async move {
            log.push(event);
        }
    });
    (tracker, told)
}

#[tokio::test(start_paused = true)]
async fn a_callback_sees_which_worker_has_which_batch() {
    let (tracker, told) = listening();
    let etl = pipeline!(process.workers(5)).observe(tracker);
    let names = etl.worker_names();
    let ids: Vec<_> = (0..20).map(|n| format!("batch_{n:04}")).collect();
    let items = ids.iter().zip(0..).map(|(id, n)| Item::new(n).id(&**id));
    within(etl.run(items.collect::<Vec<_>>())).await.unwrap();
    let mut activity = BTreeMap::<_, Vec<ItemId>>::new();
    for event in told.entries() {
        if event.status == Status::InProgress {
            let worker = event.worker.expect("somebody has it");
            activity
                .entry(worker.to_string())
                .or_default()
                .push(event.item_id);
        }
    }
    assert!(activity.keys().eq(&names["Process"]), "{activity:?}");
    assert!(activity.values().all(|batches| batches.len() == 4));
    let mut batches: Vec<_> = activity.into_values().flatten().collect();
    batches.sort();
    assert!(batches.iter().eq(ids.iter().map(|id| &**id)));
}

#[stage(workers = 3, retry = "per_task", attempts = 2, wait = "1s")]
async fn refuse(item: u64) -> Result<u64, Boom> {
    tokio::time::sleep(seconds(1)).await;
    Err(Boom(item))
}

#[tokio::test(start_paused = true)]
async fn events_of_failures_and_retries_name_the_worker_so_errors_can_be_counted_by_it() {
    let (tracker, told) = listening();
    let results = within(pipeline!(refuse).observe(tracker).run(0..12)).await;
    assert_eq!(count(&results.unwrap(), Outcome::Failed), 12);
    let mut errors = BTreeMap::<usize, [u32; 2]>::new();
    for event in told.entries() {
        let kind = match event.status {
            Status::Retrying => 0,
            Status::Failed => 1,
            _ => continue,
        };
        let worker = event.worker_id().expect("a failure without a worker");
        let error = event.error.expect("a failure without an error");
        assert_eq!(error.worker(), event.worker.as_ref());
        errors.entry(worker).or_default()[kind] += 1;
    }
    assert_eq!(errors, BTreeMap::from([0, 1, 2].map(|id| (id, [4, 4]))));
}

#[stage(workers = 2)]
async fn nap(pause: u64) -> u64 {
    tokio::time::sleep(millis(pause)).await;
    pause
}

#[tokio::test]
async fn the_time_of_each_item_can_be_told_from_the_events_of_its_worker() {
    let (tracker, told) = listening();
    let naps = pipeline!(nap).observe(tracker);
    within(naps.run([20; 6])).await.unwrap();
    let mut began = BTreeMap::new();
    let mut times = BTreeMap::<_, Vec<_>>::new();
    for event in told.entries() {
        if event.status == Status::InProgress {
            began.insert(event.sequence_id, event.timestamp);
        } else if event.status == Status::Completed {
            let took = event.timestamp.duration_since(began[&event.sequence_id]);
            let took = took.unwrap();
            assert!(event.duration().is_some_and(|took| took >= millis(19)));
            times.entry(event.worker_id()).or_default().push(took);
        }
    }
    assert!(times.keys().eq(&[Some(0), Some(1)]), "{times:?}");
    let all: Vec<_> = times.into_values().flatten().collect();
    assert_eq!(all.len(), 6);
    assert!(all.iter().all(|took| *took >= millis(19)), "{all:?}");
}
