use antflow_tests::millis;
use serde_json::{Value, json};

use crate::{at, boom, ended, number, unix};

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_all_of_it() {
    let (mut snapshot, tracker) = ended().await;
    snapshot.elapsed = millis(2500);
    snapshot.timestamp = at(1000.5);
    let failed = &snapshot.error_summary.failed_items[0];
    assert_eq!(
        json!(snapshot),
        json!({
            "run": number(snapshot.run),
            "pipeline_stats": snapshot.pipeline_stats,
            "worker_states": snapshot.worker_states,
            "worker_metrics": snapshot.worker_metrics,
            "error_summary": {
                "total_failed": 1,
                "errors_by_type": { "Boom": 1 },
                "errors_by_stage": { "Dial": 1 },
                "failed_items": [{
                    "item_id": "bad",
                    "sequence_id": 0,
                    "error": boom(2),
                    "timestamp": unix(failed.timestamp),
                }],
            },
            "total_items": null,
            "has_ended": true,
            "elapsed": 2.5,
            "timestamp": 1000.5,
        })
    );
    let summary = json!(tracker.error_summary());
    assert_eq!(summary["errors_by_type"], json!({ "Boom": 1 }));
    assert_eq!(summary["failed_items"], json!(tracker.failed_items()));
}

#[tokio::test(start_paused = true)]
async fn what_a_tracker_says() {
    let (_, tracker) = ended().await;
    assert_eq!(
        json!(tracker.stats()),
        json!({
            "queued": 0,
            "in_progress": 0,
            "completed": 2,
            "retrying": 0,
            "failed": 1,
            "skipped": 0,
            "cancelled": 0,
        })
    );
    let history = json!(tracker.history("bad"));
    let history = history.as_array().unwrap();
    let statuses = history.iter().map(|event| &event["status"]);
    let expected = ["queued", "in_progress", "retrying", "in_progress", "failed"];
    assert_eq!(statuses.collect::<Vec<_>>(), expected);
    assert_eq!(history[2]["next_attempt"], 2);
    assert_eq!(history[4]["error"], boom(2));
    assert_eq!(history[4]["metadata"], json!({ "line": 7 }));
    assert_eq!(json!(tracker.status("nobody")), Value::Null);
    assert_eq!(json!(tracker.tracked_ids()), json!(["bad", "again", 2]));
}
