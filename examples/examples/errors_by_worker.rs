//! Is it always the same worker that fails?

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;

use antflow::event::{Status, StatusEvent};
use antflow::{BoxError, StatusTracker, TaskContext, pipeline, stage};

#[derive(Debug, thiserror::Error)]
#[error("connection {0} is broken")]
struct Broken(usize);

/// Every worker has a connection of its own, and the second connection is no good.
#[stage(workers = 3)]
async fn query(id: u32, cx: &TaskContext) -> Result<u32, Broken> {
    tokio::time::sleep(Duration::from_millis(5)).await;
    match cx.worker().index() {
        1 => Err(Broken(1)),
        _ => Ok(id * 100),
    }
}

// One thread, so that the workers take turns and the output is always the same.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let (sender, failed) = mpsc::channel();
    let tracker = StatusTracker::new().on_status_change(move |event: StatusEvent| {
        match event.status {
            // It may return an error, which is counted.
            Status::Failed => sender.send((event.worker_id(), event.error)),
            _ => Ok(()),
        }
    });
    let results = pipeline!(query).observe(tracker).run(0..12).await?;

    let mut errors = BTreeMap::<_, Vec<_>>::new();
    for (worker, error) in failed.try_iter() {
        errors.entry(worker).or_default().extend(error);
    }
    for (worker, errors) in errors {
        let worker = worker.ok_or("a failed item had a worker")?;
        println!("worker {worker} had {} errors: {}", errors.len(), errors[0]);
    }

    // The results say it, too.
    let failed = results.iter().filter_map(|result| result.error());
    for worker in failed.filter_map(|error| error.worker()) {
        println!("one of {worker}");
    }
    Ok(())
}
