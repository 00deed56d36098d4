//! What goes first, when many items wait for one worker?

use std::sync::Arc;
use std::time::Duration;

use antflow::{BoxError, DEFAULT_PRIORITY, Item, State, pipeline, stage};
use tokio::sync::Notify;

#[stage]
async fn answer(ticket: &'static str, State(gate): State<Arc<Notify>>) {
    if ticket == "blocker" {
        gate.notified().await;
    }
    println!("{ticket}");
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let gate = Arc::new(Notify::new());
    let run = pipeline!(answer).with_state(Arc::clone(&gate)).start()?;

    // The worker is busy with this one while the others come.
    run.feed(["blocker"]).await?;
    while !run.worker_states()[0].is_busy() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    // Lower goes first, and first in, first out among equals.
    let tickets = [
        ("low", 500),
        ("normal", DEFAULT_PRIORITY),
        ("another normal", DEFAULT_PRIORITY),
        ("high", 10),
        ("critical", 0),
    ];
    run.feed(tickets.map(|(ticket, priority)| Item::new(ticket).id(ticket).priority(priority)))
        .await?;
    gate.notify_one();

    // The order of the results is that of feeding all the same.
    let results = run.join().await;
    let ids: Vec<_> = results.iter().map(|result| result.id.to_string()).collect();
    println!("results: {}", ids.join(", "));
    Ok(())
}
