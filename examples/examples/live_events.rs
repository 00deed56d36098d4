//! Every event as a line of JSON, written while the run goes on.
//!
//! Events can be written with antflow's feature `serde`.

use antflow::{BoxError, Item, StatusTracker, TaskContext, pipeline, stage};

#[derive(Debug, thiserror::Error)]
#[error("the line is busy")]
struct Busy;

#[stage(retry = "per_task", attempts = 2, wait = "1ms")]
async fn dial(number: u32, cx: &TaskContext) -> Result<u32, Busy> {
    match (number, cx.attempt()) {
        (22, 1) | (33, _) => Err(Busy),
        _ => Ok(number),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let tracker = StatusTracker::new();
    // It must be there before the run starts. Somewhere else, the lines would go into a file or a socket.
    let mut events = tracker.subscribe();
    let writer = tokio::spawn(async move {
        while let Some(event) = events.next().await {
            println!("{}", serde_json::to_string(&event)?);
        }
        serde_json::Result::Ok(events.missed())
    });

    let calls = [("Anna", 11), ("Bert", 22), ("Carl", 33)];
    let items = calls.map(|(name, number)| Item::new(number).id(name));
    pipeline!(dial).observe(tracker).run(items).await?;

    // The tracker went with the pipeline, so the events come to an end. Stdout is for the lines alone.
    eprintln!("missed: {}", writer.await??);
    Ok(())
}
