use antflow::{Cancelled, PipelineResult, pipeline, stage};
use antflow_tests::{panic_quietly, quiet, seconds, within};
use serde_json::{Value, json};

use crate::{boom, calls, dial};

#[tokio::test(start_paused = true)]
async fn results_are_values_or_errors() {
    let results = within(pipeline!(dial).run(calls())).await.unwrap();
    assert_eq!(
        json!(results),
        json!([
            {
                "id": "bad",
                "sequence_id": 0,
                "value": null,
                "error": boom(2),
                "metadata": { "line": 7 },
            },
            { "id": "again", "sequence_id": 1, "value": 2, "error": null, "metadata": {} },
            { "id": 2, "sequence_id": 2, "value": 1, "error": null, "metadata": {} },
        ])
    );
}

#[stage(timeout = "10ms")]
async fn misfortune(item: u64) -> Result<u64, Cancelled> {
    match item {
        0 => panic_quietly("no luck"),
        1 => tokio::time::sleep(seconds(1)).await,
        _ => return Err(Cancelled),
    }
    Ok(item)
}

#[tokio::test(start_paused = true)]
async fn errors_say_what_happened() {
    let results = within(pipeline!(misfortune).run(0..3)).await.unwrap();
    let error = |result: &PipelineResult<u64>| {
        let error = json!(result.error());
        json!([error["kind"], error["type_name"], error["message"]])
    };
    assert_eq!(
        results.iter().map(error).collect::<Vec<_>>(),
        [
            json!(["panicked", "Panic", "panicked: no luck"]),
            json!(["timed_out", "TimedOut", "timed out after 10ms"]),
            json!(["cancelled", "Cancelled", "cancelled"]),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_item_that_no_worker_had_has_no_task_and_no_worker() {
    let run = pipeline!(dial).start().unwrap();
    run.feed([3, 1]).await.unwrap();
    quiet().await;
    let results = within(run.shutdown()).await;
    let error = json!(results[1].error());
    assert_eq!(error["kind"], "cancelled");
    assert_eq!(error["task"], Value::Null);
    assert_eq!(error["worker"], Value::Null);
    assert_eq!(error["attempts"], 0);
}
