//! A dashboard of one's own: a line for each quarter of a run, and a bar for each stage at its end.

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

#[stage(workers = 2)]
async fn share(file: u32) -> Result<u32, String> {
    match file % 10 {
        3 => Err("nobody to share it with".to_owned()),
        _ => Ok(file),
    }
}

#[derive(Default)]
struct Chart {
    total: u64,
    quarters: u64,
}

impl Dashboard for Chart {
    fn on_start(&mut self, run: &RunView, total_items: Option<u64>) {
        self.total = total_items.unwrap_or(0);
        println!("{}: {} items", run.stage_names().join(", "), self.total);
    }

    fn on_update(&mut self, snapshot: &DashboardSnapshot) {
        let stats = &snapshot.pipeline_stats;
        let ended = stats.items_processed + stats.items_failed;
        // It may be called more often than something happens, and more may happen than it is called for.
        while (self.quarters + 1) * self.total <= 4 * ended && self.quarters < 4 {
            self.quarters += 1;
            println!("{}%", self.quarters * 25);
        }
    }

    fn on_finish(&mut self, snapshot: &DashboardSnapshot) {
        for stage in &snapshot.pipeline_stats.stage_stats {
            let (done, failed) = (stage.completed_items, stage.failed_items);
            let bar = |items: u64, cell: &str| cell.repeat(usize::try_from(items).unwrap_or(0));
            println!(
                "{:>6} {}{} {done} done, {failed} failed",
                stage.stage_name,
                bar(done, "#"),
                bar(failed, "x"),
            );
        }
        println!("{}", snapshot.error_summary);
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    pipeline!(upload >> share)
        .run(0..40)
        .custom_dashboard(Chart::default())
        .update_every(Duration::from_millis(10))
        .await?;
    Ok(())
}
