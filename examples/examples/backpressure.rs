//! What happens when items come faster than they can be worked on?

use std::sync::Arc;
use std::time::Duration;

use antflow::{BoxError, State, pipeline, stage};
use tokio::sync::Semaphore;

/// Works on nothing without a permit, and slowly with one. Three items may wait in front of it.
#[stage(queue = 3)]
async fn consume(item: u32, State(permits): State<Arc<Semaphore>>) -> Result<u32, BoxError> {
    permits.acquire().await?.forget();
    tokio::time::sleep(Duration::from_millis(1)).await;
    Ok(item)
}

// One thread, so that the numbers of a moment fit together.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let permits = Arc::new(Semaphore::new(0));
    let run = pipeline!(consume)
        .with_state(Arc::clone(&permits))
        .start()?;

    // A hundred items are there at once. What is not accepted is not taken from the iterator.
    let mut items = 0..100;
    let fed = tokio::time::timeout(Duration::from_millis(50), run.feed(&mut items)).await;
    println!("the producer waits: {}", fed.is_err());
    // One is in the hand of the worker.
    println!(
        "accepted: {}, left: {}",
        run.stats().items_submitted,
        items.len()
    );

    let view = run.view();
    let watch = tokio::spawn(async move {
        let mut most = 0;
        while !view.has_ended() {
            let stage = &view.stats().stage_stats[0];
            most = most.max(stage.pending_items);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        most
    });
    permits.add_permits(100);
    let fed = run.feed(items).await?;
    let results = run.join().await;
    println!("fed later: {fed}, results: {}", results.len());
    println!("never more than 3 in the queue: {}", watch.await? <= 3);
    Ok(())
}
