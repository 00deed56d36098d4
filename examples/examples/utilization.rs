//! How well do the workers do: how much succeeds, how long do they work, how long do they wait?

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;

use antflow::event::{Status, StatusEvent};
use antflow::{BoxError, StatusTracker, pipeline, stage};

#[stage(workers = 2)]
async fn read(page: u32) -> Result<u32, String> {
    tokio::time::sleep(Duration::from_millis(10)).await;
    match page {
        5 => Err("the page is torn".to_owned()),
        _ => Ok(page),
    }
}

/// There is one printer for the two workers, so one of them waits.
#[stage(workers = 2, concurrency = 1)]
async fn print(page: u32) -> u32 {
    tokio::time::sleep(Duration::from_millis(20)).await;
    page
}

// One thread, so that the workers take turns and the output is always the same.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let (sender, events) = mpsc::channel();
    let tracker = StatusTracker::new()
        .on_status_change(move |event: StatusEvent| sender.send((event.worker, event.status)));
    let run = pipeline!(read >> print).observe(tracker).start()?;
    run.feed(0..8).await?;
    run.join().await;

    let mut ended = BTreeMap::<_, (u32, u32)>::new();
    for (worker, status) in events.try_iter() {
        let (completed, failed) = ended.entry(worker).or_default();
        match status {
            Status::Completed => *completed += 1,
            Status::Failed => *failed += 1,
            _ => {}
        }
    }
    for metrics in run.worker_metrics() {
        let (completed, failed) = ended[&Some(metrics.worker.clone())];
        let rate = 100 * completed / (completed + failed);
        let waited = metrics.waiting_time > Duration::ZERO;
        println!(
            "{}: {completed} done, {failed} failed ({rate}%), waited: {waited}",
            metrics.worker
        );
        // Times differ from run to run, so they do not go to stdout.
        eprintln!(
            "  worked {:?}, waited {:?}, {:.0}% of the run",
            metrics.processing_time,
            metrics.waiting_time,
            metrics.utilization() * 100.0
        );
    }
    Ok(())
}
