//! What happened to each item: callbacks say it at once, and a tracker can be asked at any time.

use antflow::event::{Status, TaskEvent};
use antflow::{BoxError, Item, StatusTracker, TaskContext, pipeline, stage};

#[derive(Debug, thiserror::Error)]
enum MailError {
    #[error("no such address")]
    NoAddress,
    #[error("the server is busy")]
    Busy,
}

#[stage]
async fn check(address: &'static str) -> Option<&'static str> {
    address.contains('@').then_some(address)
}

#[stage(retry = "per_task", attempts = 2, wait = "1ms", retry_if = is_temporary)]
async fn send(address: Option<&'static str>, cx: &TaskContext) -> Result<(), MailError> {
    match (address, cx.attempt()) {
        (None, _) => Err(MailError::NoAddress),
        (Some("bert@flow"), 1) | (Some("dora@flow"), _) => Err(MailError::Busy),
        _ => Ok(()),
    }
}

fn is_temporary(error: &MailError) -> bool {
    matches!(error, MailError::Busy)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // Plain closures or async ones. They are called beside the workers, with one event after the other.
    let tracker = StatusTracker::new()
        .on_task_retry(|event: TaskEvent| println!("{}: once more", event.item_id))
        .on_task_fail(async |event: TaskEvent| println!("{}: that was all", event.item_id));

    let letters = [
        ("Anna", "anna@flow"),
        ("Bert", "bert@flow"),
        ("Carl", "carl"),
        ("Dora", "dora@flow"),
    ];
    let items = letters.map(|(name, address)| Item::new(address).id(name));
    pipeline!(check >> send)
        .observe(tracker.clone())
        .run(items)
        .await?;

    let stats = tracker.stats();
    println!(
        "completed: {}, failed: {}",
        stats.completed,
        stats[Status::Failed]
    );

    let last = tracker.status("Anna").ok_or("Anna was fed")?;
    println!("Anna: {} in {}", last.status, last.stage);

    for event in tracker.history("Bert") {
        let worker = event
            .worker
            .map_or_else(|| "-".to_owned(), |worker| worker.to_string());
        println!("Bert: {:8} {:11} {worker}", event.stage, event.status);
    }

    for event in tracker.by_status(Status::Failed) {
        let error = event.error.ok_or("a failed item has an error")?;
        println!("{}: {error}", event.item_id);
    }

    println!("{}", tracker.error_summary());
    Ok(())
}
