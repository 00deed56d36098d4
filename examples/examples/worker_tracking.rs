//! Which worker had which item, and how many did each of them have?

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use antflow::event::{Status, StatusEvent};
use antflow::{BoxError, Item, ItemId, StatusTracker, pipeline, stage};

#[derive(Default)]
struct Seen {
    worker_of: BTreeMap<ItemId, usize>,
    items_of: BTreeMap<usize, Vec<ItemId>>,
}

/// Somewhere else, this would be work.
#[stage(workers = 5)]
async fn process_batch(data: String) -> String {
    tokio::time::sleep(Duration::from_millis(20)).await;
    format!("processed_{data}")
}

// One thread, so that the workers take turns and the output is always the same.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let tracker = StatusTracker::new().on_status_change({
        let seen = Arc::clone(&seen);
        move |event: StatusEvent| {
            if event.status == Status::InProgress
                && let Some(worker) = event.worker_id()
            {
                let mut seen = seen.lock().expect("nothing panics while it is locked");
                seen.worker_of.insert(event.item_id.clone(), worker);
                seen.items_of.entry(worker).or_default().push(event.item_id);
            }
        }
    });
    let batches = pipeline!(process_batch).observe(tracker);
    for (stage, workers) in batches.worker_names() {
        println!("{stage}: {}", workers.join(", "));
    }

    let items = (0..20).map(|n| Item::new(format!("data_{n}")).id(format!("batch_{n:04}")));
    let results = batches.run(items).await?;

    let seen = seen.lock().expect("nothing panics while it is locked");
    let known = results
        .iter()
        .filter(|result| seen.worker_of.contains_key(&result.id));
    println!("{} of {} items have a worker", known.count(), results.len());
    for (worker, items) in &seen.items_of {
        println!("worker {worker}: {} items", items.len());
    }
    Ok(())
}
