//! A loop beside a run, which looks at it now and then.

use std::time::Duration;

use antflow::{BoxError, pipeline, stage};

#[stage(workers = 4)]
async fn upload(file: u32) -> Result<u32, String> {
    tokio::time::sleep(Duration::from_millis(5)).await;
    match file {
        17 => Err("the disk is full".to_owned()),
        _ => Ok(file),
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let run = pipeline!(upload).start()?;
    let view = run.view();
    let watching = tokio::spawn(async move {
        let mut half = false;
        loop {
            // Asked first, so that the last look is one at the end.
            let (ended, snapshot) = (view.has_ended(), view.snapshot());
            if snapshot.pipeline_stats.items_processed >= 20 && !half {
                half = true;
                println!("half of it is done");
            }
            if ended {
                return snapshot;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    run.feed(0..40).await?;
    run.join().await;
    let last = watching.await?.pipeline_stats;
    println!(
        "{} are done, {} failed",
        last.items_processed, last.items_failed
    );
    Ok(())
}
