//! Is the work spread evenly over the workers of a stage, and how long does each of them take?

use antflow::{BoxError, StageLoad, pipeline, stage};

/// Large pictures take many steps. Between two of them, others have their turn.
#[stage(workers = 3)]
async fn resize(megapixels: u32) -> u32 {
    for _ in 0..megapixels {
        tokio::task::yield_now().await;
    }
    megapixels / 2
}

// One thread, so that the workers take turns and the output is always the same.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let run = pipeline!(resize).start()?;
    run.feed([5000, 10, 10, 10, 10, 10, 10, 10, 10]).await?;
    run.join().await;

    // The slowest first. Times differ from run to run, so they do not go to stdout.
    let mut workers = run.worker_metrics();
    workers.sort_by_key(|worker| std::cmp::Reverse(worker.average_processing_time()));
    for (place, worker) in workers.iter().enumerate() {
        println!("{}. pictures: {}", place + 1, worker.items_processed);
        let average = worker.average_processing_time();
        eprintln!("   {} took {average:?} for a picture", worker.worker);
    }

    for load in StageLoad::of(&run.worker_metrics()) {
        println!(
            "{}: {} workers, from {} to {} items, {} on average",
            load.stage_name, load.workers, load.least_items, load.most_items, load.average_items
        );
        println!("the busiest had {:.2} times its share", load.imbalance());
    }
    Ok(())
}
