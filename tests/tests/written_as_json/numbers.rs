use antflow::{Item, StageLoad, TaskContext, pipeline, stage};
use antflow_tests::{millis, quiet, seconds};
use serde_json::{Value, json};

use crate::{at, ended};

#[tokio::test(start_paused = true)]
async fn the_numbers_of_a_run_and_its_stages() {
    let (mut snapshot, _) = ended().await;
    let stats = &mut snapshot.pipeline_stats;
    let stage = &mut stats.stage_stats[0];
    stage.average_queue_wait = millis(250);
    stage.processing_time = seconds(6);
    let capacity = stage.queue_capacity;
    assert_eq!(
        json!(stats),
        json!({
            "items_submitted": 3,
            "items_processed": 2,
            "items_failed": 1,
            "items_cancelled": 0,
            "items_in_flight": 0,
            "duplicate_ids": 0,
            "observer_panics": 0,
            "stage_stats": [{
                "stage_name": "Dial",
                "workers": 1,
                "queue_capacity": capacity,
                "is_paused": false,
                "pending_items": 0,
                "in_progress_items": 0,
                "retrying_items": 0,
                "completed_items": 2,
                "failed_items": 1,
                "skipped_items": 0,
                "cancelled_items": 0,
                "retries": 2,
                "average_queue_wait": 0.25,
                "processing_time": 6.0,
                "average_processing_time": 2.0,
            }],
        })
    );
}

#[tokio::test(start_paused = true)]
async fn what_workers_have_done() {
    let (snapshot, _) = ended().await;
    let mut metrics = snapshot.worker_metrics;
    let worker = &mut metrics[0];
    worker.processing_time = seconds(3);
    worker.waiting_time = seconds(2);
    worker.observed = seconds(6);
    worker.last_active = Some(at(1000.5));
    worker.items_processed = 3;
    let written = json!({
        "stage": "Dial",
        "worker": "Dial-W0",
        "worker_id": 0,
        "items_processed": 3,
        "items_failed": 1,
        "retries": 2,
        "processing_time": 3.0,
        "waiting_time": 2.0,
        "last_active": 1000.5,
        "observed": 6.0,
        "average_processing_time": 0.75,
        "utilization": 0.5,
        "failure_rate": 0.25,
    });
    assert_eq!(json!(worker), written);
    let mut idle = worker.clone();
    idle.items_processed = 0;
    idle.items_failed = 0;
    idle.last_active = None;
    assert_eq!(json!(idle)["last_active"], Value::Null);
    metrics.push(idle);
    assert_eq!(
        json!(StageLoad::of(&metrics)),
        json!([{
            "stage_name": "Dial",
            "workers": 2,
            "least_items": 0,
            "most_items": 4,
            "average_items": 2.0,
            "utilization": 0.5,
            "imbalance": 2.0,
        }])
    );
}

#[stage(workers = 2)]
async fn talk(item: u64, cx: &TaskContext) -> u64 {
    cx.set_status("talking");
    tokio::time::sleep(seconds(1)).await;
    item
}

#[tokio::test(start_paused = true)]
async fn what_workers_are_at() {
    let run = pipeline!(talk).start().unwrap();
    run.feed([Item::new(1).id("Anna")]).await.unwrap();
    quiet().await;
    let mut states = run.worker_states();
    states.sort_by_key(|state| !state.is_busy());
    for state in &mut states {
        state.since = at(1000.5);
    }
    let [busy, idle] = states.try_into().unwrap();
    assert_eq!(
        json!(busy),
        json!({
            "stage": "Talk",
            "worker": busy.worker.to_string(),
            "worker_id": busy.worker.index(),
            "status": "busy",
            "current_item": "Anna",
            "sequence_id": 0,
            "current_task": "talk",
            "status_text": "talking",
            "since": 1000.5,
        })
    );
    assert_eq!(
        json!(idle),
        json!({
            "stage": "Talk",
            "worker": idle.worker.to_string(),
            "worker_id": idle.worker.index(),
            "status": "idle",
            "current_item": null,
            "sequence_id": null,
            "current_task": null,
            "status_text": null,
            "since": 1000.5,
        })
    );
}
