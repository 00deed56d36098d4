//! What the documents say of workers: their names, who has which item, and what they say of it.

use std::collections::{BTreeMap, BTreeSet};

use antflow::event::Status;
use antflow::{TaskContext, WorkerState, pipeline, stage};
use antflow_tests::{Boom, quiet, record, seconds, within};

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
