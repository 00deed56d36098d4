//! A dashboard of one's own, which looks at the run now and then.

use std::time::Duration;

use antflow::{BoxError, Dashboard, DashboardSnapshot, RunView, pipeline, stage};

#[stage(workers = 4)]
async fn upload(file: u32) -> Result<u32, String> {
    tokio::time::sleep(Duration::from_millis(5)).await;
    match file {
        17 => Err("the disk is full".to_owned()),
        _ => Ok(file),
    }
}

/// Prints a line for each quarter of the items.
#[derive(Default)]
struct Quarters {
    total: u64,
    printed: u64,
}

impl Dashboard for Quarters {
    fn on_start(&mut self, run: &RunView, total_items: Option<u64>) {
        self.total = total_items.unwrap_or(0);
        println!("{}: {} items", run.stage_names().join(", "), self.total);
    }

    fn on_update(&mut self, snapshot: &DashboardSnapshot) {
        let stats = &snapshot.pipeline_stats;
        let ended = stats.items_processed + stats.items_failed;
        // It may be called more often than something happens, and more may happen than it is called for.
        while (self.printed + 1) * self.total <= 4 * ended && self.printed < 4 {
            self.printed += 1;
            println!("{}%", self.printed * 25);
        }
    }

    fn on_finish(&mut self, snapshot: &DashboardSnapshot) {
        println!("{}", snapshot.error_summary);
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let uploads = pipeline!(upload);
    uploads
        .run(0..40)
        .custom_dashboard(Quarters::default())
        .update_every(Duration::from_millis(10))
        .await?;

    // A loop beside the run does it, too.
    let run = uploads.start()?;
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
