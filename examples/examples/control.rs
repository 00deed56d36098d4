//! A run that is fed while it goes on: priorities, a look at the numbers, and an end before everything is done.

use std::time::Duration;

use antflow::{BoxError, Item, TaskContext, pipeline, stage};

/// One worker, so that the order shows. A queue that has room for all.
#[stage(queue = 100)]
async fn print(job: &'static str, cx: &TaskContext) -> String {
    if job == "a book" {
        cx.set_status("waiting for paper");
        // Somewhere else, this would be work: it is dropped here when the run is shut down.
        std::future::pending::<()>().await;
    }
    format!("{job} is printed")
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let run = pipeline!(print).start()?;

    // Lower goes first. Nothing is printed yet: the worker gets its turn when we wait for something.
    run.feed(["a letter", "a book", "a poster"].map(|job| Item::new(job).id(job)))
        .await?;
    run.feed([Item::new("a ticket").id("a ticket").priority(1)])
        .await?;

    while run.stats().items_processed < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for worker in run.worker_states() {
        println!(
            "{} is {}",
            worker.worker,
            worker.status_text.as_deref().unwrap_or("idle")
        );
    }

    // Another part of the program may feed the run, too.
    let feeder = run.feeder();
    let feeding = tokio::spawn(async move { feeder.feed(["a card"]).await });
    println!("fed: {}", feeding.await??);

    // `join` would wait for the book, and `drain` would wait for so long. Every item comes back, in the order of feeding.
    for result in run.drain(Duration::from_millis(20)).await {
        match result.value {
            Ok(done) => println!("{}: {done}", result.sequence_id),
            Err(error) => println!("{}: {error}", result.sequence_id),
        }
    }
    Ok(())
}
